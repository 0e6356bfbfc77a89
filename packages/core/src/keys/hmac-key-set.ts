import { ConfigurationError } from '../errors.js'
import { type HmacKey, type KeyHealth, keyState } from '../key.js'
import { keyDetails } from './key-details.js'

const MOST_BODY_TIMESTAMP_KEYS = 4

/** A key that can still be compared with others. */
export interface OpenHmacKey extends HmacKey {
  /** What its secret is to HMAC: see `equivalents`. */
  equivalents(): readonly string[]
}

/** The keys of all clients at one time. Never changed: rotation is another set. */
export class HmacKeySet {
  readonly bodyTimestampKeys: readonly HmacKey[]
  readonly #byId: ReadonlyMap<string, HmacKey>
  /** The key that was found active the last time. */
  #witness: HmacKey | undefined
  /** The second in which none was. */
  #noneAt = Number.NaN

  /** @param byId - not to be changed any more */
  constructor(byId: ReadonlyMap<string, HmacKey>) {
    this.#byId = byId
    this.bodyTimestampKeys = Object.freeze([...byId.values()].filter((key) => key.profile === 'body-timestamp'))
  }

  get size(): number {
    return this.#byId.size
  }

  find(keyId: string): HmacKey | undefined {
    return this.#byId.get(keyId)
  }

  /** Looks through all keys at most once a second: it is asked at every failure. */
  isUsable(now: number): boolean {
    if (this.#witness !== undefined && keyState(this.#witness, now) === 'active') return true
    const second = Math.floor(now)
    if (second === this.#noneAt) return false
    for (const key of this.#byId.values()) {
      if (keyState(key, now) !== 'active') continue
      this.#witness = key
      return true
    }
    this.#noneAt = second
    return false
  }

  health(now: number): KeyHealth {
    let activeKeys = 0
    for (const key of this.#byId.values()) if (keyState(key, now) === 'active') activeKeys++
    return { ready: activeKeys > 0, keys: this.#byId.size, activeKeys, ...keyDetails(this.#byId.values(), now) }
  }
}

/** Puts a set together, key by key, so that a large one can be made in slices. */
export class HmacKeySetBuilder {
  readonly #byId = new Map<string, HmacKey>()
  /** What each secret is to HMAC, and whose it is. Gone when the set is built. */
  readonly #known = new Map<string, string>()
  #bodyTimestampKeys = 0

  /** @throws {ConfigurationError} an id twice, two secrets that are one key to HMAC, too many `body-timestamp` keys */
  add(option: string, key: OpenHmacKey): void {
    if (this.#byId.has(key.id)) throw new ConfigurationError(`${option}.id`, `is ${key.id}, as of another key`)
    for (const equivalent of key.equivalents()) {
      const twin = this.#known.get(equivalent)
      if (twin !== undefined && twin !== key.id) {
        throw new ConfigurationError(`${option}.secret`, `of ${key.id} is the same key as that of ${twin}`)
      }
      this.#known.set(equivalent, key.id)
    }
    if (key.profile === 'body-timestamp' && ++this.#bodyTimestampKeys > MOST_BODY_TIMESTAMP_KEYS) {
      throw new ConfigurationError(
        'keys',
        `has more than ${MOST_BODY_TIMESTAMP_KEYS} keys with the profile body-timestamp`,
      )
    }
    this.#byId.set(key.id, key)
  }

  build(): HmacKeySet {
    return new HmacKeySet(this.#byId)
  }
}
