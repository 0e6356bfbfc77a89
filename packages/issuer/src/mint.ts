import { randomUUID } from 'node:crypto'
import { type Actor, claimsOf, type Grant } from './claims.js'
import type { SigningKeys } from './keys/signing-key.js'
import type { AccessToken } from './outcome.js'
import { signAccessToken } from './sign.js'

/** What differs from token to token. */
export interface MintTerms {
  readonly now: number
  /** How long the token lives. */
  readonly seconds: number
  /** NumericDate that it must not outlive. */
  readonly notAfter?: number
  readonly sessionId?: string
  readonly act?: Actor
}

/** Makes access tokens: claims, times, an id, a signature. */
export class Mint {
  readonly #issuer: string
  readonly #keys: SigningKeys
  /** Subjects that were revoked in the second that is given: what is issued to them later in that second is of the next. */
  readonly #revoked = new Map<string, number>()

  constructor(issuer: string, keys: SigningKeys) {
    this.#issuer = issuer
    this.#keys = keys
  }

  /**
   * @throws {IssuanceError} `keys_unavailable`
   * @throws {TypeError} a token that would be too long
   */
  mint(grant: Grant, { now, seconds, notAfter, sessionId, act }: MintTerms): AccessToken {
    const key = this.#keys.current(now)
    const issuedAt = Math.max(Math.floor(now), this.#revoked.get(grant.subject) ?? 0)
    const expiresAt = Math.min(issuedAt + seconds, Math.floor(notAfter ?? Number.POSITIVE_INFINITY))
    const tokenId = randomUUID()
    const claims = claimsOf(grant, { issuer: this.#issuer, issuedAt, expiresAt, tokenId, sessionId, act })
    return {
      accessToken: signAccessToken(key, claims),
      expiresAt,
      expiresInSeconds: Math.max(0, Math.floor(expiresAt - now)),
      tokenId,
      scopes: grant.scopes ?? [],
    }
  }

  /**
   * Begins a new second for a subject: `iat` has whole seconds, and what was issued before must be told from what is issued after. Returns the
   * NumericDate before which all was issued so far.
   */
  revokeBefore(subject: string, now: number): number {
    const issuedBefore = Math.floor(now) + 1
    for (const [other, second] of this.#revoked) if (second <= now) this.#revoked.delete(other)
    this.#revoked.set(subject, issuedBefore)
    return issuedBefore
  }
}
