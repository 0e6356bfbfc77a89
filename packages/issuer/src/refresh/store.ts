import type { Awaitable } from '@countersign/core'
import type { Grant } from '../claims.js'

/**
 * A session, as it was granted when somebody logged in: the family of all its refresh tokens (RFC 9700 section 4.14.2). Does not
 * change.
 */
export interface RefreshFamily {
  /** `sid`. Random, and no secret. */
  readonly id: string
  /** SHA-256 of the part that all refresh tokens of the family have in common, in base64url: who knows that part has one of them. */
  readonly familyHash: string
  /** SHA-256 of the first refresh token, in base64url. */
  readonly tokenHash: string
  readonly grant: RefreshGrant
  /** NumericDate. */
  readonly startedAt: number
  /** NumericDate: no token of the family is good at that time or later. */
  readonly expiresAt: number
  /** A refresh token that nobody uses for so long is good no more. */
  readonly idleSeconds: number
  /** For how long the last used token may be presented again, by a client that lost the answer. */
  readonly graceSeconds: number
}

/** What refreshing can give, and never more. */
export type RefreshGrant = Grant

/** One use of a refresh token. */
export interface RefreshUse {
  readonly familyId: string
  readonly familyHash: string
  readonly tokenHash: string
  /** What takes its place. Absent: it is judged as for a use, and stays. */
  readonly successor?: RefreshSuccessor
  /** NumericDate. */
  readonly now: number
}

/** The next refresh token, as a store may know it: neither member gives it away without the token before it. */
export interface RefreshSuccessor {
  readonly tokenHash: string
  /** With the token before it makes the successor. Kept for the grace, so that a retry gets the same one. */
  readonly salt: string
}

/** What came of a use. */
export type RefreshOutcome =
  /** It was the live token. With a successor given that is the live one now. */
  | { readonly outcome: 'used'; readonly idleExpiresAt: number }
  /** It was the one before, within the grace, its successor not used yet: the salt makes that again. */
  | { readonly outcome: 'retried'; readonly salt: string; readonly idleExpiresAt: number }
  /** It was an old one. The family is revoked from now on. */
  | { readonly outcome: 'reused' }
  /** Its family was revoked before. */
  | { readonly outcome: 'revoked' }
  | { readonly outcome: 'expired' }
  /** No such family, or one that is over for so long that it was forgotten, or a `familyHash` that is not its own. */
  | { readonly outcome: 'unknown' }

/**
 * Keeps sessions by hashes: whoever reads all of it can make no refresh token. Each method is one atomic step, also among processes that share
 * the store. A family forgets no use: time that goes backwards revives nothing. One that cannot answer throws or rejects.
 */
export interface RefreshStore {
  /** @throws {RefreshStoreError} it is full, or has a family of that id */
  start(family: RefreshFamily, now: number): Awaitable<void>
  /** The family as it was started, also when it is revoked. Absent: unknown, or forgotten. */
  find(familyId: string, now: number): Awaitable<RefreshFamily | undefined>
  use(use: RefreshUse): Awaitable<RefreshOutcome>
  /** Revokes a family. Returns whether it was live. */
  end(familyId: string, now: number): Awaitable<boolean>
  /**
   * Revokes all families of a subject that were started before: a step for each is enough. Returns the ids of those that are not forgotten,
   * revoked earlier or not.
   */
  endSubject(subject: string, now: number): Awaitable<readonly string[]>
  /** Whether a use could be answered now. Throwing or rejecting says no. */
  ready?(now: number): Awaitable<boolean>
  close?(): Awaitable<void>
}

/** Thrown by a store that cannot keep a session, or cannot say what became of one. */
export class RefreshStoreError extends Error {
  override readonly name = 'RefreshStoreError'
}
