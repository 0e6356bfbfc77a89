import { channel } from 'node:diagnostics_channel'
import type { RemoteFailure } from './remote-error.js'

/** `diagnostics_channel` of key sets that come from elsewhere; messages are {@link JwksEvent}s. */
export const JWKS_CHANNEL = 'countersign:jwks'

/** Why a set was asked for. */
export type JwksRefreshCause = 'start' | 'schedule' | 'unknown_kid' | 'retry'

interface JwksEventBase {
  readonly v: 1
  /** Where the set comes from: its URL, or the issuer's, without a query. */
  readonly source: string
}

/** A set was taken, whole. */
export interface JwksRefreshedEvent extends JwksEventBase {
  readonly event: 'jwks.refreshed'
  readonly cause: JwksRefreshCause
  readonly keys: number
  /** Members that were left out, and why the first of them was. */
  readonly skipped: number
  readonly problem?: string
  /** Thumbprints (RFC 7638) of keys that were not in the set before. */
  readonly added: readonly string[]
  /** Thumbprints of keys that are no longer in it. */
  readonly removed: readonly string[]
  /** How long the set is fresh. */
  readonly freshSeconds: number
  readonly durationSeconds: number
}

/** No set was taken; the one before stays. */
export interface JwksRefreshFailedEvent extends JwksEventBase {
  readonly event: 'jwks.refresh_failed'
  readonly cause: JwksRefreshCause
  readonly failure: RemoteFailure
  /** Failures since the last success, this one included. */
  readonly failures: number
  readonly nextRefreshSeconds: number
  readonly durationSeconds: number
}

/**
 * `stale`: keys are older than they should be, and still used. `unavailable`: there are none, or none young enough: requests are refused with
 * `keys_unavailable`. `recovered`: fresh again.
 */
export interface JwksConditionEvent extends JwksEventBase {
  readonly event: 'jwks.stale' | 'jwks.unavailable' | 'jwks.recovered'
  readonly keys: number
  /** Since the last success. Absent: there was none. */
  readonly ageSeconds?: number
}

export type JwksEvent = JwksRefreshedEvent | JwksRefreshFailedEvent | JwksConditionEvent

const events = channel(JWKS_CHANNEL)

/** Makes an event only where somebody listens. What a listener throws is its own: the channel sees to that. */
export function publishJwksEvent(event: () => JwksEvent): void {
  if (events.hasSubscribers) events.publish(event())
}
