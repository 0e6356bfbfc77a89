import { sign } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { SigningKey } from './keys/signing-key.js'

/*
 * The only file that imports jsonwebtoken. Keys are `KeyObject`s made once: with a PEM each signature would parse it again.
 */

/** The most that `@countersign/core` takes. */
const MOST_TOKEN_LENGTH = 8192

/**
 * Signs a Claims Set as an access token: a compact JWS with `typ: at+jwt` (RFC 9068 section 2.1). Claims are signed as they stand.
 *
 * @throws {TypeError} the token would be longer than verifiers take
 */
export function signAccessToken(key: SigningKey, claims: Readonly<Record<string, unknown>>): string {
  const token = signCompact(key, { alg: key.algorithm, typ: 'at+jwt', kid: key.kid }, claims)
  if (token.length > MOST_TOKEN_LENGTH)
    throw new TypeError(`the token would have more than ${MOST_TOKEN_LENGTH} characters: fewer roles, scopes or claims`)
  return token
}

function signCompact(
  { algorithm, key }: SigningKey,
  header: { readonly alg: string; readonly typ: string; readonly kid: string },
  claims: Readonly<Record<string, unknown>>,
): string {
  if (algorithm !== 'EdDSA') return jwt.sign({ ...claims }, key, { algorithm, header })
  // RFC 8037 section 3.1, which jsonwebtoken lacks.
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}
