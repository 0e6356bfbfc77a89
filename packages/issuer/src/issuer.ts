import type { AuditedRequest, AuthEventName, VerificationKeySource } from '@countersign/core'
import { Attempt, type EventFacts } from './audit.js'
import { type AccessTokenRequest, checkGrant, checkServiceGrant, type ServiceTokenRequest } from './claims.js'
import { Exchange, type ExchangeFacts } from './exchange.js'
import type { SigningKeys } from './keys/signing-key.js'
import { verificationKeysOf } from './keys/verification.js'
import { metadataOf } from './metadata.js'
import { Mint } from './mint.js'
import { checkIssuerOptions, type IssuerSettings, type TokenIssuerOptions } from './options.js'
import { type AccessToken, type Decision, IssuanceError, type Refusal, type SessionTokens } from './outcome.js'
import { GuardedStore } from './refresh/guard.js'
import type { RefreshRequest } from './refresh/request.js'
import { type RefreshFacts, Rotation } from './refresh/rotate.js'
import type { Ended, ExchangeRequest, IssuerHealth, JwkSetDocument, SessionName } from './requests.js'
import { Sessions } from './sessions.js'

export interface TokenIssuer {
  /** `iss`. */
  readonly issuer: string
  /** How long verifiers may keep what `jwks()` says. */
  readonly jwksMaxAgeSeconds: number
  /**
   * Signs an access token (RFC 9068) for somebody whom the caller has authenticated. Leaves no record: the caller's login does.
   *
   * @throws {TypeError} a request of the wrong form, a client's name for the subject's, more than fits into a token
   * @throws {IssuanceError} `audience_not_allowed`, `keys_unavailable`
   */
  issueAccessToken(request: AccessTokenRequest): Promise<AccessToken>
  /** Signs an access token for a client itself. Throws as `issueAccessToken`; leaves a record, `auth.token`. */
  issueServiceToken(request: ServiceTokenRequest, from?: AuditedRequest): Promise<AccessToken>
  /**
   * Begins a session: an access token with a `sid`, and the first refresh token. Leaves no record: the caller's login does.
   *
   * @throws as `issueAccessToken`, and {IssuanceError} `refresh_store_unavailable`
   */
  startSession(request: AccessTokenRequest): Promise<SessionTokens>
  /**
   * Takes a refresh token in and gives the next one (RFC 6749 section 6, RFC 9700 section 4.14.2). An old token ends its session. Never throws or
   * rejects for what was presented; leaves a record, `auth.refresh`.
   */
  refresh(request: RefreshRequest, from?: AuditedRequest): Promise<Decision<SessionTokens>>
  /** Exchanges a token for one to send on (RFC 8693). Never throws or rejects for what was presented; leaves a record, `auth.exchange`. */
  exchange(request: ExchangeRequest, from?: AuditedRequest): Promise<Decision<AccessToken>>
  /** Ends a session: its refresh token at once, its access tokens as soon as verifiers ask. Leaves a record, `auth.logout`. */
  endSession(session: SessionName, from?: AuditedRequest): Promise<Ended>
  /** Ends all sessions of a subject, and all tokens that were issued to it so far. Leaves a record, `auth.revoke`. */
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

/**
 * Makes an issuer: every option is checked here, once, and nothing is changed afterwards.
 *
 * @throws {ConfigurationError} naming the option: absent, wrong, dangerous or unknown
 */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  return new RotatingIssuer(checkIssuerOptions(options))
}

/** The most that a verifier may grant a token beyond its `exp`. */
const MOST_SKEW_SECONDS = 300

/** What ends the access tokens of the session as well: told once more where that failed, or the process did, the time before. */
const ENDING: readonly string[] = ['refresh_token_reused', 'session_revoked']

class RotatingIssuer implements TokenIssuer {
  readonly issuer: string
  readonly jwksMaxAgeSeconds: number
  readonly verificationKeys: VerificationKeySource
  readonly #settings: IssuerSettings
  readonly #keys: SigningKeys
  readonly #mint: Mint
  readonly #store: GuardedStore | undefined
  readonly #rotation: Rotation | undefined
  readonly #sessions: Sessions
  readonly #exchange: Exchange

  constructor(settings: IssuerSettings) {
    const { issuer, clock, refresh, revocation, revocationTimeoutSeconds, accessTokenSeconds } = settings
    const longestTokenSeconds = Math.max(accessTokenSeconds, settings.serviceTokenSeconds)
    this.#settings = settings
    this.issuer = issuer
    this.jwksMaxAgeSeconds = settings.jwksMaxAgeSeconds
    this.#keys = settings.keys.open({
      clock,
      option: 'keys',
      longestUseSeconds: longestTokenSeconds + MOST_SKEW_SECONDS,
      jwksMaxAgeSeconds: settings.jwksMaxAgeSeconds,
    })
    this.verificationKeys = verificationKeysOf(this.#keys)
    const mint = new Mint(issuer, this.#keys)
    this.#mint = mint
    if (refresh !== undefined) {
      this.#store = new GuardedStore(refresh.store, refresh.timeoutSeconds)
      this.#rotation = new Rotation({ store: this.#store, mint, settings: refresh, accessTokenSeconds })
    }
    const store = this.#store
    this.#sessions = new Sessions({ issuer, store, revocation, revocationTimeoutSeconds, mint, longestTokenSeconds })
    const { audiences, exchange = [] } = settings
    const keys = this.verificationKeys
    this.#exchange = new Exchange(exchange, { issuer, audiences, keys, revocation, clock, mint, accessTokenSeconds })
  }

  async issueAccessToken(request: AccessTokenRequest): Promise<AccessToken> {
    const { audiences, accessTokenSeconds: seconds } = this.#settings
    return this.#mint.mint(checkGrant(request, audiences), { now: this.#now(), seconds })
  }

  async issueServiceToken(request: ServiceTokenRequest, from?: AuditedRequest): Promise<AccessToken> {
    const attempt = this.#attempt('auth.token', from)
    const facts: EventFacts = {
      principal: request.clientId,
      client: request.clientId,
      audience: listOf(request.audience),
    }
    try {
      const { audiences, serviceTokenSeconds: seconds } = this.#settings
      const token = this.#mint.mint(checkServiceGrant(request, audiences), { now: this.#now(), seconds })
      attempt.allow({ ...facts, tokenId: token.tokenId })
      return token
    } catch (error) {
      attempt.deny(error, facts)
      throw error
    }
  }

  async startSession(request: AccessTokenRequest): Promise<SessionTokens> {
    return this.#rotationOf().start(checkGrant(request, this.#settings.audiences), this.#now())
  }

  async refresh(request: RefreshRequest, from?: AuditedRequest): Promise<Decision<SessionTokens>> {
    const attempt = this.#attempt('auth.refresh', from)
    const facts: RefreshFacts = {}
    try {
      const tokens = await this.#rotationOf().refresh(request, this.#now(), facts)
      attempt.allow({
        ...factsOf(request, facts),
        tokenId: facts.tokenId,
        retried: facts.isRetry === true || undefined,
      })
      return { outcome: 'allow', tokens }
    } catch (error) {
      return this.#denyRefresh(attempt, error, request, facts)
    }
  }

  async #denyRefresh(attempt: Attempt, error: unknown, request: RefreshRequest, facts: RefreshFacts): Promise<Refusal> {
    const known = factsOf(request, facts)
    if (facts.family === undefined || !(error instanceof IssuanceError && ENDING.includes(error.reason)))
      return attempt.deny(error, known)
    const { id } = facts.family
    const failed = await this.#sessions.end({ sessionId: id }, this.#now()).then(
      () => undefined,
      (failure: unknown) => failure,
    )
    return attempt.deny(error, { ...known, revoked: 'session' }, undefined, failed)
  }

  async exchange(request: ExchangeRequest, from?: AuditedRequest): Promise<Decision<AccessToken>> {
    const attempt = this.#attempt('auth.exchange', from)
    const facts: ExchangeFacts = {}
    const known = (): EventFacts => ({
      principal: facts.subject,
      actor: request.actor,
      client: request.actor,
      sessionId: facts.sessionId,
      audience: listOf(request.audience),
    })
    try {
      const tokens = await this.#exchange.exchange(request, this.#now(), facts)
      attempt.allow({ ...known(), tokenId: facts.tokenId })
      return { outcome: 'allow', tokens }
    } catch (error) {
      return attempt.deny(error, known(), facts.finer)
    }
  }

  async endSession(session: SessionName, from?: AuditedRequest): Promise<Ended> {
    const attempt = this.#attempt('auth.logout', from)
    const named = 'sessionId' in session ? session.sessionId : undefined
    try {
      const id = await this.#sessions.end(session, this.#now())
      attempt.allow(id === undefined ? {} : { sessionId: id, revoked: 'session' })
      return { outcome: 'allow', sessions: id === undefined ? [] : [id] }
    } catch (error) {
      return attempt.deny(error, { sessionId: named })
    }
  }

  async revokeSubject(subject: string, from?: AuditedRequest): Promise<Ended> {
    const attempt = this.#attempt('auth.revoke', from)
    try {
      const sessions = await this.#sessions.endSubject(subject, this.#now())
      attempt.allow({ principal: subject, revoked: 'subject' })
      return { outcome: 'allow', sessions }
    } catch (error) {
      return attempt.deny(error, { principal: subject })
    }
  }

  jwks(): JwkSetDocument {
    return { keys: this.#keys.published(this.#now()) }
  }

  metadata(): Readonly<Record<string, unknown>> {
    const { issuer, refresh, exchange, metadata } = this.#settings
    const grantTypes = [
      'client_credentials',
      ...(refresh === undefined ? [] : ['refresh_token']),
      ...(exchange === undefined ? [] : ['urn:ietf:params:oauth:grant-type:token-exchange']),
    ]
    return metadataOf(issuer, grantTypes, metadata)
  }

  async warmup(): Promise<void> {
    await this.#keys.warmup()
    if ((await this.#store?.ready(this.#now())) === false) throw new Error('the refresh store does not answer')
  }

  async health(): Promise<IssuerHealth> {
    const keys = this.#keys.health(this.#now())
    const ready = await this.#store?.ready(this.#now())
    if (ready === undefined) return { ready: keys.ready, keys }
    return { ready: keys.ready && ready, keys, refresh: { ready } }
  }

  async close(): Promise<void> {
    this.#keys.close()
    await this.#exchange.close()
    await this.#store?.close()
  }

  /** By a clock that tells no time nothing would ever end. */
  #now(): number {
    const now = this.#settings.clock()
    if (!Number.isFinite(now)) throw new RangeError('the clock tells no time')
    return now
  }

  #attempt(event: AuthEventName, from: AuditedRequest | undefined): Attempt {
    return new Attempt(event, this.issuer, this.#settings.audit, from)
  }

  #rotationOf(): Rotation {
    if (this.#rotation === undefined) throw new TypeError('there are no sessions: the option refresh is not given')
    return this.#rotation
  }
}

function factsOf({ clientId }: RefreshRequest, { family }: RefreshFacts): EventFacts {
  return {
    principal: family?.grant.subject,
    client: clientId,
    sessionId: family?.id,
    audience: family?.grant.audience,
  }
}

function listOf(audience: string | readonly string[]): readonly string[] {
  return typeof audience === 'string' ? [audience] : audience
}
