import { createPublicKey, type KeyObject } from 'node:crypto'
import { type Jwk, type JwtAlgorithm, staticJwks, staticKeys, type VerificationKeySource } from '@countersign/core'
import { fits, isSymmetric } from '@countersign/core/inspect'
import type { KeyFile } from '@countersign/core/key-file'
import { FailedError } from '../errors.js'
import { windowOf } from '../keys/moments.js'

/*
 * Keys for one token: only what could verify it is taken in, so that an unusual key beside it is no error.
 */

/** What a token says of the key it wants. Unverified. */
export interface Wanted {
  readonly kid: string | undefined
  readonly algorithm: JwtAlgorithm
}

/** Knows no key that could have signed the token. */
const NO_MATCH: VerificationKeySource = {
  open: () => ({
    find: () => undefined,
    // So that the reason is the key that is unknown, and not that there is none.
    isUsable: () => true,
    health: () => ({ ready: true, keys: 0, activeKeys: 0 }),
    warmup: () => {},
    close: () => {},
  }),
}

/**
 * The keys of a JWK Set file.
 *
 * @throws {FailedError} it is no JWK Set; {ConfigurationError} the key that is wanted cannot be used
 */
export function jwksFor(bytes: Buffer, { kid, algorithm }: Wanted): VerificationKeySource {
  const keys = parseJwks(bytes).filter((jwk) => (kid === undefined ? isUsableFor(jwk, algorithm) : jwk.kid === kid))
  return keys.length === 0 ? NO_MATCH : staticJwks({ keys: keys.map(withoutForeign) })
}

function parseJwks(bytes: Buffer): readonly Jwk[] {
  const document = parseJson(bytes)
  const keys: unknown = 'keys' in document ? document['keys'] : [document]
  if (
    !Array.isArray(keys) ||
    !keys.every((jwk) => typeof jwk === 'object' && jwk !== null && typeof jwk.kty === 'string')
  ) {
    throw new FailedError(
      '--jwks holds no JWK Set',
      'It is a JSON object with a list "keys", as an issuer publishes it.',
    )
  }
  return keys
}

function parseJson(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Falls through: what it holds instead is not repeated.
  }
  throw new FailedError(
    '--jwks holds no JSON object',
    'It is a JSON object with a list "keys", as an issuer publishes it.',
  )
}

function isUsableFor(jwk: Jwk, algorithm: JwtAlgorithm): boolean {
  if (jwk.alg !== undefined) return jwk.alg === algorithm
  const types: Readonly<Record<string, string>> = { RS: 'RSA', PS: 'RSA', ES: 'EC', Ed: 'OKP', HS: 'oct' }
  return jwk.kty === types[algorithm.slice(0, 2)]
}

/** A set that somebody keeps for signing may have the private halves: they are not looked at. */
function withoutForeign(jwk: Jwk): Jwk {
  if (jwk.kty === 'oct') return jwk
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...publicHalf } = jwk
  return { ...publicHalf, kty: jwk.kty }
}

/** A public key in PEM. */
export function publicKeyFor(bytes: Buffer, { kid, algorithm }: Wanted): VerificationKeySource {
  const publicKey = parsePem(bytes)
  if (isSymmetric(algorithm) || !fits(algorithm, publicKey)) return NO_MATCH
  return staticKeys([{ ...(kid === undefined ? {} : { kid }), algorithm, publicKey }])
}

function parsePem(bytes: Buffer): KeyObject {
  try {
    // Makes the public half of a private key, too.
    return createPublicKey({ key: bytes, format: 'pem' })
  } catch {
    throw new FailedError(
      '--public-key holds no public key in PEM',
      'It starts with -----BEGIN PUBLIC KEY----- (SPKI); for a JWK Set use --jwks.',
    )
  }
}

/** A shared secret, for HS algorithms alone. */
export function secretFor(secret: Buffer, { kid, algorithm }: Wanted): VerificationKeySource {
  if (!isSymmetric(algorithm)) return NO_MATCH
  return staticKeys([{ ...(kid === undefined ? {} : { kid }), algorithm, secret }])
}

/** The public halves of the signing keys of a key file, with their windows. */
export function signingKeysFor({ signingKeys = [] }: KeyFile, { kid, algorithm }: Wanted): VerificationKeySource {
  const entries = signingKeys.filter(
    (entry) => entry.algorithm === algorithm && (kid === undefined || entry.kid === kid),
  )
  if (entries.length === 0) return NO_MATCH
  return staticKeys(
    entries.map((entry) => ({ kid: entry.kid, algorithm, publicKey: entry.publicJwk, ...windowOf(entry) })),
  )
}
