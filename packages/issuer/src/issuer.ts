import type { AuditedRequest, Jwk, VerificationKeySource } from '@countersign/core'
import type { AccessTokenRequest, ServiceTokenRequest } from './claims.js'
import type { SigningKeysHealth } from './keys/signing-key.js'
import type { AccessToken, Decision, Refusal, SessionTokens } from './outcome.js'

/** One use of a refresh token. */
export interface RefreshRequest {
  readonly refreshToken: string
  /** The client that presents it, as the caller knows or authenticated it: the one that the session was started for. */
  readonly clientId: string
  /** Fewer audiences than the session's. Default: all of them. */
  readonly audience?: string | readonly string[]
  /** Fewer scopes than the session's, for this access token alone (RFC 6749 section 6). Default: all of them. */
  readonly scopes?: readonly string[]
}

/** A token that a service received, to be exchanged for one that it sends on (RFC 8693). */
export interface ExchangeRequest {
  /** An access token of this issuer, for the actor. */
  readonly subjectToken: string
  /** The service that exchanges, as the caller authenticated it. */
  readonly actor: string
  /** Whom the new token is for: one of the targets of the actor's rule. */
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

export interface TokenIssuer {
  /** `iss`. */
  readonly issuer: string
  readonly jwksMaxAgeSeconds: number
  /**
   * Signs an access token (RFC 9068) for somebody whom the caller has authenticated.
   *
   * @throws {TypeError} a request of the wrong form, the subject's name for a client's
   * @throws {IssuanceError} `audience_not_allowed`, `keys_unavailable`
   */
  issueAccessToken(request: AccessTokenRequest): Promise<AccessToken>
  /** Signs an access token for a client itself. Throws as `issueAccessToken`; leaves a record, `auth.token`. */
  issueServiceToken(request: ServiceTokenRequest, from?: AuditedRequest): Promise<AccessToken>
  /**
   * Begins a session: an access token with a `sid`, and the first refresh token. The caller writes the record of the login.
   *
   * @throws as `issueAccessToken`, and {IssuanceError} `refresh_store_unavailable`
   */
  startSession(request: AccessTokenRequest): Promise<SessionTokens>
  /** Takes a refresh token in and gives the next one. Never throws or rejects for what was presented; leaves a record, `auth.refresh`. */
  refresh(request: RefreshRequest, from?: AuditedRequest): Promise<Decision<SessionTokens>>
  /** RFC 8693. Never throws or rejects for what was presented; leaves a record, `auth.exchange`. */
  exchange(request: ExchangeRequest, from?: AuditedRequest): Promise<Decision<AccessToken>>
  /** Ends a session: its refresh token at once, its access tokens as soon as verifiers know. Leaves a record, `auth.logout`. */
  endSession(session: SessionName, from?: AuditedRequest): Promise<Ended>
  /** Ends all sessions of a subject, and revokes all tokens that were issued to it so far. Leaves a record, `auth.revoke`. */
  revokeSubject(subject: string, from?: AuditedRequest): Promise<Ended>
  /** The public halves of the signing keys (RFC 7517 section 5). */
  jwks(): JwkSetDocument
  /** RFC 8414 section 2. */
  metadata(): Readonly<Record<string, unknown>>
  /** For a verifier in the same process: `keys` of one of its `issuers`. */
  readonly verificationKeys: VerificationKeySource
  /** Resolves when tokens can be issued; rejects with an error that says what is not there. */
  warmup(): Promise<void>
  health(): Promise<IssuerHealth>
  close(): Promise<void>
}
