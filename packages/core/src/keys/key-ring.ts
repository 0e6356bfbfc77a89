import { ConfigurationError } from '../errors.js'
import type { HmacKey, HmacKeyLookup, HmacKeySource, KeyHealth } from '../key.js'
import { type KeyRingEntry, openHmacKey } from './hmac-key.js'
import { type HmacKeySet, HmacKeySetBuilder } from './hmac-key-set.js'

export type { KeyRingEntry } from './hmac-key.js'

/**
 * The secrets of clients, known when the service starts. Frozen: rotation is a new ring.
 *
 * @throws {ConfigurationError} an empty ring, an id of the wrong form or twice, a secret that is empty or too short, two ids with
 *   secrets that are one key to HMAC, options of one profile on a key of the other, more than four `body-timestamp` keys.
 */
export function keyRing(entries: readonly KeyRingEntry[]): HmacKeySource {
  if (!Array.isArray(entries) || entries.length === 0)
    throw new ConfigurationError('keys', 'must list at least one key')
  const builder = new HmacKeySetBuilder()
  for (const [index, entry] of entries.entries()) {
    const option = `keys[${index}]`
    builder.add(option, openHmacKey(option, entry))
  }
  const ring = new FixedHmacKeys(builder.build())
  return { open: () => ring }
}

/** A set that stays as it is for as long as the verifier does. */
export class FixedHmacKeys implements HmacKeyLookup {
  readonly #set: HmacKeySet

  constructor(set: HmacKeySet) {
    this.#set = set
  }

  find(keyId: string): HmacKey | undefined {
    return this.#set.find(keyId)
  }

  bodyTimestampKeys(): readonly HmacKey[] {
    return this.#set.bodyTimestampKeys
  }

  warmup(): void {}

  isUsable(now: number): boolean {
    return this.#set.isUsable(now)
  }

  health(now: number): KeyHealth {
    return this.#set.health(now)
  }

  close(): void {}
}
