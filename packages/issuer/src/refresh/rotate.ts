import type { Grant } from '../claims.js'
import type { Mint } from '../mint.js'
import { type AccessToken, IssuanceError, type SessionTokens } from '../outcome.js'
import type { GuardedStore } from './guard.js'
import { narrowGrant, withEntitlements } from './narrow.js'
import type { RefreshRequest } from './request.js'
import type { RefreshSettings } from './settings.js'
import type { RefreshFamily, RefreshOutcome } from './store.js'
import { newRefreshToken, newSuccessor, parseRefreshToken, type RefreshToken, successorOf } from './token.js'

/** What became known of a use before it ended, for its record. */
export interface RefreshFacts {
  family?: RefreshFamily
  tokenId?: string
  /** The answer before was lost, or there were several at once. */
  isRetry?: boolean
}

interface RotateTerms {
  readonly store: GuardedStore
  readonly mint: Mint
  readonly settings: RefreshSettings
  readonly accessTokenSeconds: number
}

/** Begins families of refresh tokens, and takes each of them a step further. */
export class Rotation {
  readonly #terms: RotateTerms

  constructor(terms: RotateTerms) {
    this.#terms = terms
  }

  async start(grant: Grant, now: number): Promise<SessionTokens> {
    const { store, mint, settings, accessTokenSeconds } = this.#terms
    const { idleSeconds, absoluteSeconds, graceSeconds } = settings
    const token = newRefreshToken()
    const { familyId: id, familyHash, tokenHash } = token
    const expiresAt = now + absoluteSeconds
    // Signed first: a session without its tokens is nobody's.
    const access = mint.mint(grant, { now, seconds: accessTokenSeconds, notAfter: expiresAt, sessionId: id })
    await store.start({ id, familyHash, tokenHash, grant, startedAt: now, expiresAt, idleSeconds, graceSeconds }, now)
    return withRefreshToken(access, token, grant.subject, Math.min(expiresAt, now + idleSeconds))
  }

  /**
   * @param facts - filled with what becomes known
   * @throws {IssuanceError} why it is refused
   */
  async refresh(request: RefreshRequest, now: number, facts: RefreshFacts): Promise<SessionTokens> {
    const { store } = this.#terms
    const token = parseRefreshToken(request.refreshToken)
    if (token === undefined) throw new IssuanceError('refresh_token_malformed')
    const family = await store.find(token.familyId, now)
    if (family === undefined || family.familyHash !== token.familyHash) throw new IssuanceError('refresh_token_unknown')
    facts.family = family
    const access = await this.#signFor(family, token, request, now)
    facts.tokenId = access.tokenId
    const { token: fresh, successor } = newSuccessor(token)
    const outcome = await store.use({ ...hashesOf(token), successor, now })
    const next = accept(outcome, token, fresh)
    facts.isRetry = outcome.outcome === 'retried'
    return withRefreshToken(access, next.token, family.grant.subject, next.expiresAt)
  }

  /**
   * The access token, before the refresh token is used up: what is asked too much of, or cannot be signed, costs nobody a session. An old
   * token is found out all the same.
   */
  async #signFor(
    family: RefreshFamily,
    token: RefreshToken,
    request: RefreshRequest,
    now: number,
  ): Promise<AccessToken> {
    const { store, mint, accessTokenSeconds, settings } = this.#terms
    try {
      const grant = await withEntitlements(narrowGrant(family.grant, request), family.grant, settings)
      return mint.mint(grant, { now, seconds: accessTokenSeconds, notAfter: family.expiresAt, sessionId: family.id })
    } catch (error) {
      accept(await store.use({ ...hashesOf(token), now }), token, token)
      throw error
    }
  }
}

function hashesOf({ familyId, familyHash, tokenHash }: RefreshToken) {
  return { familyId, familyHash, tokenHash }
}

/** @throws {IssuanceError} what the store says against it */
function accept(
  outcome: RefreshOutcome,
  token: RefreshToken,
  fresh: RefreshToken,
): { readonly token: RefreshToken; readonly expiresAt: number } {
  switch (outcome.outcome) {
    case 'used':
      return { token: fresh, expiresAt: outcome.idleExpiresAt }
    case 'retried':
      return { token: successorOf(token, outcome.salt), expiresAt: outcome.idleExpiresAt }
    case 'reused':
      throw new IssuanceError('refresh_token_reused')
    case 'revoked':
      throw new IssuanceError('session_revoked')
    case 'expired':
      throw new IssuanceError('refresh_token_expired')
    case 'unknown':
      throw new IssuanceError('refresh_token_unknown')
  }
}

function withRefreshToken(
  access: AccessToken,
  { value, familyId }: RefreshToken,
  subject: string,
  refreshExpiresAt: number,
): SessionTokens {
  return { ...access, refreshToken: value, refreshExpiresAt, sessionId: familyId, subject }
}
