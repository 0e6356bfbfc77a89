import { refusal } from '../errors.js'

/**
 * Takes the token out of an `Authorization` value of the Bearer scheme (RFC 6750 section 2.1; scheme names are
 * case-insensitive, RFC 9110 section 11.1). `undefined`: another scheme, which is not ours to judge.
 *
 * @throws {CredentialError} `malformed_credentials`: no token, or anything but exactly one space before it
 * Does NOT check the token's own form.
 */
export function bearerToken(authorization: string): string | undefined {
  if (authorization.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined
  const separator = authorization.charAt(SCHEME.length)
  // `Bearerx …` is a scheme of another name; any other character here is a wrong separator.
  if (separator !== ' ' && TCHAR.test(separator)) return undefined
  const first = authorization.charAt(SCHEME.length + 1)
  if (separator !== ' ' || first === '' || first === ' ' || first === '\t') throw refusal('malformed_credentials')
  return authorization.slice(SCHEME.length + 1)
}

const SCHEME = 'bearer'
/** RFC 9110 section 5.6.2. */
const TCHAR = /[A-Za-z0-9!#$%&'*+.^_`|~-]/
