import {
  bearer,
  type Clock,
  ConfigurationError,
  createVerifier,
  type Principal,
  REASONS,
  type Revocation,
  type VerificationKeySource,
  type Verifier,
} from '@countersign/core'
import { checkMembers, checkText, checkTexts, isSymmetric, JWT_ALGORITHMS } from '@countersign/core/issuance'
import { type Actor, furtherClaims, type Grant } from './claims.js'
import type { Mint } from './mint.js'
import { type AccessToken, IssuanceError } from './outcome.js'
import { narrowNames } from './refresh/narrow.js'
import type { ExchangeRequest } from './requests.js'

/** Who may exchange which tokens. */
export interface ExchangeRule {
  /** The client that exchanges, as the caller authenticated it: `act.sub` and `client_id` of the new token. */
  readonly actor: string
  /** The name by which that service knows itself: a token to be exchanged has it in `aud`. Default: the actor. */
  readonly audience?: string
  /** Whom the new token may be for. */
  readonly targets: readonly string[]
}

interface OpenRule {
  readonly targets: readonly string[]
  readonly verifier: Verifier
}

interface ExchangeTerms {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly keys: VerificationKeySource
  readonly revocation: Revocation | null
  readonly clock: Clock
  readonly mint: Mint
  readonly accessTokenSeconds: number
}

/** What became known of an exchange before it ended, for its record. */
export interface ExchangeFacts {
  subject?: string
  sessionId?: string
  tokenId?: string
  /** Why the subject token was refused. */
  finer?: string
}

/** How long a chain of actors may get. */
const MOST_ACTORS = 8

/** Exchanges tokens (RFC 8693): what comes out is for another audience, says who acts, and is never more or longer than what went in. */
export class Exchange {
  readonly #rules: ReadonlyMap<string, OpenRule>
  readonly #terms: ExchangeTerms

  /** @throws {ConfigurationError} naming the rule */
  constructor(rules: readonly ExchangeRule[], terms: ExchangeTerms) {
    this.#terms = terms
    this.#rules = openRules(rules, terms)
  }

  /**
   * @param facts - filled with what becomes known
   * @throws {IssuanceError} why it is refused
   */
  async exchange(request: ExchangeRequest, now: number, facts: ExchangeFacts): Promise<AccessToken> {
    const rule = this.#rules.get(request.actor)
    if (rule === undefined) throw new IssuanceError('actor_not_allowed')
    const { principal, claims } = await verifySubject(rule.verifier, request.subjectToken, facts)
    facts.subject = principal.id
    if (typeof claims['sid'] === 'string') facts.sessionId = claims['sid']
    const asked = typeof request.audience === 'string' ? [request.audience] : request.audience
    if (!Array.isArray(asked) || asked.length === 0 || !asked.every((name) => rule.targets.includes(name)))
      throw new IssuanceError('audience_not_allowed')
    const token = this.#terms.mint.mint(grantOf(principal, claims, request, asked), {
      now,
      seconds: this.#terms.accessTokenSeconds,
      ...(principal.expiresAt === undefined ? {} : { notAfter: principal.expiresAt }),
      ...(facts.sessionId === undefined ? {} : { sessionId: facts.sessionId }),
      act: actorOf(request.actor, claims['act']),
    })
    facts.tokenId = token.tokenId
    return token
  }

  async close(): Promise<void> {
    for (const { verifier } of this.#rules.values()) await verifier.close()
  }
}

function openRules(rules: readonly ExchangeRule[], terms: ExchangeTerms): ReadonlyMap<string, OpenRule> {
  if (!Array.isArray(rules)) throw new ConfigurationError('exchange', 'must be a list of rules')
  const open = new Map<string, OpenRule>()
  for (const [index, rule] of rules.entries()) {
    const option = `exchange[${index}]`
    checkMembers(option, rule, ['actor', 'audience', 'targets'])
    const actor = checkText(`${option}.actor`, rule.actor)
    if (open.has(actor)) throw new ConfigurationError(`${option}.actor`, `is ${actor}, as of another rule`)
    const audience = checkText(`${option}.audience`, rule.audience ?? actor)
    const targets = checkTexts(`${option}.targets`, rule.targets)
    for (const [at, name] of [audience, ...targets].entries()) {
      if (!terms.audiences.includes(name))
        throw new ConfigurationError(
          at === 0 ? `${option}.audience` : `${option}.targets`,
          `names ${name}, which is not among audiences`,
        )
    }
    open.set(actor, { targets, verifier: verifierFor(audience, terms) })
  }
  return open
}

const ALGORITHMS = JWT_ALGORITHMS.filter((name) => !isSymmetric(name))

/** A token to be exchanged is verified like any other, by our own keys, for the service that received it. */
function verifierFor(audience: string, { issuer, keys, revocation, clock }: ExchangeTerms): Verifier {
  return createVerifier({
    audience,
    schemes: [bearer({ issuers: [{ issuer, algorithms: ALGORITHMS, keys, tokenType: 'at+jwt' }], skewSeconds: 0 })],
    ...(revocation === null ? {} : { revocation }),
    audit: null,
    clock,
  })
}

async function verifySubject(
  verifier: Verifier,
  subjectToken: unknown,
  facts: ExchangeFacts,
): Promise<{ readonly principal: Principal; readonly claims: Readonly<Record<string, unknown>> }> {
  if (typeof subjectToken !== 'string') throw new IssuanceError('subject_token_invalid')
  const view = {
    method: 'POST',
    target: '/',
    rawHeaders: ['authorization', `Bearer ${subjectToken}`],
    framework: 'issuer',
    readBody: () => Buffer.alloc(0),
  }
  const decision = await verifier.verify(view, { scheme: 'bearer' })
  if (decision.outcome === 'allow' && decision.auth?.principal.claims !== undefined)
    return { principal: decision.auth.principal, claims: decision.auth.principal.claims }
  const reason = decision.outcome === 'deny' ? decision.reason : 'internal'
  facts.finer = reason
  if (reason === 'keys_unavailable' || reason === 'revocation_unavailable') throw new IssuanceError(reason)
  throw new IssuanceError(REASONS[reason].kind === 'internal' ? 'internal' : 'subject_token_invalid')
}

/** Who it is about, as it was; what it allows, or less; how they authenticated, as it was; and what else the issuer wrote. */
function grantOf(
  { id, roles, scopes }: Principal,
  claims: Readonly<Record<string, unknown>>,
  request: ExchangeRequest,
  audience: readonly string[],
): Grant {
  const { auth_time: authTime, acr, amr } = claims
  return {
    subject: id,
    clientId: request.actor,
    audience,
    roles: narrowNames([...roles], request.roles, 'role_widened'),
    scopes: narrowNames([...scopes], request.scopes, 'scope_widened'),
    ...(typeof authTime === 'number' ? { authTime } : {}),
    ...(typeof acr === 'string' ? { acr } : {}),
    ...(Array.isArray(amr) ? { amr } : {}),
    claims: furtherClaims(claims),
  }
}

/** RFC 8693 section 4.1: the last actor outside, those before inside. */
function actorOf(sub: string, before: unknown): Actor {
  let depth = 1
  for (let actor = before; typeof actor === 'object' && actor !== null; depth++)
    actor = 'act' in actor ? actor.act : undefined
  if (depth > MOST_ACTORS) throw new IssuanceError('actor_not_allowed')
  // Written by this issuer: it has the form.
  return before === undefined ? { sub } : { sub, act: before as Actor }
}
