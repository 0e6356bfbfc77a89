import { channel } from 'node:diagnostics_channel'

/** `diagnostics_channel` of stores that are elsewhere; messages are {@link StoreEvent}s. */
export const STORE_CHANNEL = 'countersign:store'

interface StoreEventBase {
  readonly v: 1
  /** What is stored: `replay`, `revocation`, `throttle`, … */
  readonly store: string
}

/**
 * A store was asked. `ok`: it answered, in time; `failed`: it did not, or with an error; `refused`: it was not asked, for it is known to be out of
 * order or too much waits for it already.
 */
export interface StoreOperationEvent extends StoreEventBase {
  readonly event: 'store.operation'
  readonly outcome: 'ok' | 'failed' | 'refused'
  /** Why it was not `ok`: a word of the store's package, one of a small set. */
  readonly failure?: string
  readonly durationSeconds: number
}

/** A store is no longer asked, or is again. */
export interface StoreStateEvent extends StoreEventBase {
  readonly event: 'store.unavailable' | 'store.recovered'
  /** Why it is not: as `failure` above. */
  readonly failure?: string
}

export type StoreEvent = StoreOperationEvent | StoreStateEvent

const events = channel(STORE_CHANNEL)

/** Whether anybody listens: nothing is measured or made otherwise. */
export function hasStoreListeners(): boolean {
  return events.hasSubscribers
}

/** What a listener throws is its own: the channel sees to that. */
export function publishStoreEvent(event: StoreEvent): void {
  events.publish(event)
}
