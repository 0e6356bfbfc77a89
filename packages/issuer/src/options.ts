import type { AuditLogger, Awaitable, Clock, RevocationStore } from '@countersign/core'
import type { Entitlements } from './claims.js'
import type { SigningKeySource } from './keys/signing-key.js'
import type { RefreshGrant, RefreshStore } from './refresh/store.js'

export interface TokenIssuerOptions {
  /** `iss`: an https URL without query and fragment (RFC 8414 section 2); http on loopback only. */
  readonly issuer: string
  /** Whom tokens may be for: the names by which services know themselves. */
  readonly audiences: readonly string[]
  /** `signingKeyFile(path, {…})`, `memorySigningKeys()`. */
  readonly keys: SigningKeySource
  /** The life of an access token, 10-3600. Default 300. */
  readonly accessTokenSeconds?: number
  /** The life of a service's token, 10-3600. Default 300. */
  readonly serviceTokenSeconds?: number
  /** Sessions with refresh tokens. Absent: there are none. */
  readonly refresh?: RefreshOptions
  /** Who may exchange a token that they received for one that they send on. Absent: nobody. */
  readonly exchange?: readonly ExchangeRule[]
  /**
   * Where the end of a session is told, so that its access tokens end with it: the store that the verifiers ask. Required with `refresh`;
   * `null` lets them live until they expire.
   */
  readonly revocation?: RevocationStore | null
  /** How long verifiers may keep the JWK Set, 10-86400. Default 300. */
  readonly jwksMaxAgeSeconds?: number
  /** Further members of the metadata document (RFC 8414 section 2), as `token_endpoint`. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Where attempts are written. Absent: pino on stdout. `null`: nowhere. */
  readonly audit?: AuditLogger | null
  /** For tests. */
  readonly clock?: Clock
}

export interface RefreshOptions {
  /** `memoryRefreshStore()`, `redisRefreshStore(connection)`. */
  readonly store: RefreshStore
  /** A session ends when nobody refreshed for so long, 60-31536000. Default 86400: a day. */
  readonly idleSeconds?: number
  /** A session ends after so long whatever happens, 60-31536000. Default 2592000: thirty days. */
  readonly absoluteSeconds?: number
  /** For how long a client that lost the answer may present the same token again, 0-120. Default 10. */
  readonly graceSeconds?: number
  /** How long the store's answer is waited for, 0.001-60. Default 1. */
  readonly timeoutSeconds?: number
  /**
   * What the subject may do now, asked at each refresh: roles as it says, scopes never beyond the granted ones, `null` ends the session. Absent:
   * as granted at the start of the session.
   */
  readonly entitlements?: (grant: RefreshGrant) => Awaitable<Entitlements | null>
}

/** Who may exchange which tokens. */
export interface ExchangeRule {
  /** The client that exchanges, as the caller authenticated it: `act.sub` and `client_id` of the new token. */
  readonly actor: string
  /** The name by which that service knows itself: a token to be exchanged has it in `aud`. Default: the actor. */
  readonly audience?: string
  /** Whom the new token may be for. */
  readonly targets: readonly string[]
}
