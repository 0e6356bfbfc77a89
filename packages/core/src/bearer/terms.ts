import { ConfigurationError, refusal } from '../errors.js'
import type { VerificationKey } from '../key.js'
import type { Principal } from '../principal.js'
import type { RevocableCredentials, RevocationGuard } from '../revocation/revocation.js'
import type { ClientCertificates } from '../scheme.js'
import type { Binding } from './binding.js'
import type { CheckedClaims } from './claims.js'
import type { Issuer } from './issuer.js'
import { parseObject, type UnverifiedToken } from './token.js'
import { TokenCache } from './token-cache.js'

/** A token whose signature and lasting claims hold, verified with `key` for `issuer`. */
export interface VerifiedToken {
  readonly compact: string
  readonly issuer: Issuer
  readonly kid: string | undefined
  readonly key: VerificationKey
  readonly claims: CheckedClaims
  readonly principal: Principal
  readonly binding: Binding
  /** All that the token can be revoked by. */
  readonly revocable: RevocableCredentials
}

export interface BearerSettings {
  readonly cacheEntries: number
  readonly keyReportSeconds: number
  /** How far an issuer's clock may be from the clock here. */
  readonly skewSeconds: number
  readonly revocation: RevocationGuard | undefined
  readonly clientCertificates: ClientCertificates | undefined
}

/** What tokens are verified by: the issuers, what was verified before, and the settings. */
export class BearerTerms {
  readonly issuers: readonly Issuer[]
  readonly settings: BearerSettings
  readonly cache: TokenCache<VerifiedToken>
  /** An `alg` outside is refused before anything else is read of the token. */
  readonly algorithms: ReadonlySet<string>
  readonly #byName = new Map<string, Issuer>()

  /** @throws {ConfigurationError} an issuer twice, or one that is `null` beside another */
  constructor(option: string, issuers: readonly Issuer[], settings: BearerSettings) {
    this.issuers = issuers
    this.settings = settings
    this.cache = new TokenCache(settings.cacheEntries)
    this.algorithms = new Set(issuers.flatMap((issuer) => [...issuer.algorithms]))
    for (const [index, issuer] of issuers.entries()) {
      const name = issuer.claims.issuer
      const place = `${option}.issuers[${index}].issuer`
      if (name === null && issuers.length > 1) throw new ConfigurationError(place, 'is null beside another issuer')
      if (name === null) continue
      if (this.#byName.has(name)) throw new ConfigurationError(place, `is ${name}, as of another issuer`)
      this.#byName.set(name, issuer)
    }
  }

  /**
   * The issuer that a token names. Where there is only one its claims are read once, after the signature; where there are several
   * the payload has to be looked at before.
   *
   * @throws {CredentialError} `issuer_invalid`, `token_malformed`
   */
  issuerOf(token: UnverifiedToken): Issuer {
    if (this.issuers.length === 1) return this.issuers[0] as Issuer
    const name = parseObject(token.payload)['iss']
    const issuer = typeof name === 'string' ? this.#byName.get(name) : undefined
    if (issuer === undefined) throw refusal('issuer_invalid')
    return issuer
  }
}
