import type { AuditLogger, StoreStateEvent } from '@countersign/core'
import { hasStoreListeners, isThenable, publishStoreEvent } from '@countersign/core/stores'
import type { RedisFailure } from './failure.js'

/** Says how a store is: a line for each change to the operator, and every operation on the channel where somebody listens. */
export class Reporter {
  readonly #log: AuditLogger | null | undefined

  /** @param log - absent: process warnings; `null`: nobody */
  constructor(log: AuditLogger | null | undefined) {
    this.#log = log
  }

  /** A time to measure from; 0 where nobody asks. */
  start(): number {
    return hasStoreListeners() ? performance.now() : 0
  }

  operation(store: string, outcome: 'ok' | 'failed' | 'refused', start: number, failure?: RedisFailure): void {
    if (!hasStoreListeners()) return
    const durationSeconds = start === 0 ? 0 : (performance.now() - start) / 1000
    const event = { event: 'store.operation', v: 1, store, outcome, durationSeconds } as const
    publishStoreEvent(failure === undefined ? event : { ...event, failure })
  }

  unavailable(store: string, failure: RedisFailure): void {
    const event: StoreStateEvent = { event: 'store.unavailable', v: 1, store, failure }
    if (hasStoreListeners()) publishStoreEvent(event)
    this.say('error', event, `the ${store} store is not available: ${failure}`)
  }

  recovered(store: string): void {
    const event: StoreStateEvent = { event: 'store.recovered', v: 1, store }
    if (hasStoreListeners()) publishStoreEvent(event)
    this.say('warn', event, `the ${store} store is available again`)
  }

  /** What a logger throws, or rejects with, changes nothing. Level `info` is for those who gave a logger. */
  say(level: keyof AuditLogger, record: object, message: string): void {
    if (this.#log === null) return
    if (this.#log === undefined) {
      if (level !== 'info') warn(message)
      return
    }
    try {
      const written: unknown = this.#log[level](record, message)
      if (isThenable(written)) written.then(undefined, () => warn(message))
    } catch {
      warn(message)
    }
  }
}

function warn(message: string): void {
  process.emitWarning(message, { type: 'CountersignWarning' })
}
