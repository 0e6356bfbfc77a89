import { createPublicKey, createSecretKey, type JsonWebKey, KeyObject } from 'node:crypto'
import { ConfigurationError } from '../errors.js'
import {
  type JwtAlgorithm,
  type KeyHealth,
  type KeyStatus,
  keyState,
  unused,
  type VerificationKey,
  type VerificationKeyLookup,
  type VerificationKeySource,
} from '../key.js'
import { checkMembers, checkOneOf, checkText } from '../options.js'
import { checkStrength, fits, isSymmetric, JWT_ALGORITHMS, signatureLength } from './algorithms.js'
import { importJwk, type Jwk } from './jwk.js'
import { keyDetails } from './key-details.js'
import { checkSecret, type SecretInput } from './secret.js'
import { checkWindow } from './window.js'

/** One key that tokens are verified with. Exactly one of `publicKey` and `secret` is given. */
export interface StaticKey {
  /** Required as soon as there are several keys of one algorithm. */
  readonly kid?: string
  readonly algorithm: JwtAlgorithm
  /** A PEM text (SPKI), a public `KeyObject`, or a public JWK. */
  readonly publicKey?: string | KeyObject | Jwk
  /** For HS256, HS384, HS512: at least 32, 48, 64 bytes. */
  readonly secret?: SecretInput
  /** NumericDate or `Date`; the key is not used before. */
  readonly notBefore?: number | Date
  /** NumericDate or `Date`; the key is not used after. */
  readonly notAfter?: number | Date
  /** `deactivated` or `compromised`: not used any more, whatever its times. Default `active`. */
  readonly status?: KeyStatus
}

/**
 * Keys that are known when the service starts. The type of a key is never guessed from its text: its algorithm is said.
 *
 * @throws {ConfigurationError} from `createVerifier`: a private key, a key that does not fit its algorithm or is too weak,
 *   an algorithm that the issuer does not list, two keys that a token could not tell apart.
 */
export function staticKeys(keys: readonly StaticKey[]): VerificationKeySource {
  return {
    open({ option, algorithms }) {
      if (!Array.isArray(keys) || keys.length === 0) throw new ConfigurationError(option, 'must list at least one key')
      return new KeySet(
        option,
        keys.map((key, index) => openKey(`${option}[${index}]`, key, algorithms)),
      )
    },
  }
}

/**
 * A JWK Set (RFC 7517 section 5) that is known when the service starts. A key without `alg` is bound to the one algorithm of
 * the issuer that fits it. Members with `use` other than `sig`, or `key_ops` without `verify`, are refused.
 *
 * @throws {ConfigurationError} from `createVerifier`, as `staticKeys`.
 */
export function staticJwks(document: { readonly keys: readonly Jwk[] }): VerificationKeySource {
  return {
    open({ option, algorithms }) {
      if (!Array.isArray(document?.keys) || document.keys.length === 0) {
        throw new ConfigurationError(option, 'must have a non-empty list "keys"')
      }
      const keys = document.keys.map((jwk, index) => importJwk(`${option}.keys[${index}]`, jwk, algorithms))
      return new KeySet(option, keys)
    },
  }
}

function openKey(option: string, entry: StaticKey, allowed: readonly JwtAlgorithm[]): VerificationKey {
  checkMembers(option, entry, ['kid', 'algorithm', 'publicKey', 'secret', 'notBefore', 'notAfter', 'status'])
  const algorithm = checkOneOf(`${option}.algorithm`, entry.algorithm, JWT_ALGORITHMS)
  if (!allowed.includes(algorithm)) {
    throw new ConfigurationError(`${option}.algorithm`, 'is not among the algorithms of the issuer')
  }
  const key = isSymmetric(algorithm) ? openSecret(option, entry) : openPublicKey(option, entry)
  if (!fits(algorithm, key)) throw new ConfigurationError(option, `is not a key for ${algorithm}`)
  checkStrength(option, algorithm, key)
  return {
    kid: entry.kid === undefined ? undefined : checkText(`${option}.kid`, entry.kid),
    algorithm,
    key,
    signatureLength: signatureLength(algorithm, key),
    ...checkWindow(option, entry),
    use: unused(),
  }
}

function openSecret(option: string, { secret, publicKey }: StaticKey): KeyObject {
  if (publicKey !== undefined) throw new ConfigurationError(`${option}.publicKey`, 'does not go with an HS algorithm')
  return createSecretKey(checkSecret(`${option}.secret`, secret, 1))
}

function openPublicKey(option: string, { secret, publicKey }: StaticKey): KeyObject {
  if (secret !== undefined) throw new ConfigurationError(`${option}.secret`, 'goes with an HS algorithm only')
  if (publicKey === undefined) throw new ConfigurationError(`${option}.publicKey`, 'is required')
  if (publicKey instanceof KeyObject) {
    if (publicKey.type === 'public') return publicKey
    throw new ConfigurationError(`${option}.publicKey`, `is a ${publicKey.type} key; a verifier needs the public one`)
  }
  if (typeof publicKey === 'string' ? publicKey.includes('PRIVATE KEY') : 'd' in publicKey) {
    throw new ConfigurationError(`${option}.publicKey`, 'is a private key; a verifier needs the public one')
  }
  try {
    return typeof publicKey === 'string'
      ? createPublicKey({ key: publicKey, format: 'pem' })
      : createPublicKey({ key: publicKey as JsonWebKey, format: 'jwk' })
  } catch {
    throw new ConfigurationError(`${option}.publicKey`, 'cannot be read as a public key')
  }
}

/** An immutable set of verification keys, found by `kid` in one step. */
export class KeySet implements VerificationKeyLookup {
  readonly #keys: readonly VerificationKey[]
  readonly #byKid = new Map<string, VerificationKey>()
  /** For tokens without `kid`: the one key of an algorithm, `undefined` where there are several. */
  readonly #alone = new Map<JwtAlgorithm, VerificationKey | undefined>()

  constructor(option: string, keys: readonly VerificationKey[]) {
    this.#keys = keys
    for (const key of keys) {
      if (key.kid !== undefined) {
        if (this.#byKid.has(key.kid)) throw new ConfigurationError(option, `has two keys with the kid ${key.kid}`)
        this.#byKid.set(key.kid, key)
      }
      this.#alone.set(key.algorithm, this.#alone.has(key.algorithm) ? undefined : key)
    }
    for (const key of keys) {
      if (key.kid === undefined && this.#alone.get(key.algorithm) !== key) {
        throw new ConfigurationError(option, `has several keys for ${key.algorithm}, so each needs a kid`)
      }
    }
  }

  find(kid: string | undefined, algorithm: JwtAlgorithm): VerificationKey | undefined {
    return kid === undefined ? this.#alone.get(algorithm) : this.#byKid.get(kid)
  }

  warmup(): void {}

  isUsable(now: number): boolean {
    return this.#keys.some((key) => keyState(key, now) === 'active')
  }

  health(now: number): KeyHealth {
    const activeKeys = this.#keys.filter((key) => keyState(key, now) === 'active').length
    return { ready: activeKeys > 0, keys: this.#keys.length, activeKeys, ...keyDetails(this.#keys, now) }
  }

  close(): void {}
}
