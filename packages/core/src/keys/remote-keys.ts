import type { Awaitable } from '../chain.js'
import { refusal } from '../errors.js'
import type { JwtAlgorithm, KeyHealth, VerificationKey, VerificationKeyLookup } from '../key.js'
import type { JsonReply } from './fetch-json.js'
import { type JwkSet, membersOf, openJwkSet } from './jwk-set.js'
import { RemoteKeysError } from './remote-error.js'
import { type JwksConditionEvent, type JwksRefreshCause, publishJwksEvent } from './remote-events.js'
import type { RemoteSettings } from './remote-options.js'
import { within } from './remote-runtime.js'

/** Where a remote set is had from. */
export interface RemoteSource {
  /** Names it in messages. */
  readonly url: URL
  /** `failures`: how often in a row it failed before. */
  load(signal: AbortSignal, failures: number): Promise<JsonReply & { readonly url: URL }>
}

/** What a server may say of how long its set is fresh, in seconds. */
const LEAST_MAX_AGE = 60
const MOST_MAX_AGE = 86_400
/** The longest wait after a failure, in seconds. */
const MOST_BACKOFF = 30
/** How many absent kids are remembered, and for how long, in seconds. */
const MOST_ABSENT = 100
const ABSENT_SECONDS = 600
/** How many requests wait for a set at most. More are refused at once: a flood must not pile up behind a server that hangs. */
const MOST_WAITING = 1000

/**
 * A JWK Set that is had from elsewhere, kept fresh.
 *
 * One set is used at a time, and replaced whole by the next that is taken. It is asked for again when four fifths to nine tenths of its
 * time are over, by a timer that does not hold the process, and by whoever asks for a key where the timer is late. Requests do not
 * wait for that, unless its time was over before. After a failure it is asked for again after 1 to 2 seconds, then 2 to 4, at last 15 to 30; the last good set is used
 * until `maxStaleSeconds` after its time.
 *
 * A `kid` that is not in the set is probed for: the set is asked for, and the request waits. One probe in `cooldownSeconds` is for all kids that
 * were not heard of before. A kid that was found absent, or left the set, is remembered (a hundred are) and gets no part of that: it is
 * probed for when the set is older than a cooldown. So neither the last tokens of an old key nor a client with a wrong one stand between a new
 * key and its first token; and a flood, once the hundred are reached, shares the one probe. Whoever gets none is told by a set that is younger than
 * a cooldown that the key is unknown. While the source fails nothing is known of such a kid: `keys_unavailable`, at once.
 */
export class RemoteKeys implements VerificationKeyLookup {
  readonly #source: RemoteSource
  readonly #settings: RemoteSettings
  readonly #algorithms: readonly JwtAlgorithm[]
  #set: JwkSet | undefined
  /** When the set was asked for, in seconds of the monotonic clock, as all times here. */
  #askedAt = Number.NaN
  #freshUntil = Number.NaN
  #dueAt = Number.NEGATIVE_INFINITY
  #probedAt = Number.NEGATIVE_INFINITY
  /** Kids that were found absent, and when. */
  readonly #absentSince = new Map<string | undefined, number>()
  #failures = 0
  #lastError: RemoteKeysError | undefined
  #loading: Promise<void> | undefined
  #loadingSince = Number.NaN
  #waiting = 0
  #condition: 'starting' | 'fresh' | 'stale' | 'unavailable' = 'starting'
  #controller = new AbortController()
  #callOff: () => void = () => {}
  #isClosed = false

  constructor(source: RemoteSource, settings: RemoteSettings, algorithms: readonly JwtAlgorithm[]) {
    this.#source = source
    this.#settings = settings
    this.#algorithms = algorithms
  }

  find(kid: string | undefined, algorithm: JwtAlgorithm): Awaitable<VerificationKey | undefined> {
    const now = this.#settings.runtime.monotonic()
    if (now >= this.#dueAt) this.#refresh(now, 'schedule')
    const key = this.#usable(now)?.find(kid, algorithm)
    return key === undefined || this.#isOverdue(now) ? this.#absent(kid, algorithm, now) : key
  }

  async warmup(): Promise<void> {
    const now = this.#settings.runtime.monotonic()
    if (this.#usable(now) === undefined) {
      if (now >= this.#dueAt) this.#refresh(now, 'start')
      await this.#loading
    }
    if (this.#usable(this.#settings.runtime.monotonic()) !== undefined) return
    throw this.#lastError ?? new Error(`The keys of ${this.#source.url.origin} cannot be had: the verifier is closed`)
  }

  isUsable(wallNow: number): boolean {
    return this.#usable(this.#settings.runtime.monotonic())?.isUsable(wallNow) ?? false
  }

  /** Asks for keys that are due as well: a probe of readiness is enough to make a service ready. */
  health(wallNow: number): KeyHealth {
    const now = this.#settings.runtime.monotonic()
    if (now >= this.#dueAt) this.#refresh(now, 'schedule')
    const wait = this.#loading === undefined ? Math.max(0, this.#dueAt - now) : 0
    const nextRefreshSeconds = this.#isClosed ? {} : { nextRefreshSeconds: round(wait) }
    if (this.#set === undefined) return { ready: false, keys: 0, activeKeys: 0, stale: false, ...nextRefreshSeconds }
    const health = this.#set.keys.health(wallNow)
    return {
      ...health,
      ready: health.ready && this.#usable(now) !== undefined,
      ageSeconds: round(now - this.#askedAt),
      stale: now >= this.#freshUntil,
      ...nextRefreshSeconds,
    }
  }

  /** Asks no more. The keys that are there are good for as long as they were. */
  close(): void {
    this.#isClosed = true
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#callOff()
    this.#controller.abort()
  }

  /** The set, while it may be used. */
  #usable(now: number): JwkSet['keys'] | undefined {
    return now < this.#freshUntil + this.#settings.maxStaleSeconds ? this.#set?.keys : undefined
  }

  /** Whether the set ran out before anybody asked for the next: the process was held up, and a key may have been removed long ago. */
  #isOverdue(now: number): boolean {
    return (
      now >= this.#freshUntil &&
      this.#loading !== undefined &&
      this.#loadingSince >= this.#freshUntil &&
      this.#failures === 0
    )
  }

  /** A key that is not in the set, or in one that does not count. */
  #absent(kid: string | undefined, algorithm: JwtAlgorithm, now: number): Awaitable<VerificationKey | undefined> {
    if (this.#failures > 0) throw refusal('keys_unavailable')
    if (this.#loading === undefined && !this.#mayProbe(kid, now)) return this.#answer(kid, algorithm, now)
    if (this.#waiting >= MOST_WAITING) throw refusal('keys_unavailable')
    this.#waiting++
    return this.#seek(kid, algorithm).finally(() => this.#waiting--)
  }

  async #seek(kid: string | undefined, algorithm: JwtAlgorithm): Promise<VerificationKey | undefined> {
    const { monotonic } = this.#settings.runtime
    if (this.#loading !== undefined) {
      const since = this.#loadingSince
      const isFirst = this.#usable(monotonic()) === undefined
      await this.#loading
      const key = this.#usable(monotonic())?.find(kid, algorithm)
      if (key !== undefined) return key
      // The first set was asked for by whoever waits for it: that was the probe.
      if (isFirst) this.#probedAt = since
    }
    // Any other may have been answered before the key was published.
    const now = monotonic()
    if (this.#loading === undefined && this.#mayProbe(kid, now)) {
      if (!this.#isKnownAbsent(kid)) this.#probedAt = now
      this.#refresh(now, 'unknown_kid')
    }
    await this.#loading
    const key = this.#answer(kid, algorithm, monotonic())
    if (key === undefined) this.#rememberAbsent(kid, now)
    return key
  }

  /** @throws {CredentialError} `keys_unavailable`, where the absence of a key says nothing */
  #answer(kid: string | undefined, algorithm: JwtAlgorithm, now: number): VerificationKey | undefined {
    const key = this.#usable(now)?.find(kid, algorithm)
    if (key === undefined && (this.#failures > 0 || this.#isClosed)) throw refusal('keys_unavailable')
    return key
  }

  #mayProbe(kid: string | undefined, now: number): boolean {
    if (this.#isClosed || this.#failures > 0) return false
    return now >= (this.#isKnownAbsent(kid) ? this.#askedAt : this.#probedAt) + this.#settings.cooldownSeconds
  }

  /** With as many as are remembered it is a flood, and no kid is any better known than another. */
  #isKnownAbsent(kid: string | undefined): boolean {
    return this.#absentSince.size < MOST_ABSENT && this.#absentSince.has(kid)
  }

  #rememberAbsent(kid: string | undefined, now: number): void {
    if (this.#absentSince.size < MOST_ABSENT && !this.#absentSince.has(kid)) this.#absentSince.set(kid, now)
  }

  /** One at a time, whoever asks. */
  #refresh(now: number, cause: JwksRefreshCause): void {
    if (this.#loading !== undefined || this.#isClosed) return
    this.#callOff()
    this.#loadingSince = now
    this.#loading = this.#load(now, this.#causeOf(cause)).finally(() => {
      this.#loading = undefined
      this.#schedule()
    })
  }

  #causeOf(cause: JwksRefreshCause): JwksRefreshCause {
    if (this.#failures > 0) return 'retry'
    return this.#set === undefined ? 'start' : cause
  }

  #schedule(): void {
    if (this.#isClosed) return
    const { monotonic, after } = this.#settings.runtime
    const wait = Math.max(0, this.#dueAt - monotonic())
    this.#callOff = after(wait, () => this.#refresh(monotonic(), 'schedule'), 'lets it end')
  }

  /** Never rejects. */
  async #load(askedAt: number, cause: JwksRefreshCause): Promise<void> {
    const { timeoutSeconds, runtime } = this.#settings
    this.#controller = new AbortController()
    try {
      const { url, value, maxAgeSeconds } = await within(
        runtime,
        timeoutSeconds,
        this.#source.url,
        this.#controller,
        (signal) => this.#source.load(signal, this.#failures),
      )
      if (!this.#isClosed) this.#accept(this.#open(url, value), this.#freshSeconds(maxAgeSeconds), askedAt, cause)
    } catch (error) {
      if (!this.#isClosed) this.#fail(toRemoteError(error, this.#source.url), askedAt, cause)
    }
  }

  /** @throws {RemoteKeysError} a document of another form, too many members, none that can be used */
  #open(url: URL, document: unknown): JwkSet {
    const members = membersOf(document)
    if (members === undefined) throw new RemoteKeysError('malformed', url, 'its answer is not a JWK Set')
    const { limitKeys } = this.#settings
    if (members.length > limitKeys)
      throw new RemoteKeysError('too_many_keys', url, `its set has more than ${limitKeys} keys`)
    const set = openJwkSet(members, this.#algorithms, this.#set)
    if (set.entries.length > 0) return set
    const why = set.problem === undefined ? 'it is empty' : `${set.skipped} left out, the first because ${set.problem}`
    throw new RemoteKeysError('no_usable_key', url, `its set has no key that can be used: ${why}`)
  }

  #freshSeconds(maxAgeSeconds: number | undefined): number {
    const { refreshSeconds, cacheControl } = this.#settings
    if (maxAgeSeconds === undefined || cacheControl === 'ignore') return refreshSeconds
    return Math.min(Math.max(maxAgeSeconds, Math.min(LEAST_MAX_AGE, refreshSeconds)), MOST_MAX_AGE)
  }

  #accept(set: JwkSet, freshSeconds: number, askedAt: number, cause: JwksRefreshCause): void {
    const { monotonic, random } = this.#settings.runtime
    const previous = this.#set
    this.#set = set
    for (const [kid, since] of this.#absentSince) {
      if (askedAt >= since + ABSENT_SECONDS) this.#absentSince.delete(kid)
    }
    for (const { key } of previous?.entries ?? []) {
      if (set.keys.find(key.kid, key.algorithm) === undefined) this.#rememberAbsent(key.kid, askedAt)
    }
    this.#askedAt = askedAt
    this.#freshUntil = askedAt + freshSeconds
    this.#dueAt = askedAt + freshSeconds * (0.8 + 0.1 * random())
    this.#failures = 0
    this.#lastError = undefined
    publishJwksEvent(() => ({
      event: 'jwks.refreshed',
      v: 1,
      source: sourceName(this.#source.url),
      cause,
      keys: set.entries.length,
      skipped: set.skipped,
      ...(set.problem === undefined ? {} : { problem: set.problem }),
      added: thumbprintsMissing(set, previous),
      removed: thumbprintsMissing(previous, set),
      freshSeconds,
      durationSeconds: round(monotonic() - askedAt),
    }))
    const wasWell = this.#condition === 'starting' || this.#condition === 'fresh'
    this.#condition = 'fresh'
    if (!wasWell) this.#announce('jwks.recovered', 'can be had again')
  }

  #fail(error: RemoteKeysError, askedAt: number, cause: JwksRefreshCause): void {
    const { monotonic, random } = this.#settings.runtime
    const now = monotonic()
    this.#failures++
    this.#lastError = error
    // With jitter: a thousand processes that lost a server at once must not come back at once.
    const backoff = Math.min(2 ** this.#failures, MOST_BACKOFF) * (0.5 + 0.5 * random())
    this.#dueAt = now + backoff
    publishJwksEvent(() => ({
      event: 'jwks.refresh_failed',
      v: 1,
      source: sourceName(this.#source.url),
      cause,
      failure: error.failure,
      failures: this.#failures,
      nextRefreshSeconds: round(backoff),
      durationSeconds: round(now - askedAt),
    }))
    this.#tellDecline(now, error)
  }

  /** Says once that the set went stale, and once that it cannot be used any more. */
  #tellDecline(now: number, { message }: RemoteKeysError): void {
    if (this.#usable(now) === undefined) {
      if (this.#condition === 'unavailable') return
      this.#condition = 'unavailable'
      this.#announce('jwks.unavailable', `cannot be had, and requests that need them are refused with 503. ${message}`)
    } else if (now >= this.#freshUntil && this.#condition === 'fresh') {
      this.#condition = 'stale'
      const left = round(this.#freshUntil + this.#settings.maxStaleSeconds - now)
      this.#announce('jwks.stale', `are stale, and used for ${left} more seconds. ${message}`)
    }
  }

  #announce(event: JwksConditionEvent['event'], what: string): void {
    const source = sourceName(this.#source.url)
    publishJwksEvent(() => ({
      event,
      v: 1,
      source,
      keys: this.#set?.entries.length ?? 0,
      ...(this.#set === undefined ? {} : { ageSeconds: round(this.#settings.runtime.monotonic() - this.#askedAt) }),
    }))
    process.emitWarning(`the keys of ${source} ${what}`, { type: 'CountersignWarning' })
  }
}

function toRemoteError(error: unknown, url: URL): RemoteKeysError {
  if (error instanceof RemoteKeysError) return error
  return new RemoteKeysError('network', url, 'asking for them failed', { cause: error })
}

/** Without the query, which may be nobody's business. */
function sourceName({ origin, pathname }: URL): string {
  return origin + pathname
}

/** The thumbprints of keys in `set` that are not in `other`. */
function thumbprintsMissing(set: JwkSet | undefined, other: JwkSet | undefined): readonly string[] {
  const known = new Set(other?.entries.map(({ thumbprint }) => thumbprint))
  return (set?.entries ?? []).map(({ thumbprint }) => thumbprint).filter((thumbprint) => !known.has(thumbprint))
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
