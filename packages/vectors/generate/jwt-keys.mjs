// Signing keys: read from keys.json, made once where one is missing. HS secrets are derived, so they need no file.
import { generateKeyPairSync } from 'node:crypto'
import { ISSUER, LEGACY_ISSUER, testSecretHex } from './lib.mjs'

const RSA = ['rsa', { modulusLength: 2048 }]
const EC = (namedCurve) => ['ec', { namedCurve }]
const KEY_TYPES = {
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  ES256: EC('P-256'),
  ES384: EC('P-384'),
  ES512: EC('P-521'),
  EdDSA: ['ed25519', {}],
}
const SECRET_BITS = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }
const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi'])

const publicPart = (jwk) => Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.has(name)))

/** @returns `{ RS256: { issuer, algorithm, kid, privateJwk, publicJwk }, …, HS256: { issuer, algorithm, kid, secretHex } }` */
export function jwtKeys(stored) {
  const keys = {}
  for (const [algorithm, [type, options]] of Object.entries(KEY_TYPES)) {
    const kid = `issuer-${algorithm.toLowerCase()}`
    const privateJwk = stored[algorithm] ?? {
      ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
      kid,
      alg: algorithm,
      use: 'sig',
    }
    keys[algorithm] = { issuer: ISSUER, algorithm, kid, privateJwk, publicJwk: publicPart(privateJwk) }
  }
  for (const [algorithm, digest] of Object.entries(SECRET_BITS)) {
    const kid = `legacy-${algorithm.toLowerCase()}`
    keys[algorithm] = { issuer: LEGACY_ISSUER, algorithm, kid, secretHex: testSecretHex(digest, kid) }
  }
  return keys
}
