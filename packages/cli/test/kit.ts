import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KeyFile, parseKeyFile } from '@countersign/core/key-file'
import { afterAll, vi } from 'vitest'
import { type ExitCode, run } from '../src/index.js'

/** A moment: 2026-11-22T12:00:00Z. */
export const NOW = 1_795_348_800

export interface Ran {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

/** What a command gets beside its arguments. */
export interface Around {
  readonly stdin?: string | Uint8Array
  readonly isTty?: boolean
}

/** A folder, an environment and a clock that stands: the world of commands under test. */
export class Desk {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'countersign-cli-'))
  readonly env: Record<string, string> = {}
  now: number = NOW
  /** All that was ever printed. */
  readonly printed: Ran[] = []

  async run(args: readonly string[], { stdin, isTty = false }: Around = {}): Promise<Ran> {
    let out = ''
    let err = ''
    const code = await run(args, {
      stdin: { isTty: stdin === undefined, read: async () => Buffer.from(stdin ?? '') },
      stdout: {
        isTty,
        write: (text) => {
          out += text
        },
      },
      stderr: {
        isTty,
        write: (text) => {
          err += text
        },
      },
      env: this.env,
      clock: () => this.now,
      cwd: this.folder,
    })
    const ran = { code, out, err }
    this.printed.push(ran)
    return ran
  }

  /** Runs what has to succeed. */
  async ok(args: readonly string[], around: Around = {}): Promise<string> {
    const { code, out, err } = await this.run(args, around)
    if (code !== 0) throw new Error(`exit code ${code}: ${err}${out}`)
    return out
  }

  async json(args: readonly string[], around: Around = {}): Promise<unknown> {
    const { out } = await this.run([...args, '--json'], around)
    return JSON.parse(out)
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content)
    return name
  }

  keyFile(name = 'keys.json'): KeyFile {
    return parseKeyFile(this.read(name))
  }
}

/** What core warns of, kept out of the output: weak secrets, the profile body-timestamp. */
vi.spyOn(process, 'emitWarning').mockImplementation(() => {})

/** A desk that is cleared away after the file's tests. */
export function desk(): Desk {
  const made = new Desk()
  afterAll(() => rmSync(made.folder, { recursive: true, force: true }))
  return made
}

/** The message of a request, as it travels. */
export function message(requestLine: string, headers: Readonly<Record<string, string>>, body = ''): Buffer {
  const lines = [requestLine, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  const length = body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`]
  return Buffer.from([...lines, ...length, '', body].join('\r\n'))
}

/** Headers printed as text, as an object. */
export function headersIn(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
}
