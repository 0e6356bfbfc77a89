import { type Awaitable, chain } from '../chain.js'
import { refusal } from '../errors.js'
import { isWithdrawn, type JwtAlgorithm, keyState, type VerificationKey } from '../key.js'
import { noteUse } from '../keys/key-use.js'
import type { Principal } from '../principal.js'
import type { RevocableCredentials } from '../revocation/revocation.js'
import type { AttemptContext, Presented } from '../scheme.js'
import { bindingOf, checkBinding } from './binding.js'
import { type CheckedClaims, checkClaims, checkTimes, checkType } from './claims.js'
import type { Issuer } from './issuer.js'
import { rolesOf, scopesOf } from './roles.js'
import { verifySignature } from './signature.js'
import type { BearerTerms, VerifiedToken } from './terms.js'
import { checkObject, parseObject, parseToken, type UnverifiedToken } from './token.js'

/**
 * A token on its way: parsed, key found, signature, claims, times. A token seen before takes the same way, but for parsing and signature:
 * its key must still be the one that is found, and its times are checked again.
 */
export class PresentedToken implements Presented {
  readonly scheme = 'bearer'
  readonly isBound = true
  readonly #terms: BearerTerms
  readonly #context: AttemptContext
  readonly #compact: string
  #seen: VerifiedToken | undefined
  #token: UnverifiedToken | undefined
  #issuer: Issuer | undefined

  constructor(terms: BearerTerms, context: AttemptContext, compact: string) {
    this.#terms = terms
    this.#context = context
    this.#compact = compact
  }

  claimedName(): string | undefined {
    const { iss, sub } = parseObject((this.#token ?? parseToken(this.#compact)).payload)
    return typeof sub === 'string' ? JSON.stringify([iss, sub]) : undefined
  }

  authenticate(): Awaitable<Principal> {
    const seen = this.#terms.cache.get(this.#compact)
    if (seen !== undefined) {
      this.#seen = seen
      this.#issuer = seen.issuer
      return chain(seen.issuer.keys.find(seen.kid, seen.key.algorithm, this.#context.now), this, verifyWith)
    }
    const { facts, now } = this.#context
    const token = parseToken(this.#compact)
    const { alg, kid } = token.header
    facts.kid = kid
    if (!this.#terms.algorithms.has(alg)) throw refusal('algorithm_not_allowed')
    const issuer = this.#terms.issuerOf(token)
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
    noteUse(verified.key, now, this.#terms.settings.keyReportSeconds, verified.principal.issuer)
    if (keyState(verified.key, now) !== 'active') {
      throw refusal(isWithdrawn(verified.key) ? 'key_inactive' : this.#whyNoKey(issuer, 'key_inactive'))
    }
    facts.issuer = verified.principal.issuer
    facts.kid = verified.kid
    facts.tokenId = verified.claims.tokenId
    checkTimes(verified.claims, now, issuer.times)
    const { clientCertificates, revocation } = this.#terms.settings
    checkBinding(verified.binding, issuer.isBindingRequired, this.#context.view, clientCertificates)
    if (revocation === undefined) return verified.principal
    return chain(
      revocation.check(verified.revocable, now, 'token_revoked'),
      verified.principal,
      (_, principal) => principal,
    )
  }

  #verify(key: VerificationKey | undefined): VerifiedToken {
    const token = this.#token ?? parseToken(this.#compact)
    const issuer = this.#issuer ?? this.#terms.issuerOf(token)
    if (key === undefined) throw refusal(this.#whyNoKey(issuer, 'key_unknown'))
    // RFC 8725 section 3.1: the key decides the algorithm, never the token.
    if (key.algorithm !== token.header.alg) throw refusal('algorithm_not_allowed')
    const payload = checkObject(token.payload, verifySignature(token, key))
    checkType(token.header, issuer.claims.tokenType)
    const claims = checkClaims(payload, issuer.claims)
    const verified: VerifiedToken = {
      compact: this.#terms.cache.owned(token.compact),
      issuer,
      kid: token.header.kid,
      key,
      claims,
      binding: bindingOf(payload),
      principal: toPrincipal(payload, claims, token.header.kid, issuer),
      revocable: toRevocable(payload, claims, key.kid ?? token.header.kid),
    }
    this.#terms.cache.put(verified)
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
