import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { type Jwk, jwkThumbprint } from '@countersign/core'
import type { AsymmetricAlgorithm } from '@countersign/core/key-file'

/** A key pair that was just made, named by its thumbprint (RFC 7638). */
export interface NewKeyPair {
  readonly kid: string
  readonly algorithm: AsymmetricAlgorithm
  readonly privateKey: KeyObject
  readonly publicJwk: Jwk
}

const CURVES: ReadonlyMap<AsymmetricAlgorithm, string> = new Map([
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
])

/** RFC 7518 section 3.3 asks for 2048 at least. */
const RSA_BITS = 2048

/** Makes a key pair beside the event loop: an RSA one takes a tenth of a second, or several. */
export async function generateSigningKey(algorithm: AsymmetricAlgorithm): Promise<NewKeyPair> {
  const privateKey = await newPrivateKey(algorithm)
  const { kty, ...members } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (kty === undefined) throw new TypeError('the key has no type')
  const publicJwk = { kty, ...members }
  return { kid: jwkThumbprint(publicJwk), algorithm, privateKey, publicJwk }
}

async function newPrivateKey(algorithm: AsymmetricAlgorithm): Promise<KeyObject> {
  if (algorithm === 'EdDSA') return (await promisify(generateKeyPair)('ed25519')).privateKey
  const namedCurve = CURVES.get(algorithm)
  if (namedCurve !== undefined) return (await promisify(generateKeyPair)('ec', { namedCurve })).privateKey
  return (await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS })).privateKey
}
