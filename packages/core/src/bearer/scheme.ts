import { type Awaitable, chain } from '../chain.js'
import { ConfigurationError, refusal } from '../errors.js'
import { bearerToken } from '../http/authorization.js'
import { bearerChallenge } from '../http/challenge.js'
import { singleField } from '../http/field.js'
import {
  isWithdrawn,
  type JwtAlgorithm,
  keyState,
  type VerificationKey,
  type VerificationKeyLookup,
  type VerificationKeySource,
} from '../key.js'
import { isSymmetric, JWT_ALGORITHMS } from '../keys/algorithms.js'
import { DEFAULT_REPORT_SECONDS, noteUse } from '../keys/key-use.js'
import { checkInteger, checkMembers, checkNumber, checkOneOf, checkTextOrNull, checkTexts } from '../options.js'
import type { Principal } from '../principal.js'
import type { RevocableCredentials, RevocationGuard } from '../revocation/revocation.js'
import type { AttemptContext, Presented, Scheme, SchemeHealth, SchemeOptions, SchemeSetup } from '../scheme.js'
import { type CheckedClaims, type ClaimRules, checkClaims, checkTimes, checkType, type TimeRules } from './claims.js'
import { type ClaimPath, checkRoleRules, type RoleRules, rolesOf, type ScopeClaim, scopesOf } from './roles.js'
import { verifySignature } from './signature.js'
import { checkObject, parseObject, parseToken, type UnverifiedToken } from './token.js'
import { TokenCache } from './token-cache.js'

/** One issuer whose tokens are accepted. */
export interface IssuerOptions {
  /** `iss`, compared exactly. `null` accepts tokens of any `iss` that these keys sign; then it must be the only issuer. */
  readonly issuer: string | null
  /** What the issuer signs with. HS and asymmetric algorithms never go together. */
  readonly algorithms: readonly JwtAlgorithm[]
  /** `staticKeys([…])`, `staticJwks({ keys })`, … */
  readonly keys: VerificationKeySource
  /**
   * The claim or claims with the roles: one path as a text, or a list of paths, in which a path of several names is a list again
   * (`[['resource_access', 'my.app', 'roles']]`). Default `roles`.
   */
  readonly roles?: ClaimPath | readonly ClaimPath[]
  /** The claim with the scopes. Default `scope`, space-delimited. */
  readonly scope?: ScopeClaim
  /** `at+jwt` asks for access tokens of RFC 9068 strictly. Default `any`: `at+jwt`, `JWT` or no `typ`. */
  readonly tokenType?: 'any' | 'at+jwt'
  /** `aud` where it is not the verifier's own audience. `null` accepts tokens for anybody. */
  readonly audience?: string | null
  /** Refuses tokens issued longer ago. Default `null`: `exp` decides. */
  readonly maxAgeSeconds?: number | null
  /** `null` accepts tokens without `exp`, which never end. Default `required`. */
  readonly expiry?: 'required' | null
}

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
      return new BearerScheme(setup, issuers, cacheEntries)
    },
  }
}

/** An issuer, ready for tokens. */
interface Issuer {
  readonly algorithms: ReadonlySet<string>
  readonly keys: VerificationKeyLookup
  readonly claims: ClaimRules
  readonly roles: RoleRules
  readonly times: TimeRules
}

function openIssuer(setup: SchemeSetup, option: string, options: IssuerOptions, skewSeconds: number): Issuer {
  checkMembers(option, options, ISSUER_MEMBERS)
  const issuer = checkTextOrNull(`${option}.issuer`, options.issuer)
  const algorithms = checkAlgorithms(`${option}.algorithms`, options.algorithms)
  if (typeof options.keys?.open !== 'function')
    throw new ConfigurationError(`${option}.keys`, 'is required: staticKeys([…])')
  const audience =
    options.audience === undefined ? setup.audience : checkTextOrNull(`${option}.audience`, options.audience)
  const maxAgeSeconds = options.maxAgeSeconds ?? null
  if (maxAgeSeconds !== null) checkNumber(`${option}.maxAgeSeconds`, maxAgeSeconds, 1, 1e9)
  if (options.expiry !== undefined && options.expiry !== null)
    checkOneOf(`${option}.expiry`, options.expiry, ['required'])
  return {
    algorithms: new Set(algorithms),
    keys: options.keys.open({ clock: setup.clock, option: `${option}.keys`, algorithms }),
    claims: {
      issuer,
      audience,
      tokenType: checkOneOf(`${option}.tokenType`, options.tokenType ?? 'any', ['any', 'at+jwt']),
      expiryRequired: options.expiry !== null,
    },
    roles: checkRoleRules(option, options.roles, options.scope),
    times: { skewSeconds, maxAgeSeconds },
  }
}

function checkAlgorithms(option: string, value: unknown): readonly JwtAlgorithm[] {
  const algorithms = checkTexts(option, value).map((name, index) =>
    checkOneOf(`${option}[${index}]`, name, JWT_ALGORITHMS),
  )
  const symmetric = algorithms.filter(isSymmetric).length
  if (symmetric > 0 && symmetric < algorithms.length) {
    throw new ConfigurationError(
      option,
      'mixes HS with asymmetric algorithms: a public key could then be used as a secret',
    )
  }
  return algorithms
}

const ACCESS_TOKEN_IN_QUERY = /[?&]access_token=/

/** A token whose signature and lasting claims hold, verified with `key` for `issuer`. */
interface VerifiedToken {
  readonly compact: string
  readonly issuer: Issuer
  readonly kid: string | undefined
  readonly key: VerificationKey
  readonly claims: CheckedClaims
  readonly principal: Principal
  /** All that the token can be revoked by. */
  readonly revocable: RevocableCredentials
}

class BearerScheme implements Scheme {
  readonly name = 'bearer'
  readonly issuers: readonly Issuer[]
  readonly cache: TokenCache<VerifiedToken>
  /** An `alg` outside is refused before anything else is read of the token. */
  readonly algorithms: ReadonlySet<string>
  readonly keyReportSeconds: number
  readonly revocation: RevocationGuard | undefined
  readonly #byName = new Map<string, Issuer>()

  constructor(setup: SchemeSetup, issuers: readonly Issuer[], cacheEntries: number) {
    this.issuers = issuers
    this.cache = new TokenCache(cacheEntries)
    this.keyReportSeconds = setup.keyReportSeconds ?? DEFAULT_REPORT_SECONDS
    this.revocation = setup.revocation
    this.algorithms = new Set(issuers.flatMap((issuer) => [...issuer.algorithms]))
    for (const [index, issuer] of issuers.entries()) {
      const name = issuer.claims.issuer
      const option = `${setup.option}.issuers[${index}].issuer`
      if (name === null && issuers.length > 1) throw new ConfigurationError(option, 'is null beside another issuer')
      if (name === null) continue
      if (this.#byName.has(name)) throw new ConfigurationError(option, `is ${name}, as of another issuer`)
      this.#byName.set(name, issuer)
    }
  }

  present(context: AttemptContext): Presented | undefined {
    const authorization = singleField(context.view.rawHeaders, 'authorization')
    if (authorization === undefined) return undefined
    const compact = bearerToken(authorization)
    if (compact === undefined) return undefined
    // RFC 6750 section 2: one request, one way of sending the token.
    if (context.view.target.includes('access_token=') && ACCESS_TOKEN_IN_QUERY.test(context.view.target))
      throw refusal('malformed_credentials')
    return new PresentedToken(this, context, compact)
  }

  challenge(realm: string, reason: Parameters<Scheme['challenge']>[1], scopes: readonly string[]): string {
    return bearerChallenge(realm, reason, scopes)
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

  async warmup(): Promise<void> {
    await Promise.all(this.issuers.map((issuer) => issuer.keys.warmup()))
  }

  health(now: number): SchemeHealth {
    const keys = this.issuers.map(({ claims, keys }) => {
      return { ...(claims.issuer === null ? {} : { issuer: claims.issuer }), ...keys.health(now) }
    })
    return { scheme: 'bearer', ready: keys.every(({ ready }) => ready), keys }
  }

  async close(): Promise<void> {
    await Promise.all(this.issuers.map((issuer) => issuer.keys.close()))
  }
}

/**
 * A token on its way: parsed, key found, signature, claims, times. A token seen before takes the same way, but for parsing and signature:
 * its key must still be the one that is found, and its times are checked again.
 */
class PresentedToken implements Presented {
  readonly scheme = 'bearer'
  readonly isBound = true
  readonly #scheme: BearerScheme
  readonly #context: AttemptContext
  readonly #compact: string
  #seen: VerifiedToken | undefined
  #token: UnverifiedToken | undefined
  #issuer: Issuer | undefined

  constructor(scheme: BearerScheme, context: AttemptContext, compact: string) {
    this.#scheme = scheme
    this.#context = context
    this.#compact = compact
  }

  authenticate(): Awaitable<Principal> {
    const seen = this.#scheme.cache.get(this.#compact)
    if (seen !== undefined) {
      this.#seen = seen
      this.#issuer = seen.issuer
      return chain(seen.issuer.keys.find(seen.kid, seen.key.algorithm, this.#context.now), this, verifyWith)
    }
    const { facts, now } = this.#context
    const token = parseToken(this.#compact)
    const { alg, kid } = token.header
    facts.kid = kid
    if (!this.#scheme.algorithms.has(alg)) throw refusal('algorithm_not_allowed')
    const issuer = this.#scheme.issuerOf(token)
    facts.issuer = issuer.claims.issuer ?? undefined
    if (!issuer.algorithms.has(alg)) throw refusal('algorithm_not_allowed')
    this.#token = token
    this.#issuer = issuer
    // The set that holds `alg` was made of nothing but algorithms.
    return chain(issuer.keys.find(kid, alg as JwtAlgorithm, now), this, verifyWith)
  }

  verifyWith(key: VerificationKey | undefined): Awaitable<Principal> {
    const verified = this.#seen !== undefined && this.#seen.key === key ? this.#seen : this.#verify(key)
    const { facts, now } = this.#context
    const { issuer } = verified
    noteUse(verified.key, now, this.#scheme.keyReportSeconds, verified.principal.issuer)
    if (keyState(verified.key, now) !== 'active') {
      throw refusal(isWithdrawn(verified.key) ? 'key_inactive' : this.#whyNoKey(issuer, 'key_inactive'))
    }
    facts.issuer = verified.principal.issuer
    facts.kid = verified.kid
    facts.tokenId = verified.claims.tokenId
    checkTimes(verified.claims, now, issuer.times)
    const { revocation } = this.#scheme
    if (revocation === undefined) return verified.principal
    return chain(
      revocation.check(verified.revocable, now, 'token_revoked'),
      verified.principal,
      (_, principal) => principal,
    )
  }

  #verify(key: VerificationKey | undefined): VerifiedToken {
    const token = this.#token ?? parseToken(this.#compact)
    const issuer = this.#issuer ?? this.#scheme.issuerOf(token)
    if (key === undefined) throw refusal(this.#whyNoKey(issuer, 'key_unknown'))
    // RFC 8725 section 3.1: the key decides the algorithm, never the token.
    if (key.algorithm !== token.header.alg) throw refusal('algorithm_not_allowed')
    const payload = checkObject(token.payload, verifySignature(token, key))
    checkType(token.header, issuer.claims.tokenType)
    const claims = checkClaims(payload, issuer.claims)
    const verified: VerifiedToken = {
      compact: this.#scheme.cache.owned(token.compact),
      issuer,
      kid: token.header.kid,
      key,
      claims,
      principal: toPrincipal(payload, claims, token.header.kid, issuer),
      revocable: toRevocable(payload, claims, key.kid ?? token.header.kid),
    }
    this.#scheme.cache.put(verified)
    return verified
  }

  /** Where no key at all is active the fault is ours: a gap in rotation must not read as an attack. */
  #whyNoKey(issuer: Issuer, reason: 'key_unknown' | 'key_inactive') {
    return issuer.keys.isUsable(this.#context.now) ? reason : 'keys_unavailable'
  }
}

const verifyWith = (key: VerificationKey | undefined, token: PresentedToken) => token.verifyWith(key)

function toPrincipal(
  payload: Record<string, unknown>,
  claims: CheckedClaims,
  kid: string | undefined,
  issuer: Issuer,
): Principal {
  const principal: { -readonly [K in keyof Principal]: Principal[K] } = {
    id: claims.subject,
    scheme: 'bearer',
    roles: rolesOf(payload, issuer.roles),
    scopes: scopesOf(payload, issuer.roles),
    claims: payload,
  }
  if (kid !== undefined) principal.keyId = kid
  if (typeof payload['iss'] === 'string') principal.issuer = payload['iss']
  if (claims.expiresAt !== undefined) principal.expiresAt = claims.expiresAt
  deepFreeze(payload)
  return Object.freeze(principal)
}

function toRevocable(
  payload: Readonly<Record<string, unknown>>,
  { tokenId, subject, issuedAt }: CheckedClaims,
  keyId: string | undefined,
): RevocableCredentials {
  const { iss, sid } = payload
  return {
    scheme: 'bearer',
    issuer: typeof iss === 'string' ? iss : undefined,
    tokenId,
    subject,
    sessionId: typeof sid === 'string' ? sid : undefined,
    keyId,
    issuedAt,
  }
}

function deepFreeze(value: object): void {
  for (const name in value) {
    const member: unknown = (value as Record<string, unknown>)[name]
    if (typeof member === 'object' && member !== null) deepFreeze(member)
  }
  Object.freeze(value)
}

const ISSUER_MEMBERS: readonly string[] = [
  'issuer',
  'algorithms',
  'keys',
  'roles',
  'scope',
  'tokenType',
  'audience',
  'maxAgeSeconds',
  'expiry',
] satisfies readonly (keyof IssuerOptions)[]
