import { ConfigurationError, refusal } from '../errors.js'
import { bearerToken } from '../http/authorization.js'
import { bearerChallenge } from '../http/challenge.js'
import { singleField } from '../http/field.js'
import { DEFAULT_REPORT_SECONDS } from '../keys/key-use.js'
import { checkInteger, checkMembers, checkNumber } from '../options.js'
import type { AttemptContext, Presented, Scheme, SchemeHealth, SchemeOptions } from '../scheme.js'
import { type IssuerOptions, openIssuer } from './issuer.js'
import { PresentedToken } from './presented-token.js'
import { BearerTerms } from './terms.js'

export interface BearerOptions {
  readonly issuers: readonly IssuerOptions[]
  /** How far the issuer's clock may be from the clock here. Default 30, at most 300. */
  readonly skewSeconds?: number
  /** How many verified tokens are remembered. Default 10 000; 0 verifies every token anew. */
  readonly tokenCacheEntries?: number
}

/**
 * The scheme of JWT bearer tokens (RFC 6750, RFC 7519).
 *
 * @throws {ConfigurationError} here or in `createVerifier`: no issuers, no algorithms, unknown ones, HS beside asymmetric ones, an issuer
 *   twice, an absent `issuer` or audience (opting out is `null`), a number that is none or out of bounds, an unknown option
 */
export function bearer(options: BearerOptions): SchemeOptions {
  checkMembers('bearer', options, ['issuers', 'skewSeconds', 'tokenCacheEntries'])
  if (!Array.isArray(options.issuers) || options.issuers.length === 0) {
    throw new ConfigurationError('bearer.issuers', 'must list at least one issuer')
  }
  const skewSeconds = checkNumber('bearer.skewSeconds', options.skewSeconds ?? 30, 0, 300)
  const cacheEntries = checkInteger('bearer.tokenCacheEntries', options.tokenCacheEntries ?? 10_000, 0, 1_000_000)
  return {
    open: (setup) => {
      const issuers = options.issuers.map((issuer, index) => {
        return openIssuer(setup, `${setup.option}.issuers[${index}]`, issuer, skewSeconds)
      })
      const { keyReportSeconds = DEFAULT_REPORT_SECONDS, revocation, clientCertificates } = setup
      const settings = { cacheEntries, keyReportSeconds, skewSeconds, revocation, clientCertificates }
      return new BearerScheme(new BearerTerms(setup.option, issuers, settings))
    },
  }
}

const ACCESS_TOKEN_IN_QUERY = /[?&]access_token=/

class BearerScheme implements Scheme {
  readonly name = 'bearer'
  readonly #terms: BearerTerms

  constructor(terms: BearerTerms) {
    this.#terms = terms
  }

  present(context: AttemptContext): Presented | undefined {
    const authorization = singleField(context.view.rawHeaders, 'authorization')
    if (authorization === undefined) return undefined
    const compact = bearerToken(authorization)
    if (compact === undefined) return undefined
    // RFC 6750 section 2: one request, one way of sending the token.
    if (context.view.target.includes('access_token=') && ACCESS_TOKEN_IN_QUERY.test(context.view.target))
      throw refusal('malformed_credentials')
    return new PresentedToken(this.#terms, context, compact)
  }

  get skewSeconds(): number {
    return this.#terms.settings.skewSeconds
  }

  challenge(...asked: Parameters<Scheme['challenge']>): string {
    return bearerChallenge(...asked)
  }

  async warmup(): Promise<void> {
    await Promise.all(this.#terms.issuers.map((issuer) => issuer.keys.warmup()))
  }

  health(now: number): SchemeHealth {
    const keys = this.#terms.issuers.map(({ claims, keys }) => {
      return { ...(claims.issuer === null ? {} : { issuer: claims.issuer }), ...keys.health(now) }
    })
    const tokenCache = this.#terms.cache.health()
    const ready = keys.every((health) => health.ready)
    return { scheme: 'bearer', ready, keys, ...(tokenCache === undefined ? {} : { tokenCache }) }
  }

  async close(): Promise<void> {
    await Promise.all(this.#terms.issuers.map((issuer) => issuer.keys.close()))
  }
}
