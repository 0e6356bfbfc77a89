import pino from 'pino'
import type { AuditLogger } from './audit/logger.js'
import { type AuditRecord, capped, outcomeOf } from './audit/record.js'
import { isWanted, warnOfLostRecord, writeRecord } from './audit/write.js'
import { BodyError } from './body/read.js'
import type { Awaitable } from './chain.js'
import { type Clock, systemClock } from './clock.js'
import type { Allowance, Decision, Denial } from './decision.js'
import { ConfigurationError, CredentialError, refusal } from './errors.js'
import { requestIdOf, traceIdOf } from './http/ids.js'
import { denialReply } from './http/reply.js'
import { pathAndQuery } from './http/target.js'
import { checkMembers, checkNumber, checkText, checkTextOrNull } from './options.js'
import { type CompiledPolicy, compilePolicy, type PolicyTerms } from './policy/evaluate.js'
import type { Policy, PolicyCheck } from './policy/policy.js'
import { type RoleHierarchy, RoleIndex } from './policy/roles.js'
import type { Auth, Principal, SchemeName } from './principal.js'
import { type DenyReason, REASONS } from './reason.js'
import type { RequestView } from './request-view.js'
import { guardWith } from './revocation/guard.js'
import type { Revocation, RevocationGuard } from './revocation/revocation.js'
import type { AttemptFacts, Presented, Scheme, SchemeHealth, SchemeOptions } from './scheme.js'

export interface VerifierOptions {
  /** This service's own name: `aud` of the tokens it takes, the audience of the requests signed for it. `null` takes what was meant for others. */
  readonly audience: string | null
  /** `bearer({…})`, `hmac({…})`: at least one, each once. */
  readonly schemes: readonly SchemeOptions[]
  readonly roleHierarchy?: RoleHierarchy
  /** Functions that policies refer to by name. */
  readonly checks?: Readonly<Record<string, PolicyCheck>>
  /** Where attempts are written. Absent: the request's own logger, where its framework has one, else pino on stdout. `null`: nowhere. */
  readonly audit?: AuditLogger | null
  /** `realm` of challenges. Default: the audience. */
  readonly realm?: string
  /** Where revoked tokens and keys are known: `memoryRevocation()`. Absent: nothing is ever revoked. */
  readonly revocation?: Revocation
  /** How long its answer is waited for. Default 0.25. */
  readonly revocationTimeoutSeconds?: number
  /** The least time between two `countersign:key` events of one key. Default 60. */
  readonly keyReportSeconds?: number
  /** For tests. */
  readonly clock?: Clock
}

export interface VerifierHealth {
  /** Whether every scheme could verify a request now. */
  readonly ready: boolean
  readonly schemes: readonly SchemeHealth[]
  /** Absent where nothing is ever revoked. */
  readonly revocation?: { readonly ready: boolean }
}

export interface Verifier {
  /**
   * Decides about one request and writes one audit record. Returns a promise only where a key, a nonce or a body has to be
   * waited for. Never throws or rejects for what a request says; an unexpected failure is a denial, `internal`.
   *
   * @throws {ConfigurationError} for a policy that is none: see `checkPolicy`
   */
  verify(view: RequestView, policy: Policy): Awaitable<Decision>
  /**
   * As `verify`, for a guard before the route is known: the record of an allowance waits for `narrow` or `settle`, so that
   * one request leaves one record.
   */
  verifyAhead(view: RequestView, policy: Policy): Awaitable<Decision>
  /**
   * Asks a further policy of a request that was verified. Credentials are not verified again, nor is a nonce claimed twice. Where the
   * record of `allowance` still waits, that of the new allowance waits in its place. After a public policy, which looks at no
   * credentials, it is `verifyAhead`.
   */
  narrow(allowance: Allowance, view: RequestView, policy: Policy): Awaitable<Decision>
  /** Writes the record of the last allowance of `verifyAhead` and `narrow`. Does nothing the second time. */
  settle(allowance: Allowance): void
  /**
   * Checks a policy, and makes it ready, before the first request comes.
   *
   * @throws {ConfigurationError} naming the member that is wrong
   */
  checkPolicy(policy: Policy, option?: string): void
  /** Resolves when keys are loaded and stores reachable; rejects with an error that says what is not. */
  warmup(): Promise<void>
  health(): Promise<VerifierHealth>
  close(): Promise<void>
}

/**
 * Makes a verifier: every option is checked here, once, and nothing is changed afterwards.
 *
 * @throws {ConfigurationError} naming the option: absent, wrong, dangerous or unknown
 */
export function createVerifier(options: VerifierOptions): Verifier {
  return new RequestVerifier(options)
}

const ALLOW_PUBLIC: Allowance = Object.freeze({ outcome: 'allow', auth: null })

class RequestVerifier implements Verifier {
  readonly clock: Clock
  readonly schemes: readonly Scheme[]
  readonly realm: string
  readonly #audit: AuditLogger | null | undefined
  readonly #terms: PolicyTerms
  readonly #words = new Map<string, CompiledPolicy>()
  readonly #policies = new WeakMap<object, CompiledPolicy>()
  readonly #ahead = new WeakMap<Allowance, Attempt>()
  readonly #revocation: RevocationGuard | undefined
  readonly #revocationStore: Revocation | undefined
  #defaultAudit: AuditLogger | undefined

  constructor(options: VerifierOptions) {
    checkMembers('options', options, [
      'audience',
      'schemes',
      'roleHierarchy',
      'checks',
      'audit',
      'realm',
      'revocation',
      'revocationTimeoutSeconds',
      'keyReportSeconds',
      'clock',
    ])
    const audience = checkTextOrNull('audience', options.audience)
    this.clock = options.clock ?? systemClock
    if (typeof this.clock !== 'function') throw new ConfigurationError('clock', 'must be a function')
    this.realm = options.realm === undefined ? (audience ?? 'countersign') : checkText('realm', options.realm)
    this.#audit = checkAudit(options.audit)
    if (!Array.isArray(options.schemes) || options.schemes.length === 0) {
      throw new ConfigurationError('schemes', 'must list at least one scheme: bearer({…}), hmac({…})')
    }
    this.#revocationStore = options.revocation
    if (options.revocation !== undefined && typeof options.revocation?.isRevoked !== 'function') {
      throw new ConfigurationError('revocation', 'must be a store: memoryRevocation()')
    }
    const timeoutSeconds = checkNumber('revocationTimeoutSeconds', options.revocationTimeoutSeconds ?? 0.25, 0.001, 60)
    const revocation = options.revocation && guardWith(options.revocation, timeoutSeconds)
    this.#revocation = revocation
    const keyReportSeconds = checkNumber('keyReportSeconds', options.keyReportSeconds ?? 60, 1, 86_400)
    // HMAC first: it costs microseconds to refuse, a public-key signature ten times as much.
    this.schemes = options.schemes
      .map((scheme, index) => {
        if (typeof scheme?.open !== 'function')
          throw new ConfigurationError(`schemes[${index}]`, 'must be bearer({…}) or hmac({…})')
        return scheme.open({ clock: this.clock, audience, option: `schemes[${index}]`, keyReportSeconds, revocation })
      })
      .sort((left, right) => SCHEME_ORDER.indexOf(left.name) - SCHEME_ORDER.indexOf(right.name))
    const names = new Set(this.schemes.map(({ name }) => name))
    if (names.size < this.schemes.length) throw new ConfigurationError('schemes', 'has one scheme twice')
    const checks = options.checks ?? {}
    for (const [name, check] of Object.entries(checks)) {
      if (typeof check !== 'function') throw new ConfigurationError(`checks.${name}`, 'must be a function')
    }
    this.#terms = { roles: new RoleIndex('roleHierarchy', options.roleHierarchy ?? {}), schemes: names, checks }
  }

  verify(view: RequestView, policy: Policy): Awaitable<Decision> {
    const compiled = this.compile(policy, 'policy')
    return compiled.kind === 'public' ? ALLOW_PUBLIC : new Attempt(this, view, compiled).decide()
  }

  verifyAhead(view: RequestView, policy: Policy): Awaitable<Decision> {
    const compiled = this.compile(policy, 'policy')
    if (compiled.kind === 'public') return ALLOW_PUBLIC
    const attempt = new Attempt(this, view, compiled)
    attempt.isAhead = true
    return attempt.decide()
  }

  /** @internal */
  keepAhead(allowance: Allowance, attempt: Attempt): void {
    this.#ahead.set(allowance, attempt)
  }

  narrow(allowance: Allowance, view: RequestView, policy: Policy): Awaitable<Decision> {
    const compiled = this.compile(policy, 'policy')
    // A public route did not look at the credentials.
    if (allowance === ALLOW_PUBLIC) return this.verifyAhead(view, policy)
    if (compiled.kind !== 'required') return allowance
    const attempt = new Attempt(this, view, compiled)
    const ahead = this.#ahead.get(allowance)
    if (ahead !== undefined) attempt.follow(ahead)
    this.#ahead.delete(allowance)
    return attempt.decideAgain(allowance.auth)
  }

  settle(allowance: Allowance): void {
    this.#ahead.get(allowance)?.record(undefined, allowance.auth)
    this.#ahead.delete(allowance)
  }

  checkPolicy(policy: Policy, option = 'policy'): void {
    this.compile(policy, option)
  }

  compile(policy: Policy, option: string): CompiledPolicy {
    let compiled = typeof policy === 'string' ? this.#words.get(policy) : this.#policies.get(policy)
    if (compiled === undefined) {
      compiled = compilePolicy(option, policy, this.#terms)
      if (typeof policy === 'string') this.#words.set(policy, compiled)
      else this.#policies.set(policy, compiled)
    }
    return compiled
  }

  auditFor(view: RequestView): AuditLogger | null {
    if (this.#audit !== undefined) return this.#audit
    if (view.log !== undefined) return view.log
    this.#defaultAudit ??= pino()
    return this.#defaultAudit
  }

  async warmup(): Promise<void> {
    await Promise.all(this.schemes.map((scheme) => scheme.warmup()))
    const { schemes, revocation } = await this.health()
    const lacking: string[] = schemes.filter(({ ready }) => !ready).map(({ scheme }) => scheme)
    if (revocation?.ready === false) lacking.push('revocation')
    if (lacking.length > 0)
      throw new Error(`Not ready to verify: ${lacking.join(', ')} (no active key, or a store out of reach)`)
  }

  async health(): Promise<VerifierHealth> {
    const now = this.clock()
    const schemes = await Promise.all(this.schemes.map((scheme) => scheme.health(now)))
    const ready = schemes.every((scheme) => scheme.ready)
    if (this.#revocation === undefined) return { ready, schemes }
    const revocation = { ready: await this.#revocation.ready(now) }
    return { ready: ready && revocation.ready, schemes, revocation }
  }

  async close(): Promise<void> {
    await Promise.all([...this.schemes.map((scheme) => scheme.close()), this.#revocationStore?.close?.()])
  }
}

const SCHEME_ORDER: readonly SchemeName[] = ['hmac', 'bearer']

function checkAudit(audit: unknown): AuditLogger | null | undefined {
  if (audit === undefined || audit === null) return audit
  const logger = audit as Partial<AuditLogger>
  for (const level of ['info', 'warn', 'error'] as const) {
    if (typeof logger[level] !== 'function')
      throw new ConfigurationError('audit', `must be a pino logger or null; it has no ${level}()`)
  }
  return logger as AuditLogger
}

/**
 * One request on the river: credentials, principals, policy, the rest, decision. The only place that catches. Its steps are methods that
 * take what the step before came to, so that one path serves what is here and what has to be waited for.
 */
class Attempt {
  /** Whether the record of an allowance is to wait. */
  isAhead = false
  readonly view: RequestView
  now = Number.NaN
  readonly facts: AttemptFacts = {}
  readonly #verifier: RequestVerifier
  readonly #policy: CompiledPolicy
  readonly #startedAt: number
  #allowedAt: number | undefined
  #earlierUs = 0
  #presented: readonly Presented[] = []
  #principal: Principal | undefined
  #actor: Principal | undefined

  constructor(verifier: RequestVerifier, view: RequestView, policy: CompiledPolicy) {
    this.#startedAt = performance.now()
    this.#verifier = verifier
    this.#policy = policy
    this.view = view
  }

  decide(): Awaitable<Decision> {
    try {
      this.now = this.#verifier.clock()
      // By a clock that tells no time nothing would ever be too old.
      if (!Number.isFinite(this.now)) throw new RangeError('the clock tells no time')
      const decision = this.#authenticate()
      return decision instanceof Promise ? decision.catch((error) => this.#deny(error)) : decision
    } catch (error) {
      return this.#deny(error)
    }
  }

  /** Decides about principals that an earlier attempt verified. */
  decideAgain(auth: Auth | null): Awaitable<Decision> {
    try {
      if (auth === null) throw refusal('missing_credentials')
      this.facts.scheme = auth.principal.scheme
      this.#principal = auth.principal
      this.#actor = auth.actor
      const decision = this.#authorize(auth)
      return decision instanceof Promise ? decision.catch((error) => this.#deny(error)) : decision
    } catch (error) {
      return this.#deny(error)
    }
  }

  /** Takes the place of an earlier attempt whose record waits. */
  follow(earlier: Attempt): void {
    Object.assign(this.facts, earlier.facts)
    this.isAhead = true
    this.#earlierUs = earlier.#durationUs()
  }

  /** Of the verification alone: a record that waits does not grow older. */
  #durationUs(): number {
    return this.#earlierUs + Math.round(((this.#allowedAt ?? performance.now()) - this.#startedAt) * 1000)
  }

  #authenticate(): Awaitable<Decision> {
    const presented: Presented[] = []
    for (const scheme of this.#verifier.schemes) {
      this.facts.scheme = scheme.name
      const credentials = scheme.present(this)
      if (credentials !== undefined) presented.push(credentials)
    }
    this.facts.scheme = undefined
    if (presented.length === 0) return this.#anonymous()
    // Refuses a target in absolute form that names another host, whichever scheme is used.
    pathAndQuery(this.view)
    this.#presented = presented
    return this.#verifyFrom(0)
  }

  /** Nobody presented credentials of a known scheme. An Authorization header of another scheme is not nothing. */
  #anonymous(): Decision {
    if (this.#policy.kind !== 'optional') throw refusal('missing_credentials')
    const { rawHeaders } = this.view
    for (let index = 0; index < rawHeaders.length; index += 2) {
      if (rawHeaders[index]?.toLowerCase() === 'authorization') throw refusal('missing_credentials')
    }
    return this.#allow(null)
  }

  #verifyFrom(first: number): Awaitable<Decision> {
    for (let index = first; index < this.#presented.length; index++) {
      const credentials = this.#presented[index] as Presented
      this.facts.scheme = credentials.scheme
      const principal = credentials.authenticate()
      if (principal instanceof Promise) {
        return principal.then((settled) => {
          this.#accept(settled)
          return this.#verifyFrom(index + 1)
        })
      }
      this.#accept(principal)
    }
    return this.#authorize(this.#auth())
  }

  /** A user's token makes the user the principal, and the service that signed the request beside it the actor (RFC 8693). */
  #accept(principal: Principal): void {
    this.#actor = this.#principal
    this.#principal = principal
  }

  #auth(): Auth {
    if (this.#principal === undefined) throw new Error('nobody was verified')
    return this.#actor === undefined
      ? { principal: this.#principal }
      : { principal: this.#principal, actor: this.#actor }
  }

  #authorize(auth: Auth): Awaitable<Decision> {
    this.facts.scheme = auth.principal.scheme
    const denial = this.#policy.test(auth, this.view)
    return denial instanceof Promise
      ? denial.then((settled) => this.#completeUnless(settled, auth))
      : this.#completeUnless(denial, auth)
  }

  #completeUnless(denial: DenyReason | undefined, auth: Auth): Awaitable<Decision> {
    if (denial !== undefined) throw refusal(denial)
    return this.#completeFrom(0, auth)
  }

  /** Reads bodies and remembers nonces, now that everything else holds. */
  #completeFrom(first: number, auth: Auth): Awaitable<Decision> {
    for (let index = first; index < this.#presented.length; index++) {
      const credentials = this.#presented[index] as Presented
      if (credentials.complete === undefined) continue
      this.facts.scheme = credentials.scheme
      const completed = credentials.complete()
      if (completed instanceof Promise) return completed.then(() => this.#completeFrom(index + 1, auth))
    }
    this.facts.scheme = auth.principal.scheme
    return this.#allow(auth)
  }

  #allow(auth: Auth | null): Allowance {
    const allowance: Allowance = { outcome: 'allow', auth }
    if (!this.isAhead) this.record(undefined, auth)
    else {
      this.#allowedAt = performance.now()
      this.#verifier.keepAhead(allowance, this)
    }
    return allowance
  }

  #deny(error: unknown): Denial {
    const reason = reasonOf(error)
    const { kind, status } = REASONS[reason]
    const requestId = requestIdOf(this.view)
    this.record(reason, null, requestId, error)
    return { outcome: 'deny', reason, kind, status, reply: denialReply(reason, this.#challenges(reason), requestId) }
  }

  /** One challenge for each scheme that would have been accepted; the error in that of the scheme that was used. */
  #challenges(reason: DenyReason): readonly string[] {
    const { kind, status } = REASONS[reason]
    if (kind === 'dependency' || kind === 'internal' || kind === 'throttle') return []
    const used = reason === 'missing_credentials' ? undefined : this.facts.scheme
    const offered = this.#verifier.schemes.filter(({ name }) => {
      if (status === 403 || status === 400) return name === used
      return this.#policy.schemes?.has(name) ?? true
    })
    return offered.map((scheme) => {
      const said = scheme.name === used && reason !== 'scheme_required' ? reason : undefined
      return scheme.challenge(this.#verifier.realm, said, this.#policy.scopes)
    })
  }

  /** Writes the record of this attempt. What describing it throws (a getter of the view) changes no decision either. */
  record(reason: DenyReason | undefined, auth: Auth | null, requestId?: string, error?: unknown): void {
    try {
      const logger = this.#verifier.auditFor(this.view)
      if (isWanted(logger)) writeRecord(this.#describe(reason, auth, requestId, error), logger)
    } catch (problem) {
      warnOfLostRecord(problem)
    }
  }

  #describe(
    reason: DenyReason | undefined,
    auth: Auth | null,
    requestId: string | undefined,
    error: unknown,
  ): AuditRecord {
    const { view, facts } = this
    const known = {
      status: reason === undefined ? undefined : REASONS[reason].status,
      scheme: facts.scheme,
      principal: (auth?.principal ?? this.#principal)?.id,
      actor: (auth?.actor ?? this.#actor)?.id,
      issuer: facts.issuer,
      keyId: facts.keyId,
      kid: facts.kid,
      tokenId: facts.tokenId,
      roles: this.#policy.roles.length === 0 ? undefined : this.#policy.roles,
      route: view.route,
      ip: view.ip,
      traceId: traceIdOf(view),
      error: reason === 'internal' ? errorName(error) : undefined,
    }
    return {
      event: 'auth.attempt',
      v: 1,
      outcome: outcomeOf(reason, auth),
      ...(reason === undefined ? {} : { reason }),
      ...withoutAbsent(known),
      method: capped(view.method),
      requestId: capped(requestId ?? requestIdOf(view)),
      framework: view.framework,
      durationUs: this.#durationUs(),
    }
  }
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

/** Leaves absent values out, and cuts texts to length. */
function withoutAbsent<T extends Readonly<Record<string, unknown>>>(values: T): Present<T> {
  const present: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) present[name] = typeof value === 'string' ? capped(value) : value
  }
  return present as Present<T>
}

function reasonOf(error: unknown): DenyReason {
  if (error instanceof CredentialError) return error.reason
  return error instanceof BodyError ? error.failure : 'internal'
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error
}
