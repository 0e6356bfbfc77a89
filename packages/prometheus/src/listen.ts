import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/**
 * Listens to a diagnostics channel. What `listener` throws would end the process, for Node makes it an uncaught exception: it is told once, as a
 * process warning, by its class.
 *
 * @returns stops it
 */
export function listen(channel: string, listener: (message: unknown) => void): () => void {
  let isTold = false
  const guarded = (message: unknown): void => {
    try {
      listener(message)
    } catch (error) {
      if (isTold) return
      isTold = true
      warn(`a message of ${channel} could not be counted`, error)
    }
  }
  subscribe(channel, guarded)
  return () => {
    unsubscribe(channel, guarded)
  }
}

/** By the class of the error only: its text may hold anything. */
export function warn(what: string, error: unknown): void {
  const name = error instanceof Error ? error.constructor.name : typeof error
  process.emitWarning(`${what}: ${name}`, { type: 'CountersignWarning' })
}
