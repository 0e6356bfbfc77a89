import { createPrivateKey, createPublicKey, createSecretKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import type { JwtAlgorithm } from '@countersign/core'
import { checkStrength, fits, isSymmetric, JWT_ALGORITHMS } from '@countersign/core/inspect'
import jwt from 'jsonwebtoken'
import { FailedError, UsageError } from '../errors.js'

/** What tokens are signed with: a private key, or a secret for HS algorithms. */
export interface SigningKey {
  readonly algorithm: JwtAlgorithm
  readonly key: KeyObject
  readonly kid?: string | undefined
}

export function checkAlgorithm(option: string, name: string): JwtAlgorithm {
  const algorithm = JWT_ALGORITHMS.find((candidate) => candidate === name)
  if (algorithm === undefined)
    throw new UsageError(`${option} is not known`, `Give one of ${JWT_ALGORITHMS.join(', ')}.`)
  return algorithm
}

/**
 * Takes a private key in PEM (PKCS #8, PKCS #1, SEC 1) or as a JWK.
 *
 * @param algorithm - absent: the `alg` of the JWK, or the one that goes with the key
 * @throws {FailedError} it is none, or does not fit the algorithm
 */
export function importPrivateKey(
  material: Buffer,
  algorithm: JwtAlgorithm | undefined,
  kid: string | undefined,
): SigningKey {
  const imported = importKeyPair(material, algorithm, kid)
  if (imported.key.type === 'private') return imported
  throw new FailedError('The key is a public one', 'Give the private key: only with it can be signed.')
}

/** Takes a private or a public key, as `importPrivateKey`. */
export function importKeyPair(
  material: Buffer,
  algorithm: JwtAlgorithm | undefined,
  kid: string | undefined,
): SigningKey {
  const jwk = parseJwk(material)
  const key = openKey(material, jwk)
  const alg = algorithm ?? algorithmOf(jwk, key)
  if (isSymmetric(alg) || !fits(alg, key))
    throw new FailedError(`The key is none for ${alg}`, 'Give the --algorithm that goes with the key.')
  checkStrength('the key', alg, key)
  return { algorithm: alg, key, kid: kid ?? (typeof jwk?.['kid'] === 'string' ? jwk['kid'] : undefined) }
}

function parseJwk(material: Buffer): Record<string, unknown> | undefined {
  if (!material.toString('latin1', 0, 64).trimStart().startsWith('{')) return undefined
  try {
    return JSON.parse(material.toString())
  } catch {
    return undefined
  }
}

function openKey(material: Buffer, jwk: Record<string, unknown> | undefined): KeyObject {
  const open = (input: Buffer | JsonWebKey, format: 'pem' | 'jwk') => {
    const isPrivate = Buffer.isBuffer(input) ? input.includes('PRIVATE KEY') : 'd' in input
    // Its types take the two forms of input apart, and both are objects to it.
    const options = { key: input, format } as { key: Buffer; format: 'pem' }
    return isPrivate ? createPrivateKey(options) : createPublicKey(options)
  }
  try {
    return jwk === undefined ? open(material, 'pem') : open(jwk, 'jwk')
  } catch {
    throw new FailedError(
      'The key cannot be read',
      'It is a PEM text (PKCS #8) without a passphrase, or a JWK; a shared secret goes with an HS algorithm, or for requests with sha256.',
    )
  }
}

function algorithmOf(jwk: Record<string, unknown> | undefined, key: KeyObject): JwtAlgorithm {
  const said = JWT_ALGORITHMS.find((name) => name === jwk?.['alg'])
  const [only, another] = said === undefined ? JWT_ALGORITHMS.filter((name) => fits(name, key)) : [said]
  if (only === undefined || another !== undefined) {
    throw new UsageError(
      '--algorithm is needed, for the key goes with several or none',
      'Give RS256 or PS256 for an RSA key, ES256 for P-256, EdDSA for Ed25519.',
    )
  }
  return only
}

/** Takes a shared secret in. */
export function importSecret(secret: Buffer, algorithm: JwtAlgorithm, kid: string | undefined): SigningKey {
  const key = createSecretKey(secret)
  checkStrength('the secret', algorithm, key)
  return { algorithm, key, kid }
}

/** A compact JWS. `claims` are signed as they stand: nothing is added. */
export function signToken(
  { algorithm, key, kid }: SigningKey,
  typ: string,
  claims: Readonly<Record<string, unknown>>,
): string {
  const header = { alg: algorithm, typ, ...(kid === undefined ? {} : { kid }) }
  if (algorithm !== 'EdDSA') return jwt.sign({ ...claims }, key, { algorithm, header })
  // RFC 8037 section 3.1, which jsonwebtoken lacks.
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}
