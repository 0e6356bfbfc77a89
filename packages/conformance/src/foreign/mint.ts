import { constants, createHmac, createPrivateKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { TARGET_KEYS } from '../target/keys.js'

/*
 * A second implementation of JWS compact (RFC 7515 section 7.1), made of node:crypto alone: what core verifies was not made by core's
 * own hands. It mints whatever it is told, right or wrong.
 */

export type Json = Readonly<Record<string, unknown>>

/** The moment at which the clock of every probe stands still. */
export const NOW = 1_700_000_000

export function base64url(value: string | Uint8Array): string {
  return Buffer.from(value as Uint8Array).toString('base64url')
}

/** One key of `target.json`. */
function jwtKey(kid: string) {
  const key = TARGET_KEYS.jwt.find((candidate) => candidate.kid === kid)
  if (key === undefined) throw new Error(`target.json has no key ${kid}`)
  return key
}

export function privateKey(kid: string): KeyObject {
  const key = jwtKey(kid)
  if (!('privateJwk' in key)) throw new Error(`${kid} is no key pair`)
  return createPrivateKey({ key: key.privateJwk as JsonWebKey, format: 'jwk' })
}

export function publicJwk(kid: string): JsonWebKey {
  const key = jwtKey(kid)
  if (!('publicJwk' in key)) throw new Error(`${kid} is no key pair`)
  return key.publicJwk as JsonWebKey
}

export function jwtSecret(kid: string): Buffer {
  const key = jwtKey(kid)
  if (!('secretHex' in key)) throw new Error(`${kid} is no secret`)
  return Buffer.from(key.secretHex, 'hex')
}

/** Signs as RFC 7518 section 3 and RFC 8037 section 3.1 say, with a key pair or a secret that fits the algorithm. */
export function signBytes(algorithm: string, key: KeyObject | Uint8Array, input: string): Buffer {
  const bytes = Buffer.from(input, 'latin1')
  const hash = `sha${algorithm.slice(2)}`
  if (key instanceof Uint8Array) return createHmac(hash, key).update(bytes).digest()
  if (algorithm === 'EdDSA') return sign(null, bytes, key)
  if (algorithm.startsWith('ES')) return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' })
  if (!algorithm.startsWith('PS')) return sign(hash, bytes, key)
  return sign(hash, bytes, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  })
}

/** A compact JWS of two texts, JSON or not, and a signature over them. */
export function compactOf(
  header: string,
  payload: string | Uint8Array,
  signature: (input: string) => Uint8Array,
): string {
  const input = `${base64url(header)}.${base64url(payload)}`
  return `${input}.${base64url(signature(input))}`
}

export interface TokenOptions {
  /** The key of `target.json` that signs; its issuer is the default `iss`. */
  readonly kid?: string
  /** Laid over the header; `undefined` takes a parameter out. */
  readonly header?: Json
  /** Instead of the header, as it stands. */
  readonly headerText?: string
  /** Instead of the claims, as it stands. */
  readonly payloadText?: string
  /** The algorithm that is really used. */
  readonly algorithm?: string
  /** The key that is really used. */
  readonly key?: KeyObject | Uint8Array
}

/** The claims of a good token, with others laid over them; `undefined` takes one out. */
export function claimsOf(claims: Json, issuer: string = TARGET_KEYS.issuer): Json {
  return { iss: issuer, aud: TARGET_KEYS.audience, sub: 'user-1', iat: NOW, exp: NOW + 300, ...claims }
}

/** A token, good unless told otherwise. */
export function mint(claims: Json = {}, options: TokenOptions = {}): string {
  const { kid = 'issuer-es256' } = options
  const { issuer, algorithm } = jwtKey(kid)
  const header = options.headerText ?? JSON.stringify({ alg: algorithm, typ: 'JWT', kid, ...options.header })
  const payload = options.payloadText ?? JSON.stringify(claimsOf(claims, issuer))
  const key = options.key ?? (kid.startsWith('legacy') ? jwtSecret(kid) : privateKey(kid))
  return compactOf(header, payload, (input) => signBytes(options.algorithm ?? algorithm, key, input))
}
