import type { Awaitable } from '../chain.js'
import { isThenable, withinSeconds } from '../deadline.js'
import { ConfigurationError, type CredentialError, refusal } from '../errors.js'
import { type HmacKey, type HmacKeyLookup, type HmacKeySource, type KeyHealth, keyState } from '../key.js'
import { checkInteger, checkMembers, checkNumber } from '../options.js'
import { BoundedCache } from './bounded-cache.js'
import { type KeyRingEntry, openHmacKey } from './hmac-key.js'
import { keyDetails } from './key-details.js'
import { publishKeyEvent } from './key-events.js'

/** A key as a function finds it: as in `keyRing`, of the profile `request`, its `id` that which was asked for. */
export type FoundKey = Omit<KeyRingEntry, 'id' | 'profile' | 'methods' | 'paths' | 'refuseRepeats'> & {
  readonly id?: string
}

/** Finds the key of an id: `undefined` or `null` where there is none. Throws or rejects where it cannot tell. */
export type FindKey = (keyId: string) => Awaitable<FoundKey | undefined | null>

export interface KeyFunctionOptions {
  /** How long a key that was found is used before it is asked for again; a removed one lives as long. Default 300. */
  readonly cacheSeconds?: number
  /** How long an id that does not exist is not asked for again. Default 30. */
  readonly missingCacheSeconds?: number
  /** How long an answer is waited for. Default 2. */
  readonly timeoutSeconds?: number
  /** How many keys, and how many ids that do not exist, are remembered at most. Default 10 000. */
  readonly maxEntries?: number
  /** How many questions may be open at one time: ids that anybody can make up must not flood what answers them. Default 100. */
  readonly maxPending?: number
}

/**
 * HMAC keys that a function finds: in a database, at a service. One question at a time for one id; answers are remembered.
 *
 * Requests are refused with `keys_unavailable` (503) where it throws, rejects, does not answer in time, or answers with anything but a key, `undefined`
 * or `null`; the same id is then left alone for a second. What it says too late is dropped.
 *
 * @throws {ConfigurationError} a wrong or unknown option
 */
export function keyFunction(find: FindKey, options: KeyFunctionOptions = {}): HmacKeySource {
  if (typeof find !== 'function') throw new ConfigurationError('keyFunction', 'must be given a function')
  checkMembers('keyFunction', options, [
    'cacheSeconds',
    'missingCacheSeconds',
    'timeoutSeconds',
    'maxEntries',
    'maxPending',
  ])
  const settings: Settings = {
    cacheSeconds: checkNumber('keyFunction.cacheSeconds', options.cacheSeconds ?? 300, 0, 86_400),
    missingCacheSeconds: checkNumber('keyFunction.missingCacheSeconds', options.missingCacheSeconds ?? 30, 0, 86_400),
    timeoutSeconds: checkNumber('keyFunction.timeoutSeconds', options.timeoutSeconds ?? 2, 0.001, 60),
    maxEntries: checkInteger('keyFunction.maxEntries', options.maxEntries ?? 10_000, 1, 1_000_000),
    maxPending: checkInteger('keyFunction.maxPending', options.maxPending ?? 100, 1, 100_000),
  }
  return { open: () => new FoundKeys(find, settings) }
}

type Settings = Required<KeyFunctionOptions>

/** How long an id is left alone for which there was no answer. */
const FAILURE_SECONDS = 1

const NO_KEYS: readonly HmacKey[] = Object.freeze([])

class FoundKeys implements HmacKeyLookup {
  readonly #find: FindKey
  readonly #settings: Settings
  readonly #found: BoundedCache<HmacKey>
  /** What does not exist (`undefined`), or could not be told (the refusal): apart, for anybody can make up ids. */
  readonly #missing: BoundedCache<CredentialError | undefined>
  readonly #pending = new Map<string, Promise<HmacKey | undefined>>()
  #failed = false

  constructor(find: FindKey, settings: Settings) {
    this.#find = find
    this.#settings = settings
    this.#found = new BoundedCache(settings.maxEntries)
    this.#missing = new BoundedCache(settings.maxEntries)
  }

  find(keyId: string, now: number): Awaitable<HmacKey | undefined> {
    const found = this.#found.get(keyId, now)
    if (found !== undefined) return found.value
    const missing = this.#missing.get(keyId, now)
    if (missing !== undefined) {
      if (missing.value !== undefined) throw missing.value
      return undefined
    }
    return this.#pending.get(keyId) ?? this.#ask(keyId, now)
  }

  /** A function finds keys by id, and that profile names none. */
  bodyTimestampKeys(): readonly HmacKey[] {
    return NO_KEYS
  }

  warmup(): void {}

  /** Whether there are keys cannot be known but by asking. */
  isUsable(): boolean {
    return true
  }

  health(now: number): KeyHealth {
    const keys = [...this.#found.values(now)]
    const activeKeys = keys.filter((key) => keyState(key, now) === 'active').length
    return { ready: !this.#failed, keys: keys.length, activeKeys, ...keyDetails(keys, now) }
  }

  close(): void {}

  #ask(keyId: string, now: number): Awaitable<HmacKey | undefined> {
    if (this.#pending.size >= this.#settings.maxPending) throw refusal('keys_unavailable')
    let answer: unknown
    try {
      answer = this.#find(keyId)
    } catch (error) {
      throw this.#fail(keyId, now, nameOf(error))
    }
    if (!isThenable(answer)) return this.#take(keyId, answer, now)
    const late = () => new KeyFunctionLate()
    const pending = withinSeconds(answer, this.#settings.timeoutSeconds, late).then(
      (settled) => {
        this.#pending.delete(keyId)
        return this.#take(keyId, settled, now)
      },
      (error: unknown) => {
        this.#pending.delete(keyId)
        throw this.#fail(keyId, now, nameOf(error))
      },
    )
    this.#pending.set(keyId, pending)
    return pending
  }

  #take(keyId: string, answer: unknown, now: number): HmacKey | undefined {
    const { cacheSeconds, missingCacheSeconds } = this.#settings
    if (answer === undefined || answer === null) {
      this.#failed = false
      this.#found.delete(keyId)
      this.#missing.put(keyId, undefined, now, missingCacheSeconds)
      return undefined
    }
    let key: HmacKey
    try {
      key = open(keyId, answer, this.#found.last(keyId))
    } catch (error) {
      throw this.#fail(keyId, now, error instanceof ConfigurationError ? error.message : nameOf(error))
    }
    this.#failed = false
    this.#found.put(keyId, key, now, cacheSeconds)
    return key
  }

  #fail(keyId: string, now: number, problem: string): CredentialError {
    const refused = refusal('keys_unavailable')
    this.#missing.put(keyId, refused, now, FAILURE_SECONDS)
    publishKeyEvent(() => ({ event: 'keys.refused', v: 1, source: 'key function', problem }))
    if (!this.#failed) {
      process.emitWarning(`a key function gave no answer: ${problem}`, {
        type: 'CountersignWarning',
        code: 'COUNTERSIGN_KEYS_REFUSED',
      })
    }
    this.#failed = true
    return refused
  }
}

/** @throws {ConfigurationError} an answer that is no key, or the key of another id: it names members and never a value */
function open(keyId: string, answer: unknown, earlier: HmacKey | undefined): HmacKey {
  checkMembers('key', answer, FOUND_MEMBERS)
  // Its members are known, and openHmacKey checks each.
  const entry = answer as FoundKey
  if (entry.id !== undefined && entry.id !== keyId)
    throw new ConfigurationError('key.id', 'is another than was asked for')
  const use = earlier !== undefined && earlier.principal.id === entry.client ? earlier.use : undefined
  return openHmacKey('key', { ...entry, id: keyId }, use)
}

class KeyFunctionLate extends Error {
  override readonly name = 'KeyFunctionLate'
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error
}

const FOUND_MEMBERS: readonly string[] = [
  'id',
  'client',
  'secret',
  'roles',
  'scopes',
  'algorithm',
  'notBefore',
  'notAfter',
  'status',
  'allowWeakSecret',
] satisfies readonly (keyof FoundKey)[]
