import type { Awaitable } from '../chain.js'
import type { SchemeName } from '../principal.js'

/** Verified credentials, by all that they can be revoked by. */
export interface RevocableCredentials {
  readonly scheme: SchemeName
  /** `iss` of a token; the issuer's name of a certificate, as in RFC 4514. */
  readonly issuer?: string | undefined
  /** `jti` of a token; the serial number of a certificate, in upper-case hexadecimal digits. */
  readonly tokenId?: string | undefined
  /** `sub` of a token. */
  readonly subject?: string | undefined
  /** `sid` of a token (OpenID Connect Front-Channel Logout 1.0 section 3). */
  readonly sessionId?: string | undefined
  /** `kid` of the verification key, `x-hmac-key-id`, or the SHA-256 thumbprint of a certificate in base64url. */
  readonly keyId?: string | undefined
  /** `iat` of a token. */
  readonly issuedAt?: number | undefined
}

/**
 * Knows what was revoked. Asked once for each credential of each request, after signature and times and before the policy, also for a token
 * that was verified before. One that cannot answer throws or rejects: the request is then refused with 503, never let in.
 */
export interface Revocation {
  isRevoked(credentials: RevocableCredentials, now: number): Awaitable<boolean>
  /** Whether a question could be answered now. Throwing or rejecting says no. */
  ready?(now: number): Awaitable<boolean>
  close?(): Awaitable<void>
}

interface OfIssuer {
  /** `iss`. Absent: whichever issuer. */
  readonly issuer?: string
}

/** What is revoked. `expiresAt`, a NumericDate, is the end of the last token that it concerns: it can be forgotten then. */
export type RevocationEntry =
  | (OfIssuer & { readonly tokenId: string; readonly expiresAt: number })
  | (OfIssuer & { readonly sessionId: string; readonly expiresAt: number })
  /** Tokens of `sub` with an `iat` before `issuedBefore`, a NumericDate, and those without `iat`. */
  | (OfIssuer & { readonly subject: string; readonly issuedBefore: number; readonly expiresAt: number })
  /** Without `expiresAt` for as long as the store lives. */
  | (OfIssuer & { readonly scheme: SchemeName; readonly keyId: string; readonly expiresAt?: number })

/** A store that can be told what is revoked. */
export interface RevocationStore extends Revocation {
  /**
   * In force when it returns, or when its promise resolves.
   *
   * @throws {TypeError} an entry that is none
   * @throws {RevocationError} an entry that cannot be kept
   */
  revoke(entry: RevocationEntry): Awaitable<void>
}

/** Thrown by a store that cannot keep an entry, or cannot say whether something was revoked. */
export class RevocationError extends Error {
  override readonly name = 'RevocationError'
}

/** What is said of revoked credentials. */
export type RevokedReason = 'token_revoked' | 'key_inactive' | 'certificate_inactive'

/** As a verifier sees a store. */
export interface RevocationGuard {
  /** Throws or rejects with `CredentialError`: `revoked`, or `revocation_unavailable`. */
  check(credentials: RevocableCredentials, now: number, revoked: RevokedReason): Awaitable<void>
  /** Whether a question could be answered now. Never rejects, and answers in time. */
  ready(now: number): Promise<boolean>
}
