/** What can be told of a token cache. The counts begin with the process. */
export interface TokenCacheHealth {
  readonly entries: number
  /** How many tokens were found in it: their signature was not verified again. */
  readonly hits: number
  /** How many were not, those that were then refused included. */
  readonly misses: number
}

/**
 * Remembers what was verified of a token, by the token itself. Bounded by two generations: when the younger is full it
 * becomes the older, and what nobody asked for since goes with the older one. A hit costs no bookkeeping.
 */
export class TokenCache<T extends { readonly compact: string }> {
  readonly #mostPerGeneration: number
  #young = new Map<string, T>()
  #old = new Map<string, T>()
  #hits = 0
  #misses = 0

  /** @param mostEntries - how many tokens are kept at most; 0 keeps none */
  constructor(mostEntries: number) {
    this.#mostPerGeneration = Math.ceil(mostEntries / 2)
  }

  get(compact: string): T | undefined {
    const entry = this.#find(compact)
    if (entry === undefined) this.#misses++
    else this.#hits++
    return entry
  }

  /** `entry.compact` must be a text of its own: `owned` makes one. */
  put(entry: T): void {
    if (this.#mostPerGeneration > 0) this.#put(cacheKey(entry.compact), entry)
  }

  /** The same text, fit for being kept: a slice would keep the whole header that it was cut from alive. */
  owned(compact: string): string {
    return this.#mostPerGeneration > 0 ? Buffer.from(compact, 'latin1').toString('latin1') : compact
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** `undefined` where none is kept. */
  health(): TokenCacheHealth | undefined {
    if (this.#mostPerGeneration === 0) return undefined
    return { entries: this.size, hits: this.#hits, misses: this.#misses }
  }

  #find(compact: string): T | undefined {
    const key = cacheKey(compact)
    let entry = this.#young.get(key)
    if (entry === undefined) {
      entry = this.#old.get(key)
      if (entry === undefined || entry.compact !== compact) return undefined
      // Its own key, not one that was cut from the header at hand.
      this.#put(cacheKey(entry.compact), entry)
      return entry
    }
    return entry.compact === compact ? entry : undefined
  }

  #put(key: string, entry: T): void {
    if (this.#young.size >= this.#mostPerGeneration) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, entry)
  }
}

/** The end of the signature: 128 bits that only the issuer can choose, and quicker to hash than a whole token. */
function cacheKey(compact: string): string {
  return compact.slice(-22)
}
