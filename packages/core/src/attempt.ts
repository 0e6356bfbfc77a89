import { randomUUID } from 'node:crypto'
import { describeAttempt } from './audit/describe.js'
import type { AuditLogger } from './audit/logger.js'
import { warnOfLostRecord } from './audit/lost.js'
import type { ThrottledRecords } from './audit/throttled-records.js'
import { isWanted, writeRecord } from './audit/write.js'
import { BodyError } from './body/read.js'
import { type Awaitable, chain } from './chain.js'
import type { Clock } from './clock.js'
import type { Allowance, Decision, Denial } from './decision.js'
import { CredentialError, refusal, StepUpError } from './errors.js'
import { requestIdOf } from './http/ids.js'
import { denialReply } from './http/reply.js'
import { pathAndQuery } from './http/target.js'
import type { CompiledPolicy, PolicyDenial } from './policy/evaluate.js'
import type { Auth, Principal } from './principal.js'
import { type DenyReason, isFailedTrial, REASONS } from './reason.js'
import type { RequestView } from './request-view.js'
import type { AttemptContext, AttemptFacts, Presented, Scheme } from './scheme.js'
import type { ThrottleGuard } from './throttle/guard.js'

/** What an attempt needs of the verifier that it is made by. */
export interface River {
  readonly clock: Clock
  readonly schemes: readonly Scheme[]
  readonly realm: string
  /** Absent: failures are not counted. */
  readonly throttle: ThrottleGuard | undefined
  readonly throttledRecords: ThrottledRecords
  auditFor(view: RequestView): AuditLogger | null
  /** Keeps an allowance whose record waits. */
  keepAhead(allowance: Allowance, attempt: Attempt): void
}

/**
 * One request on the river: credentials, principals, policy, the rest, decision. The only place that catches. Its steps are methods that
 * take what the step before came to, so that one path serves what is here and what has to be waited for.
 */
export class Attempt implements AttemptContext {
  /** Whether the record of an allowance is to wait. */
  isAhead: boolean = false
  readonly view: RequestView
  now: number = Number.NaN
  readonly facts: AttemptFacts = {}
  readonly #river: River
  readonly #policy: CompiledPolicy
  readonly #startedAt: number
  #allowedAt: number | undefined
  #earlierUs = 0
  #presented: readonly Presented[] = []
  #principal: Principal | undefined
  #actor: Principal | undefined

  constructor(river: River, view: RequestView, policy: CompiledPolicy) {
    this.#startedAt = performance.now()
    this.#river = river
    this.#policy = policy
    this.view = view
  }

  decide(): Awaitable<Decision> {
    try {
      this.#readClock()
      const decision = this.#authenticate()
      return decision instanceof Promise ? decision.catch((error) => this.#deny(error)) : decision
    } catch (error) {
      return this.#deny(error)
    }
  }

  #readClock(): void {
    this.now = this.#river.clock()
    // By a clock that tells no time nothing would ever be too old.
    if (!Number.isFinite(this.now)) throw new RangeError('the clock tells no time')
  }

  /** Decides about principals that an earlier attempt verified. */
  decideAgain(auth: Auth | null): Awaitable<Decision> {
    try {
      this.#readClock()
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
    for (const scheme of this.#river.schemes) {
      this.facts.scheme = scheme.name
      const credentials = scheme.present(this)
      if (credentials !== undefined) presented.push(credentials)
    }
    this.facts.scheme = undefined
    if (presented.length === 0) return this.#anonymous()
    // One who captured signed credentials that cover no others could use them on behalf of whomever they like.
    if (presented.length > 1 && !presented.every(({ isBound }) => isBound)) throw refusal('binding_invalid')
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

  /**
   * A user's token makes the user the principal, and the service that signed the request beside it, or whose connection it is, the actor
   * (RFC 8693). A service that proves twice who it is must be one.
   */
  #accept(principal: Principal): void {
    const earlier = this.#principal
    if (principal.scheme === 'bearer') this.#actor = earlier
    else if (earlier !== undefined && earlier.id !== principal.id) throw refusal('binding_invalid')
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
    const denial = this.#policy.test(auth, this.view, this.now)
    return denial instanceof Promise
      ? denial.then((settled) => this.#completeUnless(settled, auth))
      : this.#completeUnless(denial, auth)
  }

  #completeUnless(denial: PolicyDenial | undefined, auth: Auth): Awaitable<Decision> {
    if (denial !== undefined) throw typeof denial === 'string' ? refusal(denial) : denial
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
      this.#river.keepAhead(allowance, this)
    }
    return allowance
  }

  /** Where the river ends badly. A failed trial is counted, and where it is one too many it is answered with no more than that. */
  #deny(error: unknown): Awaitable<Denial> {
    const reason = reasonOf(error)
    const { throttle } = this.#river
    if (throttle === undefined || !isFailedTrial(reason)) return this.#denial(reason, error)
    const failed = this.#presented.find(({ scheme }) => scheme === this.facts.scheme)
    return chain(throttle.countFailure(this.view, failed), this, (secondsToWait, attempt) => {
      return secondsToWait > 0 ? attempt.#denial('throttled', error, secondsToWait) : attempt.#denial(reason, error)
    })
  }

  #denial(reason: DenyReason, error: unknown, retryAfterSeconds?: number): Denial {
    const { kind, status } = REASONS[reason]
    const requestId = this.#requestId()
    this.record(reason, null, requestId, error)
    const reply = denialReply(reason, this.#challenges(reason, error), requestId, retryAfterSeconds)
    return { outcome: 'deny', reason, kind, status, reply }
  }

  /** A view whose getters throw must not turn a denial into an exception. */
  #requestId(): string {
    try {
      return requestIdOf(this.view)
    } catch {
      return randomUUID()
    }
  }

  /** One challenge for each scheme that would have been accepted; the error in that of the scheme that was used. */
  #challenges(reason: DenyReason, error: unknown): readonly string[] {
    const { kind, status } = REASONS[reason]
    if (kind === 'dependency' || kind === 'internal' || kind === 'throttle') return []
    const used = reason === 'missing_credentials' ? undefined : this.facts.scheme
    const offered = this.#river.schemes.filter(({ name }) => {
      if (status === 403 || status === 400) return name === used
      return this.#policy.schemes?.has(name) ?? true
    })
    const stepUp = error instanceof StepUpError ? error.stepUp : undefined
    return offered.map((scheme) => {
      const said = scheme.name === used && reason !== 'scheme_required' ? reason : undefined
      return scheme.challenge(this.#river.realm, said, this.#policy.scopes, stepUp)
    })
  }

  /** Writes the record of this attempt. What describing it throws (a getter of the view) changes no decision either. */
  record(reason: DenyReason | undefined, auth: Auth | null, requestId?: string, error?: unknown): void {
    try {
      const logger = this.#river.auditFor(this.view)
      if (!isWanted(logger)) return
      const described = describeAttempt({
        view: this.view,
        facts: this.facts,
        reason,
        auth,
        principal: auth?.principal ?? this.#principal,
        actor: auth?.actor ?? this.#actor,
        roles: this.#policy.roles,
        requestId: requestId ?? requestIdOf(this.view),
        durationUs: this.#durationUs(),
        error,
      })
      if (reason === 'throttled') this.#river.throttledRecords.write(described, logger, this.now)
      else writeRecord(described, logger, this.#river)
    } catch (problem) {
      warnOfLostRecord(problem)
    }
  }
}

function reasonOf(error: unknown): DenyReason {
  if (error instanceof CredentialError) return error.reason
  return error instanceof BodyError ? error.failure : 'internal'
}
