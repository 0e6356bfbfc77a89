import { isCanonicalBase64url } from '../bytes.js'
import { ConfigurationError } from '../errors.js'
import type { KeyWindow, VerificationKey } from '../key.js'
import { ALGORITHMS, isSymmetric } from '../keys/algorithms.js'
import type { KeyRingEntry } from '../keys/hmac-key.js'
import { importJwk } from '../keys/jwk.js'
import { checkWindow } from '../keys/window.js'
import { checkMembers, checkOneOf, checkText } from '../options.js'
import type { AsymmetricAlgorithm, KeyFileKey, KeyFileSigningKey, StoredSecret } from './format.js'

/*
 * How the parts of a key file are checked. Messages name members and ids, and never a value: it may be a secret in the wrong place.
 */

const MOST_SIGNING_KEYS = 100

/** The lists of a key file, their members unchecked. */
export function checkFrame(document: unknown): {
  readonly keys: readonly unknown[]
  readonly signingKeys: readonly unknown[]
} {
  checkMembers('key file', document, ['version', 'keys', 'signingKeys'])
  const { version, keys, signingKeys = [] } = document as Readonly<Record<string, unknown>>
  if (version !== 1) throw new ConfigurationError('version', 'must be 1')
  if (!Array.isArray(keys)) throw new ConfigurationError('keys', 'must be a list')
  if (!Array.isArray(signingKeys)) throw new ConfigurationError('signingKeys', 'must be a list')
  if (signingKeys.length > MOST_SIGNING_KEYS)
    throw new ConfigurationError('signingKeys', `has more than ${MOST_SIGNING_KEYS} keys`)
  return { keys, signingKeys }
}

/** An entry's terms in the words of `keyRing`, all but the secret. */
export type EntryTerms = Omit<KeyRingEntry, 'secret'>

/**
 * @throws {ConfigurationError} an unknown member, a moment or a secret of the wrong form
 * Does NOT check what `keyRing` checks: the form of ids, algorithms, names, the secret's length.
 */
export function checkEntry(option: string, value: unknown): { readonly key: KeyFileKey; readonly terms: EntryTerms } {
  checkMembers(option, value, KEY_MEMBERS)
  // Its members are known, and each is checked below or by `checkTerms`.
  const key = value as KeyFileKey
  const { secret, notBefore, notAfter, ...rest } = key
  checkText(`${option}.id`, key.id)
  checkText(`${option}.client`, key.client)
  checkStoredSecret(`${option}.secret`, secret)
  for (const name of ['allowWeakSecret', 'refuseRepeats'] as const) {
    if (rest[name] !== undefined && typeof rest[name] !== 'boolean') {
      throw new ConfigurationError(`${option}.${name}`, 'must be true or false')
    }
  }
  return { key, terms: { ...rest, ...moments(option, notBefore, notAfter) } }
}

/** The public half of a signing key, checked: what a verifier needs of it. */
export interface SigningTerms extends KeyWindow {
  readonly kid: string
  readonly algorithm: AsymmetricAlgorithm
}

/**
 * @throws {ConfigurationError} an unknown member, an algorithm that is symmetric or unknown, a window or secret of the wrong form, a
 *   `publicJwk` with private members or for another key id, algorithm or use
 */
export function checkSigningKey(
  option: string,
  value: unknown,
): { readonly key: KeyFileSigningKey; readonly terms: SigningTerms } {
  checkMembers(option, value, SIGNING_MEMBERS)
  const key = value as KeyFileSigningKey
  const kid = checkText(`${option}.kid`, key.kid)
  if (kid.length > MOST_KID_LENGTH)
    throw new ConfigurationError(`${option}.kid`, `is longer than ${MOST_KID_LENGTH} characters`)
  const algorithm = checkOneOf(`${option}.algorithm`, key.algorithm, ASYMMETRIC_ALGORITHMS)
  const window = checkWindow(option, { status: key.status, ...moments(option, key.notBefore, key.notAfter) })
  if (key.privateKey !== undefined) checkStoredSecret(`${option}.privateKey`, key.privateKey)
  checkMembers(`${option}.publicJwk`, key.publicJwk, PUBLIC_JWK_MEMBERS)
  for (const [name, said] of [
    ['kid', kid],
    ['alg', algorithm],
  ] as const) {
    const own = key.publicJwk[name]
    if (own !== undefined && own !== said)
      throw new ConfigurationError(`${option}.publicJwk.${name}`, 'is another than the entry says')
  }
  return { key, terms: { kid, algorithm, ...window } }
}

/** The verification key of a signing key. */
export function importPublicHalf(
  option: string,
  { publicJwk }: KeyFileSigningKey,
  { kid, algorithm }: SigningTerms,
): VerificationKey {
  return importJwk(`${option}.publicJwk`, { ...publicJwk, kid, alg: algorithm }, [algorithm])
}

export function checkStoredSecret(option: string, value: unknown): asserts value is StoredSecret {
  checkMembers(option, value, ['base64url', 'encrypted'])
  const { base64url, encrypted } = value as { readonly base64url?: unknown; readonly encrypted?: unknown }
  if ((base64url === undefined) === (encrypted === undefined)) {
    throw new ConfigurationError(option, 'must have one of base64url and encrypted')
  }
  if (encrypted === undefined) return checkBase64url(`${option}.base64url`, base64url)
  const name = `${option}.encrypted`
  checkMembers(name, encrypted, ['algorithm', 'kek', 'iv', 'ciphertext', 'tag'])
  const sealed = encrypted as Readonly<Record<string, unknown>>
  checkOneOf(`${name}.algorithm`, sealed['algorithm'], ['A256GCM'])
  checkText(`${name}.kek`, sealed['kek'])
  checkBase64url(`${name}.iv`, sealed['iv'], 16)
  checkBase64url(`${name}.ciphertext`, sealed['ciphertext'])
  // A shorter tag would be easier to forge, and Node would take it.
  checkBase64url(`${name}.tag`, sealed['tag'], 22)
}

function checkBase64url(option: string, value: unknown, length?: number): void {
  if (typeof value !== 'string' || value === '' || !isCanonicalBase64url(value)) {
    throw new ConfigurationError(option, 'must be base64url without padding')
  }
  if (length !== undefined && value.length !== length)
    throw new ConfigurationError(option, `must have ${length} characters`)
}

function moments(
  option: string,
  notBefore: unknown,
  notAfter: unknown,
): { readonly notBefore?: number; readonly notAfter?: number } {
  return {
    ...(notBefore === undefined ? {} : { notBefore: checkIsoMoment(`${option}.notBefore`, notBefore) }),
    ...(notAfter === undefined ? {} : { notAfter: checkIsoMoment(`${option}.notAfter`, notAfter) }),
  }
}

const ISO_MOMENT = /^\d{4}-\d\d-(\d\d)T([01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,3})?Z$/

/** A moment in ISO 8601, UTC, as a NumericDate. No 30 February, no 24 o'clock. */
export function checkIsoMoment(option: string, value: unknown): number {
  const match = typeof value === 'string' ? ISO_MOMENT.exec(value) : null
  if (match !== null) {
    const moment = new Date(match[0])
    // Date takes 30 February for 2 March.
    if (moment.getTime() >= 0 && moment.getUTCDate() === Number(match[1])) return moment.getTime() / 1000
  }
  throw new ConfigurationError(option, 'must be a moment in UTC, as 2026-11-22T12:00:00Z')
}

/** As in a token: a longer one is never found. */
const MOST_KID_LENGTH = 256

const ASYMMETRIC_ALGORITHMS = Object.keys(ALGORITHMS).filter(
  (name) => !isSymmetric(name as keyof typeof ALGORITHMS),
) as readonly AsymmetricAlgorithm[]

const WINDOW_MEMBERS = ['status', 'notBefore', 'notAfter']

const KEY_MEMBERS: readonly string[] = [
  'id',
  'client',
  'roles',
  'scopes',
  'algorithm',
  'profile',
  ...WINDOW_MEMBERS,
  'secret',
  'allowWeakSecret',
  'methods',
  'paths',
  'refuseRepeats',
]

const SIGNING_MEMBERS: readonly string[] = ['kid', 'algorithm', ...WINDOW_MEMBERS, 'publicJwk', 'privateKey']

/** RFC 7517 section 4 and RFC 7518 section 6, public members of RSA, EC and OKP keys: no `d` has a place here. */
const PUBLIC_JWK_MEMBERS: readonly string[] = ['kty', 'use', 'key_ops', 'alg', 'kid', 'n', 'e', 'crv', 'x', 'y']
