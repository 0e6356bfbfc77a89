import type { RevocationEntry, RevocationStore } from '@countersign/core'
import { isThenable, withinSeconds } from '@countersign/core/issuance'
import type { Mint } from './mint.js'
import { IssuanceError } from './outcome.js'
import type { GuardedStore } from './refresh/guard.js'
import { parseRefreshToken } from './refresh/token.js'
import type { SessionName } from './requests.js'

interface SessionTerms {
  readonly issuer: string
  readonly store: GuardedStore | undefined
  readonly revocation: RevocationStore | null
  readonly revocationTimeoutSeconds: number
  readonly mint: Mint
  /** How long a token lives that was issued just now. */
  readonly longestTokenSeconds: number
}

/** Ends sessions: refresh tokens in their store, and access tokens where verifiers look. */
export class Sessions {
  readonly #terms: SessionTerms

  constructor(terms: SessionTerms) {
    this.#terms = terms
  }

  /**
   * Ends one session. Returns its id, or nothing where there is none of that name: a refresh token of a session that was forgotten, or a text that
   * never was one.
   *
   * @throws {IssuanceError} `refresh_store_unavailable`, `revocation_unavailable`: ask again, for it may have ended in part
   */
  async end(session: SessionName, now: number): Promise<string | undefined> {
    const id = 'sessionId' in session ? session.sessionId : await this.#idOf(session.refreshToken, now)
    if (id === undefined) return undefined
    await this.#store().end(id, now)
    await this.endAccess(id, now)
    return id
  }

  /** Ends all sessions of a subject, and every token that was issued to it. Returns the sessions' ids. Throws as `end`. */
  async endSubject(subject: string, now: number): Promise<readonly string[]> {
    const { issuer, store, mint, longestTokenSeconds } = this.#terms
    // First, so that no refresh gives another token meanwhile.
    const ids = (await store?.endSubject(subject, now)) ?? []
    const issuedBefore = mint.revokeBefore(subject, now)
    await this.#revoke({ issuer, subject, issuedBefore, expiresAt: issuedBefore + longestTokenSeconds })
    // Tokens of another process, whose clock is ahead of this one.
    for (const id of ids) await this.endAccess(id, now)
    return ids
  }

  /** The access tokens of a session, as far as verifiers ask: told again they are none the worse. */
  async endAccess(sessionId: string, now: number): Promise<void> {
    const { issuer, longestTokenSeconds } = this.#terms
    await this.#revoke({ issuer, sessionId, expiresAt: Math.floor(now) + 1 + longestTokenSeconds })
  }

  /** A logout asks for no live token: an old one ends its session as well. */
  async #idOf(refreshToken: string, now: number): Promise<string | undefined> {
    const token = parseRefreshToken(refreshToken)
    if (token === undefined) return undefined
    const family = await this.#store().find(token.familyId, now)
    return family?.familyHash === token.familyHash ? family.id : undefined
  }

  #store(): GuardedStore {
    if (this.#terms.store === undefined) throw new TypeError('there are no sessions: the option refresh is not given')
    return this.#terms.store
  }

  async #revoke(entry: RevocationEntry): Promise<void> {
    const { revocation, revocationTimeoutSeconds } = this.#terms
    if (revocation === null) return
    try {
      const told = revocation.revoke(entry)
      if (isThenable(told)) await withinSeconds(told, revocationTimeoutSeconds, () => new Error('no answer in time'))
    } catch (error) {
      throw new IssuanceError('revocation_unavailable', { cause: error })
    }
  }
}
