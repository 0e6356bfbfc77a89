import pino from 'pino'
import { Attempt, type River } from './attempt.js'
import type { AuditLogger } from './audit/logger.js'
import { ThrottledRecords } from './audit/throttled-records.js'
import type { Awaitable } from './chain.js'
import { type Clock, systemClock } from './clock.js'
import { closeAll } from './closing.js'
import type { Allowance, Decision } from './decision.js'
import { ConfigurationError } from './errors.js'
import { CertificateFinder } from './mtls/client-certificates.js'
import { checkAddresses } from './mtls/proxies.js'
import { checkInteger, checkMembers, checkNumber, checkText, checkTextOrNull } from './options.js'
import { type CompiledPolicy, compilePolicy, denyAll, type PolicyTerms } from './policy/evaluate.js'
import type { Policy, PolicyCheck } from './policy/policy.js'
import { type RoleHierarchy, RoleIndex } from './policy/roles.js'
import { SCHEME_NAMES } from './principal.js'
import type { RequestView } from './request-view.js'
import { guardWith } from './revocation/guard.js'
import type { Revocation, RevocationGuard } from './revocation/revocation.js'
import type { Scheme, SchemeHealth, SchemeOptions } from './scheme.js'
import { ThrottleGuard } from './throttle/guard.js'
import type { FailureThrottle } from './throttle/throttle.js'

export interface VerifierOptions {
  /** This service's own name: `aud` of the tokens it takes, the audience of the requests signed for it. `null` takes what was meant for others. */
  readonly audience: string | null
  /** `bearer({…})`, `hmac({…})`, `mutualTls({…})`: at least one, each once. */
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
  /** What counts failed attempts: `memoryThrottle()`. Absent: nobody is told to wait. */
  readonly throttle?: FailureThrottle
  /** How long its answer is waited for. Default 1. */
  readonly throttleTimeoutSeconds?: number
  /** How many records of throttled attempts are written in a second; the last of them tells of the others. Default 10. */
  readonly throttledRecordsPerSecond?: number
  /**
   * The proxies that end TLS in front of this service and forward the client's certificate as `Client-Cert` (RFC 9440): the addresses, or
   * networks, that their sockets come from. They must strip that field from what clients send. Absent: none.
   */
  readonly tlsProxies?: readonly string[]
  /** The least time between two `countersign:key` events of one key. Default 60. */
  readonly keyReportSeconds?: number
  /** For tests. */
  readonly clock?: Clock
}

export interface VerifierHealth {
  /** Whether every scheme could verify a request now. `false` from the call of `close` on. */
  readonly ready: boolean
  readonly schemes: readonly SchemeHealth[]
  /** Absent where nothing is ever revoked. */
  readonly revocation?: { readonly ready: boolean }
  /** Absent where failures are not counted. Not part of `ready`: requests are verified without it. */
  readonly throttle?: { readonly ready: boolean }
}

export interface Verifier {
  /**
   * Decides about one request and writes one audit record (throttled ones not every time). Returns a promise only where a key, a nonce, a body or the count of
   * failures has to be waited for. Never throws or rejects: an unexpected failure is a denial, `internal`, and so is a policy that
   * `checkPolicy` would have refused at start.
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
  /**
   * Writes what is left to be written, and closes key sources and stores, once however often it is called, waiting at most 5 seconds for
   * each. Call it when the last request is answered. Rejects with an error that says what is not closed; the others are.
   */
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

class RequestVerifier implements Verifier, River {
  readonly clock: Clock
  readonly schemes: readonly Scheme[]
  readonly realm: string
  readonly throttle: ThrottleGuard | undefined
  readonly throttledRecords: ThrottledRecords
  readonly #audit: AuditLogger | null | undefined
  readonly #terms: PolicyTerms
  readonly #words = new Map<string, CompiledPolicy>()
  readonly #policies = new WeakMap<object, CompiledPolicy>()
  readonly #ahead = new WeakMap<Allowance, Attempt>()
  readonly #revocation: RevocationGuard | undefined
  readonly #revocationStore: Revocation | undefined
  #defaultAudit: AuditLogger | undefined
  #closed: Promise<void> | undefined

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
      'throttle',
      'throttleTimeoutSeconds',
      'throttledRecordsPerSecond',
      'keyReportSeconds',
      'tlsProxies',
      'clock',
    ])
    const audience = checkTextOrNull('audience', options.audience)
    this.clock = options.clock ?? systemClock
    if (typeof this.clock !== 'function') throw new ConfigurationError('clock', 'must be a function')
    this.realm = options.realm === undefined ? (audience ?? 'countersign') : checkText('realm', options.realm)
    this.#audit = checkAudit(options.audit)
    if (!Array.isArray(options.schemes) || options.schemes.length === 0) {
      throw new ConfigurationError('schemes', 'must list at least one scheme: bearer({…}), hmac({…}), mutualTls({…})')
    }
    this.#revocationStore = options.revocation
    if (options.revocation !== undefined && typeof options.revocation?.isRevoked !== 'function') {
      throw new ConfigurationError('revocation', 'must be a store: memoryRevocation()')
    }
    const timeoutSeconds = checkNumber('revocationTimeoutSeconds', options.revocationTimeoutSeconds ?? 0.25, 0.001, 60)
    const revocation = options.revocation && guardWith(options.revocation, timeoutSeconds)
    this.#revocation = revocation
    this.throttle = checkThrottle(options)
    this.throttledRecords = new ThrottledRecords(
      checkInteger('throttledRecordsPerSecond', options.throttledRecordsPerSecond ?? 10, 1, 1000),
      this,
    )
    const keyReportSeconds = checkNumber('keyReportSeconds', options.keyReportSeconds ?? 60, 1, 86_400)
    const clientCertificates = new CertificateFinder(checkAddresses('tlsProxies', options.tlsProxies))
    const setup = { clock: this.clock, audience, keyReportSeconds, revocation, clientCertificates }
    // HMAC before tokens: it costs microseconds to refuse, a public-key signature ten times as much.
    this.schemes = options.schemes
      .map((scheme, index) => {
        if (typeof scheme?.open !== 'function')
          throw new ConfigurationError(`schemes[${index}]`, 'must be bearer({…}), hmac({…}) or mutualTls({…})')
        return scheme.open({ ...setup, option: `schemes[${index}]` })
      })
      .sort((left, right) => SCHEME_NAMES.indexOf(left.name) - SCHEME_NAMES.indexOf(right.name))
    const names = new Set(this.schemes.map(({ name }) => name))
    if (names.size < this.schemes.length) throw new ConfigurationError('schemes', 'has one scheme twice')
    const checks = options.checks ?? {}
    for (const [name, check] of Object.entries(checks)) {
      if (typeof check !== 'function') throw new ConfigurationError(`checks.${name}`, 'must be a function')
    }
    const skewSeconds = this.schemes.find(({ name }) => name === 'bearer')?.skewSeconds ?? 0
    this.#terms = {
      roles: new RoleIndex('roleHierarchy', options.roleHierarchy ?? {}),
      schemes: names,
      checks,
      skewSeconds,
    }
  }

  verify(view: RequestView, policy: Policy): Awaitable<Decision> {
    const compiled = this.#ready(policy)
    return compiled.kind === 'public' ? ALLOW_PUBLIC : new Attempt(this, view, compiled).decide()
  }

  verifyAhead(view: RequestView, policy: Policy): Awaitable<Decision> {
    const compiled = this.#ready(policy)
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
    const compiled = this.#ready(policy)
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
    this.#known(policy) ?? this.#remember(policy, compilePolicy(option, policy, this.#terms))
  }

  /** A policy at a request. One that nobody checked and that is none lets nobody in. */
  #ready(policy: Policy): CompiledPolicy {
    const known = this.#known(policy)
    if (known !== undefined) return known
    try {
      return this.#remember(policy, compilePolicy('policy', policy, this.#terms))
    } catch (error) {
      process.emitWarning(`a route denies every request: ${String(error)}`, { type: 'CountersignWarning' })
      return this.#remember(policy, denyAll(error))
    }
  }

  #known(policy: Policy): CompiledPolicy | undefined {
    return typeof policy === 'object' && policy !== null ? this.#policies.get(policy) : this.#words.get(policy)
  }

  #remember(policy: Policy, compiled: CompiledPolicy): CompiledPolicy {
    if (typeof policy === 'object' && policy !== null) this.#policies.set(policy, compiled)
    else this.#words.set(policy, compiled)
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
    const revocation = this.#revocation && { ready: await this.#revocation.ready(now) }
    const throttle = this.throttle && { ready: await this.throttle.ready() }
    const ready = schemes.every((scheme) => scheme.ready) && revocation?.ready !== false
    return {
      ready: ready && this.#closed === undefined,
      schemes,
      ...(revocation === undefined ? {} : { revocation }),
      ...(throttle === undefined ? {} : { throttle }),
    }
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.throttledRecords.flush()
      const parts = this.schemes.map((scheme) => ({ name: scheme.name as string, close: () => scheme.close() }))
      const store = this.#revocationStore
      if (store !== undefined) parts.push({ name: 'revocation', close: () => store.close?.() })
      const { throttle } = this
      if (throttle !== undefined) parts.push({ name: 'throttle', close: () => throttle.close() })
      this.#closed = closeAll(parts, CLOSE_SECONDS)
    }
    return this.#closed
  }
}

const CLOSE_SECONDS = 5

function checkThrottle({ throttle, throttleTimeoutSeconds }: VerifierOptions): ThrottleGuard | undefined {
  const timeoutSeconds = checkNumber('throttleTimeoutSeconds', throttleTimeoutSeconds ?? 1, 0.001, 60)
  if (throttle === undefined) return undefined
  if (typeof throttle?.fail !== 'function')
    throw new ConfigurationError('throttle', 'must be a throttle: memoryThrottle()')
  return new ThrottleGuard(throttle, timeoutSeconds)
}

function checkAudit(audit: unknown): AuditLogger | null | undefined {
  if (audit === undefined || audit === null) return audit
  const logger = audit as Partial<AuditLogger>
  for (const level of ['info', 'warn', 'error'] as const) {
    if (typeof logger[level] !== 'function')
      throw new ConfigurationError('audit', `must be a pino logger or null; it has no ${level}()`)
  }
  return logger as AuditLogger
}
