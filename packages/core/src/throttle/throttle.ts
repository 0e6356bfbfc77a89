import type { Awaitable } from '../chain.js'

/**
 * Who failed. Each name is one of {@link NAMES}, made from what was sent: a flood of names fills no memory, and none is kept as it was sent.
 * Two who share a name by chance share a count, and nothing worse: what is counted refuses nobody.
 */
export interface FailureNames {
  /** The client's address: an IPv4 address or the /64 of an IPv6 address. `undefined`: not known. */
  readonly address: string | undefined
  /** Who the refused credentials say they are of: a key id, or issuer and subject. `undefined`: they do not say. */
  readonly credentials: string | undefined
}

/** How many names there are of each kind. */
export const NAMES = 16_384

/**
 * Counts failed attempts. It is asked after one has failed, so it decides about no valid credential: what it answers turns the refusal
 * into 429, or leaves it. One that throws, rejects, answers something else or is late leaves it.
 */
export interface FailureThrottle {
  /** Counts one failure. Answers how many seconds whoever failed is to wait; 0 while no limit is passed. */
  fail(names: FailureNames): Awaitable<number>
  /** Whether a failure could be counted now. Throwing or rejecting says no. */
  ready?(): Awaitable<boolean>
  close?(): Awaitable<void>
}
