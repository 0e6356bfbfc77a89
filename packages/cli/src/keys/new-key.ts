import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { HmacAlgorithm, Jwk } from '@countersign/core'
import { LEAST_SECRET_BYTES } from '@countersign/core/hmac'
import { isSymmetric, JWT_ALGORITHMS } from '@countersign/core/inspect'
import type { AsymmetricAlgorithm } from '@countersign/core/key-file'
import { UsageError } from '../errors.js'

/** What a key is for: `sha256` and `sha512` sign requests, the others tokens. */
export type KeyAlgorithm = HmacAlgorithm | AsymmetricAlgorithm

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

export function checkKeyAlgorithm(name: string): KeyAlgorithm {
  if (name === 'sha256' || name === 'sha512') return name
  const algorithm = JWT_ALGORITHMS.find(
    (candidate): candidate is AsymmetricAlgorithm => candidate === name && !isSymmetric(candidate),
  )
  if (algorithm === undefined)
    throw new UsageError(
      '--algorithm is not known',
      'Give sha256 or sha512 for requests; RS256, PS256, ES256 or EdDSA for tokens.',
    )
  return algorithm
}

export function isForRequests(algorithm: KeyAlgorithm): algorithm is HmacAlgorithm {
  return algorithm === 'sha256' || algorithm === 'sha512'
}

/** As many random bytes as the hash has. */
export function newSecret(algorithm: HmacAlgorithm): Buffer {
  return randomBytes(LEAST_SECRET_BYTES[algorithm])
}

export function newPrivateKey(algorithm: AsymmetricAlgorithm): KeyObject {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519').privateKey
  const namedCurve = CURVES[algorithm]
  return namedCurve === undefined
    ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    : generateKeyPairSync('ec', { namedCurve }).privateKey
}

/** The public half of a key pair, as it may be published. */
export function publicJwkOf(key: KeyObject): Jwk {
  const { kty, ...rest } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  if (kty === undefined) throw new TypeError('the key has no type')
  return { kty, ...rest }
}

export function pkcs8Of(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'pkcs8' })
}
