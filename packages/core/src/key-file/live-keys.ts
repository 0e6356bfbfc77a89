import type { Awaitable } from '../chain.js'
import type { Clock } from '../clock.js'
import { withinSeconds } from '../deadline.js'
import { ConfigurationError, refusal } from '../errors.js'
import type { KeyHealth } from '../key.js'
import { publishKeyEvent } from '../keys/key-events.js'
import { type KeyFeed, KeyFeedError } from './feed.js'
import type { KeyEncryptionKey } from './seal.js'
import { Slices } from './slices.js'
import { openSnapshot, type Snapshot } from './snapshot.js'

export interface LiveKeysSettings {
  readonly readKeks: () => readonly KeyEncryptionKey[]
  /** How long a request waits for the first document. */
  readonly firstLoadSeconds: number
  /** How long keys are good for when their source cannot be had. `null`: for ever. */
  readonly maxStaleSeconds: number | null
}

/**
 * The keys of a feed: always one whole set. A document that cannot be had or taken leaves the set before in place and says so, once for each
 * problem. Watched for as long as somebody has it open.
 */
export class LiveKeys {
  readonly #feed: KeyFeed
  readonly #settings: LiveKeysSettings
  #snapshot: Snapshot | undefined
  #confirmedAt = Number.NaN
  /** Why the last document was not taken. */
  #problem: string | undefined
  #users = 0
  #unwatch: (() => void) | undefined
  #refreshing: Promise<void> | undefined
  #isDue = false
  #clock: Clock | undefined

  constructor(feed: KeyFeed, settings: LiveKeysSettings) {
    this.#feed = feed
    this.#settings = settings
  }

  get name(): string {
    return this.#feed.name
  }

  open(clock: Clock): void {
    this.#clock ??= clock
    this.#users++
    if (this.#users > 1) return
    this.#unwatch = this.#feed.watch(() => void this.refresh())
    void this.refresh()
  }

  close(): void {
    this.#users--
    if (this.#users > 0) return
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  /**
   * The keys as they are now, at once where there are any.
   *
   * @throws {CredentialError} `keys_unavailable`: none could be had so far, or none for too long
   */
  current(now: number): Awaitable<Snapshot> {
    const snapshot = this.peek(now)
    if (snapshot !== undefined) return snapshot
    if (this.#refreshing === undefined || this.#snapshot !== undefined) throw refusal('keys_unavailable')
    return withinSeconds(this.#refreshing, this.#settings.firstLoadSeconds, () => refusal('keys_unavailable')).then(
      () => {
        const loaded = this.peek(now)
        if (loaded === undefined) throw refusal('keys_unavailable')
        return loaded
      },
    )
  }

  /** The keys as they are now, where there are any that are not too old. */
  peek(now: number): Snapshot | undefined {
    const { maxStaleSeconds } = this.#settings
    if (maxStaleSeconds === null || this.#problem === undefined) return this.#snapshot
    return now - this.#confirmedAt > maxStaleSeconds ? undefined : this.#snapshot
  }

  /** @throws {Error} that no keys could be had, and why */
  async warmup(): Promise<void> {
    if (this.#snapshot === undefined) await (this.#refreshing ?? this.refresh())
    if (this.#snapshot === undefined) throw new Error(`${this.name} was not taken: ${this.#problem ?? 'unknown error'}`)
  }

  /** What can be told of the source; the keys are told of by whoever uses them. */
  health(now: number): Pick<KeyHealth, 'ageSeconds' | 'stale'> {
    if (this.#snapshot === undefined) return {}
    return { ageSeconds: now - this.#confirmedAt, stale: this.#problem !== undefined }
  }

  /** Reads the document, unless that is being done; then once more after it. Never rejects. */
  refresh(): Promise<void> {
    this.#isDue = this.#refreshing !== undefined
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
      if (this.#isDue && this.#users > 0) void this.refresh()
    })
    return this.#refreshing
  }

  async #refresh(): Promise<void> {
    const slices = new Slices()
    try {
      const document = await this.#feed.read(this.#problem !== undefined, slices)
      if (document !== undefined)
        this.#take(await openSnapshot(document, this.#snapshot, this.#settings.readKeks, slices))
      this.#problem = undefined
      this.#confirmedAt = this.#now()
    } catch (error) {
      this.#refuse(problemOf(error))
    }
  }

  #take(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    publishKeyEvent(() => ({
      event: 'keys.loaded',
      v: 1,
      source: this.name,
      keys: snapshot.hmac.size,
      signingKeys: snapshot.verification.length,
    }))
  }

  #refuse(problem: string): void {
    const isNew = problem !== this.#problem
    this.#problem = problem
    publishKeyEvent(() => ({ event: 'keys.refused', v: 1, source: this.name, problem }))
    if (!isNew) return
    const rest = this.#snapshot === undefined ? 'there are no keys' : 'the keys of before stay'
    process.emitWarning(`${this.name} was not taken: ${problem}; ${rest}`, {
      type: 'CountersignWarning',
      code: 'COUNTERSIGN_KEYS_REFUSED',
    })
  }

  #now(): number {
    return this.#clock?.() ?? Number.NaN
  }
}

/** Of an unexpected error only its class or code: its message may quote what was read. */
function problemOf(error: unknown): string {
  if (error instanceof ConfigurationError || error instanceof KeyFeedError) return error.message
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.constructor.name : typeof error
}
