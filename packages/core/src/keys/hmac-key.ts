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
import { checkMembers, checkOneOf, checkText, checkTexts } from '../options.js'
import { FrozenSet, NO_NAMES } from '../principal.js'
import { checkSecret, type SecretInput, secretKey } from './secret.js'
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
export function openHmacKey(option: string, entry: KeyRingEntry, use: KeyUse = unused()): HmacKey {
  const terms = checkTerms(option, entry)
  const { id, profile } = terms
  const least = LEAST_SECRET_BYTES[terms.algorithm]
  const secret = checkSecret(`${option}.secret`, entry.secret, entry.allowWeakSecret === true ? 1 : least)
  if (secret.byteLength < least) warn(`the secret of key ${id} has fewer than ${least} bytes: it may be guessed`)
  if (profile === 'body-timestamp') {
    warn(`key ${id} uses the profile body-timestamp, which binds neither method nor path: move its clients to request`)
  }
  return Object.freeze({ ...terms, secret: secretKey(secret), use })
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
