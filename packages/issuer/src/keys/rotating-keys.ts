import { type Clock, ConfigurationError, type Jwk } from '@countersign/core'
import { publishSigningKeyEvent } from './events.js'
import { type KeyPair, KeyPairs } from './key-set.js'
import type { Schedule } from './plan.js'
import type { SigningKey, SigningKeys, SigningKeysHealth } from './signing-key.js'

/** Where key pairs are kept. */
export interface KeyPairStorage {
  /** For messages: `key file /etc/keys.json`. */
  readonly name: string
  /** Takes the step that is due, if one is, and returns the pairs as they are then. Atomic among all who share the storage. */
  advance(now: number, schedule: Schedule): Promise<readonly KeyPair[]>
  /** Calls `changed` whenever it may be worth looking again, and every so often. Returns what ends that. Keeps no process alive. */
  watch(changed: () => void): () => void
}

/** Thrown by a storage that cannot be read or written. Its message may be told to anybody. */
export class KeyStorageError extends Error {
  override readonly name = 'KeyStorageError'
}

/** The keys of a storage, on their schedule. What cannot be read or written leaves the keys of before in place, and is said once. */
export class RotatingKeys implements SigningKeys {
  readonly #storage: KeyPairStorage
  readonly #schedule: Schedule
  readonly #clock: Clock
  readonly #unwatch: () => void
  #pairs: KeyPairs
  #problem: string | undefined
  #stepping: Promise<void> | undefined
  #isClosed = false

  constructor(storage: KeyPairStorage, schedule: Schedule, clock: Clock) {
    this.#storage = storage
    this.#schedule = schedule
    this.#clock = clock
    this.#pairs = new KeyPairs([], schedule)
    this.#unwatch = storage.watch(() => void this.step())
  }

  current(now: number): SigningKey {
    return this.#pairs.current(now)
  }

  published(now: number): readonly Jwk[] {
    return this.#pairs.published(now)
  }

  async warmup(): Promise<void> {
    await this.step()
    if (!this.#pairs.health(this.#clock()).ready)
      throw new Error(`${this.#storage.name} has no key to sign with: ${this.#problem ?? 'unknown error'}`)
  }

  /** One at a time. Never rejects. */
  step(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#stepping ??= this.#step().finally(() => {
      this.#stepping = undefined
    })
    return this.#stepping
  }

  health(now: number): SigningKeysHealth {
    return { ...this.#pairs.health(now), ...(this.#problem === undefined ? {} : { problem: this.#problem }) }
  }

  close(): void {
    this.#isClosed = true
    this.#unwatch()
  }

  async #step(): Promise<void> {
    try {
      this.#take(await this.#storage.advance(this.#clock(), this.#schedule))
      this.#problem = undefined
    } catch (error) {
      // Whoever closed it has nothing to do with what becomes of its place.
      if (!this.#isClosed) this.#refuse(problemOf(error))
    }
  }

  #take(pairs: readonly KeyPair[]): void {
    const before = new Set(this.#pairs.pairs.map(({ kid }) => kid))
    this.#pairs = new KeyPairs(pairs, this.#schedule)
    for (const { kid, notBefore } of pairs) {
      if (!before.delete(kid))
        publishSigningKeyEvent({
          event: 'signing_key.published',
          v: 1,
          kid,
          ...(notBefore === undefined ? {} : { notBefore }),
        })
    }
    for (const kid of before) publishSigningKeyEvent({ event: 'signing_key.dropped', v: 1, kid })
  }

  #refuse(problem: string): void {
    const isNew = problem !== this.#problem
    this.#problem = problem
    publishSigningKeyEvent({ event: 'signing_keys.refused', v: 1, source: this.#storage.name, problem })
    if (!isNew) return
    process.emitWarning(`${this.#storage.name}: ${problem}; the signing keys of before stay`, {
      type: 'CountersignWarning',
      code: 'COUNTERSIGN_SIGNING_KEYS',
    })
  }
}

/** Of an unexpected error only its class or code: its message may quote what was read. */
function problemOf(error: unknown): string {
  if (error instanceof ConfigurationError || error instanceof KeyStorageError) return error.message
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.constructor.name : typeof error
}
