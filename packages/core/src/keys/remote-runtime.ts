import { RemoteKeysError } from './remote-error.js'

/** Time and chance, as a remote key set uses them. */
export interface RemoteRuntime {
  /** Seconds that only ever grow: ages and waits must not follow a clock that is set. */
  readonly monotonic: () => number
  /** From 0, included, to 1, excluded. */
  readonly random: () => number
  /** Calls `act` once, some seconds from now. Returns what calls it off. */
  readonly after: (seconds: number, act: () => void, holding: 'holds the process' | 'lets it end') => () => void
}

export const SYSTEM_RUNTIME: RemoteRuntime = {
  monotonic: () => performance.now() / 1000,
  random: Math.random,
  after(seconds, act, holding) {
    const timer = setTimeout(act, seconds * 1000)
    if (holding === 'lets it end') timer.unref()
    return () => clearTimeout(timer)
  },
}

/**
 * Gives something that can be aborted a number of seconds, over all that it does. Rejects then even where it goes on regardless; what
 * it does later is ignored. Aborts also what is left of it when it has settled: a body that nobody reads any more.
 *
 * @throws {RemoteKeysError} `timeout`
 */
export function within<T>(
  runtime: RemoteRuntime,
  seconds: number,
  source: URL,
  controller: AbortController,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(new RemoteKeysError('timeout', source, `no whole answer within ${seconds} s`))
    controller.signal.addEventListener('abort', abort, { once: true })
    const callOff = runtime.after(seconds, () => controller.abort(), 'holds the process')
    act(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        callOff()
        controller.signal.removeEventListener('abort', abort)
        controller.abort()
      })
  })
}
