import { channel } from 'node:diagnostics_channel'
import type { KeyDetail } from '../key.js'

/** `diagnostics_channel` of what happens to keys; messages are `KeyEvent`s. */
export const KEY_CHANNEL = 'countersign:key'

/** A signature or MAC by the key held, or TLS accepted the certificate. At most one per key and interval. `state` is not `active`: it was refused all the same. */
export interface KeyUsedEvent extends KeyDetail {
  readonly event: 'key.used'
  readonly v: 1
  /** Of a verification key. */
  readonly issuer?: string
}

/** A set of keys was taken, whole. */
export interface KeysLoadedEvent {
  readonly event: 'keys.loaded'
  readonly v: 1
  /** Where they come from: `key file /etc/keys.json`. */
  readonly source: string
  readonly keys: number
  readonly signingKeys: number
}

/** A set of keys could not be had or taken: the one before stays, where there is one. */
export interface KeysRefusedEvent {
  readonly event: 'keys.refused'
  readonly v: 1
  readonly source: string
  /** Why. Names options and ids, never a key. */
  readonly problem: string
}

export type KeyEvent = KeyUsedEvent | KeysLoadedEvent | KeysRefusedEvent

const events = channel(KEY_CHANNEL)

/** Makes an event only where somebody listens. */
export function publishKeyEvent(event: () => KeyEvent): void {
  if (events.hasSubscribers) events.publish(event())
}
