import type { Jwk } from '@countersign/core'
import type { SigningKeysHealth } from './keys/signing-key.js'
import type { Refusal } from './outcome.js'

/** A token that a service received, to be exchanged for one that it sends on (RFC 8693). */
export interface ExchangeRequest {
  /** An access token of this issuer, for the actor. */
  readonly subjectToken: string
  /** The service that exchanges, as the caller authenticated it. */
  readonly actor: string
  /** Whom the new token is for: of the targets of the actor's rule. */
  readonly audience: string | readonly string[]
  /** Some of the subject token's. Default: all of them. */
  readonly scopes?: readonly string[]
  /** Some of the subject token's. Default: all of them. */
  readonly roles?: readonly string[]
}

/** What of a session is at hand. */
export type SessionName = { readonly sessionId: string } | { readonly refreshToken: string }

/** The sessions that are over now. Empty: there was none. */
export type Ended = { readonly outcome: 'allow'; readonly sessions: readonly string[] } | Refusal

/** RFC 7517 section 5. */
export interface JwkSetDocument {
  readonly keys: readonly Jwk[]
}

export interface IssuerHealth {
  /** Whether a token could be issued, and a session be refreshed, now. */
  readonly ready: boolean
  readonly keys: SigningKeysHealth
  /** Absent where there are no sessions. */
  readonly refresh?: { readonly ready: boolean }
}
