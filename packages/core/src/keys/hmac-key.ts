import type { KeyObject } from 'node:crypto'
import { ConfigurationError } from '../errors.js'
import {
  HMAC_KEY_ID,
  type HmacAlgorithm,
  type HmacKey,
  type HmacProfile,
  type KeyStatus,
  type KeyUse,
  LEAST_SECRET_BYTES,
  unused,
} from '../key.js'
import { checkBoolean, checkMembers, checkOneOf, checkText, checkTexts } from '../options.js'
import { FrozenSet, NO_NAMES, type Principal } from '../principal.js'
import type { OpenHmacKey } from './hmac-key-set.js'
import { checkSecret, equivalents, type SecretInput, secretKey } from './secret.js'
import { checkWindow } from './window.js'

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
  /** `deactivated` or `compromised`: not used any more, whatever its times. Default `active`. */
  readonly status?: KeyStatus
  /** Takes a secret that is too short, with a warning at start. */
  readonly allowWeakSecret?: boolean
  /** `body-timestamp` only: the methods it is accepted for. */
  readonly methods?: readonly string[]
  /** `body-timestamp` only: the raw paths it is accepted for; `/hooks/*` takes every path below. */
  readonly paths?: readonly string[]
  /** `body-timestamp` only: refuse a MAC that was seen before. Two equal requests within one second are then one. */
  readonly refuseRepeats?: boolean
}

/** All of an entry but its secret, checked. */
export type HmacKeyTerms = Omit<HmacKey, 'secret' | 'use'>

/**
 * Checks all of an entry but its secret.
 *
 * @throws {ConfigurationError} naming the member
 */
export function checkTerms(option: string, entry: Omit<KeyRingEntry, 'secret'>): HmacKeyTerms {
  checkMembers(option, entry, ENTRY_MEMBERS)
  const id = checkText(`${option}.id`, entry.id)
  if (!HMAC_KEY_ID.test(id))
    throw new ConfigurationError(`${option}.id`, 'must be 1-128 characters of A-Z a-z 0-9 . _ : -')
  for (const name of ['allowWeakSecret', 'refuseRepeats'] as const) {
    if (entry[name] !== undefined) checkBoolean(`${option}.${name}`, entry[name])
  }
  const algorithm = checkOneOf(`${option}.algorithm`, entry.algorithm ?? 'sha256', ['sha256', 'sha512'])
  const profile = checkOneOf(`${option}.profile`, entry.profile ?? 'request', ['request', 'body-timestamp'])
  if (profile === 'body-timestamp') {
    if (algorithm !== 'sha256') throw new ConfigurationError(`${option}.algorithm`, 'must be sha256 for body-timestamp')
  } else {
    for (const name of ['methods', 'paths', 'refuseRepeats'] as const) {
      if (entry[name] !== undefined) throw new ConfigurationError(`${option}.${name}`, 'goes with body-timestamp only')
    }
  }
  return {
    id,
    algorithm,
    profile,
    ...checkWindow(option, entry),
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
}

/**
 * Makes the key of an entry, once.
 *
 * @param use - of the key that this one takes the place of
 * @throws {ConfigurationError} naming the member; a secret that is empty or too short
 */
export function openHmacKey(option: string, entry: KeyRingEntry, use: KeyUse = unused()): OpenHmacKey {
  const terms = checkTerms(option, entry)
  const { id, profile } = terms
  const least = LEAST_SECRET_BYTES[terms.algorithm]
  const secret = checkSecret(`${option}.secret`, entry.secret, entry.allowWeakSecret === true ? 1 : least)
  if (secret.byteLength < least) warn(`the secret of key ${id} has fewer than ${least} bytes: it may be guessed`)
  if (profile === 'body-timestamp') {
    warn(`key ${id} uses the profile body-timestamp, which binds neither method nor path: move its clients to request`)
  }
  return new LazyKey(terms, secret, use)
}

/**
 * A key whose `KeyObject` is made when it is first used: each costs a handle outside the heap, and to drop ten thousand of them at once, when a file
 * is read anew, holds up everything. Its bytes stand where neither JSON nor `inspect` looks.
 */
class LazyKey implements OpenHmacKey {
  readonly id: string
  readonly algorithm: HmacAlgorithm
  readonly profile: HmacProfile
  readonly notBefore: number | undefined
  readonly notAfter: number | undefined
  readonly status: KeyStatus | undefined
  readonly methods: ReadonlySet<string> | undefined
  readonly paths: readonly string[] | undefined
  readonly refuseRepeats: boolean | undefined
  readonly principal: Principal
  readonly use: KeyUse
  /** The bytes until the first use, the key from then on. */
  #secret: Buffer | KeyObject

  constructor(terms: HmacKeyTerms, secret: Buffer, use: KeyUse) {
    this.id = terms.id
    this.algorithm = terms.algorithm
    this.profile = terms.profile
    this.notBefore = terms.notBefore
    this.notAfter = terms.notAfter
    this.status = terms.status
    this.methods = terms.methods
    this.paths = terms.paths
    this.refuseRepeats = terms.refuseRepeats
    this.principal = terms.principal
    this.use = use
    this.#secret = secret
    Object.freeze(this)
  }

  get secret(): KeyObject {
    if (Buffer.isBuffer(this.#secret)) this.#secret = secretKey(this.#secret)
    return this.#secret
  }

  equivalents(): readonly string[] {
    return equivalents(Buffer.isBuffer(this.#secret) ? this.#secret : this.#secret.export())
  }
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
  'status',
  'allowWeakSecret',
  'methods',
  'paths',
  'refuseRepeats',
] satisfies readonly (keyof KeyRingEntry)[]
