import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { type Jwk, type JwtAlgorithm, staticJwks, staticKeys, type VerificationKeySource } from '@countersign/core'
import { fits, isSymmetric, JWT_ALGORITHMS } from '@countersign/core/inspect'
import type { KeyFile } from '@countersign/core/key-file'
import { FailedError } from '../errors.js'
import { windowOf } from '../keys/moments.js'

/*
 * Keys for one token: only those that it may name are taken in, so that an unusual key beside them is no error. What they are for is said by the
 * keys, not by the token.
 */

/** What a token says of the key it wants. Unverified. */
export interface Wanted {
  readonly kid: string | undefined
  readonly algorithm: JwtAlgorithm
}

/** The keys that a token may have been signed with, and what they are for. */
export interface Candidates {
  readonly keys: VerificationKeySource
  readonly algorithms: readonly JwtAlgorithm[]
}

/** Knows no key. */
const NO_KEYS: VerificationKeySource = {
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
 * @throws {FailedError} it is no JWK Set
 */
export function jwksFor(bytes: Buffer, wanted: Wanted): Candidates {
  const keys = parseJwks(bytes)
    .map((jwk) => bound(jwk, wanted))
    .filter(({ kid, alg }) => (wanted.kid === undefined ? alg === wanted.algorithm : kid === wanted.kid))
  if (keys.length === 0) return { keys: NO_KEYS, algorithms: [wanted.algorithm] }
  return {
    keys: staticJwks({ keys }),
    algorithms: algorithmsOf(
      keys.map(({ alg }) => alg),
      wanted,
    ),
  }
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
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Falls through: what it holds instead is not repeated.
  }
  throw new FailedError(
    '--jwks holds no JSON object',
    'It is a JSON object with a list "keys", as an issuer publishes it.',
  )
}

/** The public half of a JWK, with an `alg`: its own, or else that of the token where it goes with the key. */
function bound(jwk: Jwk, { algorithm }: Wanted): Jwk {
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, kty, ...rest } = jwk
  const publicHalf = { ...rest, kty }
  if (jwk.alg !== undefined) return publicHalf
  if (kty === 'oct') return { ...publicHalf, alg: isSymmetric(algorithm) ? algorithm : 'HS256' }
  try {
    return {
      ...publicHalf,
      alg: algorithmFor(createPublicKey({ key: publicHalf as JsonWebKey, format: 'jwk' }), algorithm),
    }
  } catch {
    // Core will say what is wrong with it, where the token names it.
    return publicHalf
  }
}

/** The algorithm of the token where it goes with a key, or else the first that does. */
function algorithmFor(key: KeyObject, algorithm: JwtAlgorithm): JwtAlgorithm {
  return fits(algorithm, key) ? algorithm : (JWT_ALGORITHMS.find((name) => fits(name, key)) ?? algorithm)
}

function algorithmsOf(names: readonly (string | undefined)[], { algorithm }: Wanted): readonly JwtAlgorithm[] {
  const known = JWT_ALGORITHMS.filter((name) => names.includes(name))
  return known.length === 0 ? [algorithm] : known
}

/** A public key in PEM. */
export function publicKeyFor(bytes: Buffer, { kid, algorithm }: Wanted): Candidates {
  const publicKey = parsePem(bytes)
  const bindTo = algorithmFor(publicKey, algorithm)
  return {
    keys: staticKeys([{ ...(kid === undefined ? {} : { kid }), algorithm: bindTo, publicKey }]),
    algorithms: [bindTo],
  }
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
export function secretFor(secret: Buffer, { kid, algorithm }: Wanted): Candidates {
  const bindTo = isSymmetric(algorithm) ? algorithm : 'HS256'
  return {
    keys: staticKeys([{ ...(kid === undefined ? {} : { kid }), algorithm: bindTo, secret }]),
    algorithms: [bindTo],
  }
}

/** The public halves of the signing keys of a key file, with their windows. */
export function signingKeysFor({ signingKeys = [] }: KeyFile, wanted: Wanted): Candidates {
  const entries = signingKeys.filter(({ kid, algorithm }) =>
    wanted.kid === undefined ? algorithm === wanted.algorithm : kid === wanted.kid,
  )
  if (entries.length === 0) return { keys: NO_KEYS, algorithms: [wanted.algorithm] }
  return {
    keys: staticKeys(
      entries.map((entry) => ({
        kid: entry.kid,
        algorithm: entry.algorithm,
        publicKey: entry.publicJwk,
        ...windowOf(entry),
      })),
    ),
    algorithms: algorithmsOf(
      entries.map(({ algorithm }) => algorithm),
      wanted,
    ),
  }
}
