import { refusal } from '../errors.js'

/**
 * Takes the token out of an `Authorization` value of the Bearer scheme (RFC 6750 section 2.1; scheme names are
 * case-insensitive, RFC 9110 section 11.1). `undefined`: another scheme, which is not ours to judge.
 *
 * @throws {CredentialError} `malformed_credentials`: no token, or anything but exactly one space before it
 * Does NOT check the token's own form.
 */
export function bearerToken(authorization: string): string | undefined {
  if (authorization.length < 6 || authorization.slice(0, 6).toLowerCase() !== 'bearer') return undefined
  if (authorization.length === 6) throw refusal('malformed_credentials')
  // `Bearerx …` is a scheme of another name; any other character here is a wrong separator.
  if (/[A-Za-z0-9!#$%&'*+.^_`|~-]/.test(authorization.charAt(6))) return undefined
  if (!B64TOKEN_AFTER_ONE_SPACE.test(authorization.slice(6, 8))) throw refusal('malformed_credentials')
  return authorization.slice(7)
}

const B64TOKEN_AFTER_ONE_SPACE = /^ [^\s]$/
