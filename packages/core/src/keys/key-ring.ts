import { ConfigurationError } from '../errors.js'
import {
  HMAC_KEY_ID,
  type HmacAlgorithm,
  type HmacKey,
  type HmacKeyLookup,
  type HmacKeySource,
  type HmacProfile,
  type KeyHealth,
  keyState,
  LEAST_SECRET_BYTES,
} from '../key.js'
import { checkMembers, checkMoment, checkOneOf, checkText, checkTexts } from '../options.js'
import { FrozenSet, NO_NAMES } from '../principal.js'
import { checkSecret, equivalents, type SecretInput, secretKey } from './secret.js'

/** A shared secret of one client. */
export interface KeyRingEntry {
  /** 1-128 characters of `[A-Za-z0-9._:-]`: `x-hmac-key-id`. */
  readonly id: string
  /** Who signs with it: the id of the principal. Several keys of one client are its rotation. */
  readonly client: string
  /** At least 32 bytes for `sha256`, 64 for `sha512`. A string stands for its UTF-8 bytes. */
  readonly secret: SecretInput
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
  /** Default `sha256`. */
  readonly algorithm?: HmacAlgorithm
  /** Default `request`. `body-timestamp` binds neither method nor path: it is for services that run it already. */
  readonly profile?: HmacProfile
  /** NumericDate or `Date`; the key is not used before. */
  readonly notBefore?: number | Date
  /** NumericDate or `Date`; the key is not used after. */
  readonly notAfter?: number | Date
  /** Takes a secret that is too short, with a warning at start. */
  readonly allowWeakSecret?: boolean
  /** `body-timestamp` only: the methods it is accepted for. */
  readonly methods?: readonly string[]
  /** `body-timestamp` only: the raw paths it is accepted for; `/hooks/*` takes every path below. */
  readonly paths?: readonly string[]
  /** `body-timestamp` only: refuse a MAC that was seen before. Two equal requests within one second are then one. */
  readonly refuseRepeats?: boolean
}

const MOST_BODY_TIMESTAMP_KEYS = 4

/**
 * The secrets of clients, known when the service starts. Frozen: rotation is a new ring.
 *
 * @throws {ConfigurationError} an empty ring, an id of the wrong form or twice, a secret that is empty or too short, two ids with
 *   secrets that are one key to HMAC, options of one profile on a key of the other, more than four `body-timestamp` keys.
 */
export function keyRing(entries: readonly KeyRingEntry[]): HmacKeySource {
  const ring = new KeyRing(entries)
  return { open: () => ring }
}

class KeyRing implements HmacKeyLookup {
  readonly #byId = new Map<string, HmacKey>()
  readonly #bodyTimestamp: readonly HmacKey[]

  constructor(entries: readonly KeyRingEntry[]) {
    if (!Array.isArray(entries) || entries.length === 0) throw new ConfigurationError('keys', 'must list at least one key')
    const known = new Map<string, string>()
    for (const [index, entry] of entries.entries()) {
      const option = `keys[${index}]`
      const [key, secret] = openKey(option, entry)
      if (this.#byId.has(key.id)) throw new ConfigurationError(`${option}.id`, `is ${key.id}, as of another key`)
      for (const equivalent of equivalents(secret)) {
        const twin = known.get(equivalent)
        if (twin !== undefined && twin !== key.id) {
          throw new ConfigurationError(`${option}.secret`, `of ${key.id} is the same key as that of ${twin}`)
        }
        known.set(equivalent, key.id)
      }
      this.#byId.set(key.id, key)
    }
    this.#bodyTimestamp = Object.freeze([...this.#byId.values()].filter((key) => key.profile === 'body-timestamp'))
    if (this.#bodyTimestamp.length > MOST_BODY_TIMESTAMP_KEYS) {
      throw new ConfigurationError('keys', `has more than ${MOST_BODY_TIMESTAMP_KEYS} keys with the profile body-timestamp`)
    }
  }

  find(keyId: string): HmacKey | undefined {
    return this.#byId.get(keyId)
  }

  bodyTimestampKeys(): readonly HmacKey[] {
    return this.#bodyTimestamp
  }

  warmup(): void {}

  isUsable(now: number): boolean {
    for (const key of this.#byId.values()) if (keyState(key, now) === 'active') return true
    return false
  }

  health(now: number): KeyHealth {
    let activeKeys = 0
    for (const key of this.#byId.values()) if (keyState(key, now) === 'active') activeKeys++
    return { ready: activeKeys > 0, keys: this.#byId.size, activeKeys }
  }

  close(): void {}
}

function openKey(option: string, entry: KeyRingEntry): readonly [HmacKey, Buffer] {
  checkMembers(option, entry, ENTRY_MEMBERS)
  const id = checkText(`${option}.id`, entry.id)
  if (!HMAC_KEY_ID.test(id)) throw new ConfigurationError(`${option}.id`, 'must be 1-128 characters of A-Z a-z 0-9 . _ : -')
  const algorithm = checkOneOf(`${option}.algorithm`, entry.algorithm ?? 'sha256', ['sha256', 'sha512'])
  const profile = checkOneOf(`${option}.profile`, entry.profile ?? 'request', ['request', 'body-timestamp'])
  const least = LEAST_SECRET_BYTES[algorithm]
  const secret = checkSecret(`${option}.secret`, entry.secret, entry.allowWeakSecret === true ? 1 : least)
  if (secret.byteLength < least) warn(`the secret of key ${id} has fewer than ${least} bytes: it may be guessed`)
  if (profile === 'body-timestamp') {
    if (algorithm !== 'sha256') throw new ConfigurationError(`${option}.algorithm`, 'must be sha256 for body-timestamp')
    warn(`key ${id} uses the profile body-timestamp, which binds neither method nor path: move its clients to request`)
  } else {
    for (const name of ['methods', 'paths', 'refuseRepeats'] as const) {
      if (entry[name] !== undefined) throw new ConfigurationError(`${option}.${name}`, 'goes with body-timestamp only')
    }
  }
  const key: HmacKey = {
    id,
    algorithm,
    profile,
    secret: secretKey(secret),
    notBefore: entry.notBefore === undefined ? undefined : checkMoment(`${option}.notBefore`, entry.notBefore),
    notAfter: entry.notAfter === undefined ? undefined : checkMoment(`${option}.notAfter`, entry.notAfter),
    methods: entry.methods === undefined ? undefined : new FrozenSet(checkTexts(`${option}.methods`, entry.methods)),
    paths: entry.paths === undefined ? undefined : checkTexts(`${option}.paths`, entry.paths),
    refuseRepeats: entry.refuseRepeats === true,
    principal: Object.freeze({
      id: checkText(`${option}.client`, entry.client),
      scheme: 'hmac',
      roles: names(`${option}.roles`, entry.roles),
      scopes: names(`${option}.scopes`, entry.scopes),
      keyId: id,
    }),
  }
  return [Object.freeze(key), secret]
}

function names(option: string, values: readonly string[] | undefined): ReadonlySet<string> {
  return values === undefined || (Array.isArray(values) && values.length === 0)
    ? NO_NAMES
    : new FrozenSet(checkTexts(option, values))
}

function warn(message: string): void {
  process.emitWarning(message, { type: 'CountersignWarning' })
}

const ENTRY_MEMBERS: readonly string[] = [
  'id',
  'client',
  'secret',
  'roles',
  'scopes',
  'algorithm',
  'profile',
  'notBefore',
  'notAfter',
  'allowWeakSecret',
  'methods',
  'paths',
  'refuseRepeats',
] satisfies readonly (keyof KeyRingEntry)[]
