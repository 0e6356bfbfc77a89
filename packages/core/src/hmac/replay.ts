import type { Awaitable } from '../chain.js'
import { checkInteger, checkMembers } from '../options.js'

/**
 * Remembers what was seen. A store that cannot answer throws or rejects: the request is then refused with 503, never let in.
 */
export interface ReplayStore {
  /**
   * Takes an id, atomically, the first time it is seen: `true`. `false` for every later time until `expiresAt`.
   *
   * @param id - names the key and the nonce
   * @param expiresAt - NumericDate up to which, included, the id must be remembered
   * @param now - NumericDate by the verifier's clock
   */
  claim(id: string, expiresAt: number, now: number): Awaitable<boolean>
  /** Whether an id could be claimed now. Throwing or rejecting says no. */
  ready?(now: number): Awaitable<boolean>
  close?(): Awaitable<void>
}

/** Thrown by a store that cannot say whether an id was seen. */
export class ReplayStoreError extends Error {
  override readonly name = 'ReplayStoreError'
}

export interface MemoryReplayStoreOptions {
  /** How many live ids are kept at most. Default 1 000 000, some 150 MB when full. */
  readonly maxEntries?: number
}

/** Ids are forgotten by the minute: a bucket goes when its last second has passed. */
const BUCKET_SECONDS = 60

/**
 * A replay store of one process. Bounded: when it is full of live ids it fails, and requests are refused with 503, for forgetting
 * one would let it in again. Several processes that share a key need a shared store.
 *
 * @throws {ConfigurationError} a number that is none or out of bounds, an unknown option
 */
export function memoryReplayStore(options: MemoryReplayStoreOptions = {}): ReplayStore {
  checkMembers('memoryReplayStore', options, ['maxEntries'])
  return new MemoryReplayStore(
    checkInteger('memoryReplayStore.maxEntries', options.maxEntries ?? 1_000_000, 1, 16_000_000),
  )
}

class MemoryReplayStore implements ReplayStore {
  readonly #maxEntries: number
  readonly #ids = new Set<string>()
  /** The same ids by the bucket in which they expire. */
  readonly #buckets = new Map<number, string[]>()
  #purgedAt = Number.NEGATIVE_INFINITY
  /** Ids that expire in this bucket or an earlier one may have been forgotten. */
  #forgotten = Number.NEGATIVE_INFINITY

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  claim(id: string, expiresAt: number, now: number): boolean {
    this.#purge(now)
    if (this.#ids.has(id)) return false
    const number = Math.ceil(expiresAt / BUCKET_SECONDS)
    // A clock that was set back asks for a time whose ids are gone: what cannot be known is not let in.
    if (number <= this.#forgotten) throw new ReplayStoreError('The clock went back beyond what is remembered')
    if (this.#ids.size >= this.#maxEntries) throw new ReplayStoreError('The store is full of live entries')
    this.#ids.add(id)
    const bucket = this.#buckets.get(number)
    if (bucket === undefined) this.#buckets.set(number, [id])
    else bucket.push(id)
    return true
  }

  ready(now: number): boolean {
    this.#purge(now)
    return this.#ids.size < this.#maxEntries
  }

  #purge(now: number): void {
    if (Math.abs(now - this.#purgedAt) < 1) return
    this.#purgedAt = now
    for (const [number, ids] of this.#buckets) {
      if (number * BUCKET_SECONDS >= now) continue
      this.#buckets.delete(number)
      for (const id of ids) this.#ids.delete(id)
      if (number > this.#forgotten) this.#forgotten = number
    }
  }
}
