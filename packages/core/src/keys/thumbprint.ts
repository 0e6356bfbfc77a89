import { createHash } from 'node:crypto'
import { ConfigurationError } from '../errors.js'
import type { Jwk } from './jwk.js'

/** The members that make a public key what it is, in the order of their names (RFC 7638 section 3.2, RFC 8037 section 2). */
const REQUIRED_MEMBERS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
])

/**
 * The thumbprint of a public key (RFC 7638 section 3) with SHA-256, in base64url: 43 characters that name the key and may be shown.
 * The private members of a key pair do not enter.
 *
 * @throws {ConfigurationError} another `kty` than EC, OKP or RSA, or a member that is missing. `oct` is among them: with the thumbprint
 *   of a secret its guesses could be tried (RFC 7638 section 7).
 * Does NOT check that the key can be used, nor that its members are spelled canonically: two spellings have two thumbprints.
 */
export function jwkThumbprint(jwk: Jwk): string {
  const names = REQUIRED_MEMBERS.get(jwk.kty)
  if (names === undefined) throw new ConfigurationError('jwk.kty', 'must be EC, OKP or RSA')
  const members = names.map((name) => {
    const value = jwk[name]
    if (typeof value !== 'string') throw new ConfigurationError(`jwk.${name}`, 'must be a string')
    return [name, value]
  })
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url')
}
