import sonicBoom from 'sonic-boom'
import { onceAMinute } from './once-a-minute.js'

// CommonJS, and Node finds no name in it.
const { SonicBoom } = sonicBoom

const MOST_BYTES = 8 * 1024 * 1024
const RETRY_MILLISECONDS = 1000

/**
 * A pino destination that costs a service neither its event loop nor its life, whatever becomes of the file or pipe behind it: it writes
 * asynchronously, keeps at most so many bytes, drops and counts what comes beyond, tries again after each failure, and tells of it on stderr
 * once a minute.
 *
 * By default pino writes synchronously: where the pipe is full it sleeps 100 ms in the event loop, again and again, and a full
 * disk is an 'error' event that ends the process.
 */
export class LogDestination {
  // Its types do not tell of `destroyed`.
  readonly #stream: InstanceType<typeof SonicBoom> & { readonly destroyed?: boolean }
  /** Whole lines that were dropped. */
  dropped = 0

  /** @param fd - standard output, or an open file, which `close` closes */
  constructor(fd = 1, mostBytes: number = MOST_BYTES) {
    // Makes a pipe non-blocking, which it is not by itself: a write would occupy a thread, and a process does not end before its threads.
    if (fd === 1) void process.stdout
    process.stderr.on('error', () => {})
    // flush(), which tries again what failed, does nothing where minLength is 0.
    this.#stream = new SonicBoom({
      fd,
      sync: false,
      minLength: 1,
      maxLength: mostBytes,
      periodicFlush: RETRY_MILLISECONDS,
    })
    const tellOfFailure = onceAMinute((count, code) => tell(`cannot be written: ${code}, ${count} times`))
    const tellOfDrop = onceAMinute((count) => tell(`${count} lines dropped`))
    this.#stream.on('error', (error: NodeJS.ErrnoException) => tellOfFailure(error.code ?? error.name))
    this.#stream.on('drop', () => {
      this.dropped++
      tellOfDrop('')
    })
  }

  write(line: string): void {
    if (!this.#isDestroyed()) this.#stream.write(line)
  }

  /** Resolves when everything is written, or `seconds` later; what comes after is dropped. */
  async close(seconds: number): Promise<void> {
    if (this.#isDestroyed()) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000)
      this.#stream.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      this.#stream.end()
    })
    if (this.#isDestroyed()) return
    tell('lines lost at the end: they could not be written in time')
    this.#stream.destroy()
  }

  #isDestroyed(): boolean {
    return this.#stream.destroyed === true
  }
}

function tell(what: string): void {
  process.stderr.write(`log: ${what}\n`)
}
