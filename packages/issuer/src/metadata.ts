import { ConfigurationError } from '@countersign/core'
import { checkText } from '@countersign/core/issuance'

/** Where an issuer publishes, as paths on its own origin. */
export interface IssuerPaths {
  readonly jwks: string
  /** RFC 8414 section 3.1: the path of the issuer comes after the well-known part. */
  readonly metadata: string
}

/**
 * RFC 8414 section 2: https, no query, no fragment. Compared exactly ever after, so it is not normalised.
 *
 * @throws {ConfigurationError}
 */
export function checkIssuer(option: string, value: unknown, allowInsecureHttp: boolean): string {
  const issuer = checkText(option, value)
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (url === undefined || !['https:', 'http:'].includes(url.protocol))
    throw new ConfigurationError(option, 'must be an https URL')
  if (url.protocol === 'http:' && !allowInsecureHttp && !isLoopback(url.hostname))
    throw new ConfigurationError(option, 'must be an https URL; http is for loopback, or with allowInsecureHttp')
  if (/[?#]/.test(issuer)) throw new ConfigurationError(option, 'must have neither query nor fragment')
  if (url.username !== '' || url.password !== '')
    throw new ConfigurationError(option, 'must not have a user name or password')
  return issuer
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}

export function pathsOf(issuer: string): IssuerPaths {
  const path = new URL(issuer).pathname.replace(/\/$/, '')
  return { jwks: `${path}/.well-known/jwks.json`, metadata: `/.well-known/oauth-authorization-server${path}` }
}

/** What the issuer says of itself: no further member can say otherwise. */
const OWN: readonly string[] = ['issuer', 'jwks_uri']

/** @throws {ConfigurationError} further members that are the issuer's own, or no object */
export function checkMetadata(option: string, value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigurationError(option, 'must be an object')
  const own = Object.keys(value).find((name) => OWN.includes(name))
  if (own !== undefined) throw new ConfigurationError(`${option}.${own}`, 'is written by the issuer')
  return { ...value }
}

/** The metadata document (RFC 8414 section 2). */
export function metadataOf(
  issuer: string,
  grantTypes: readonly string[],
  further: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const jwksUri = new URL(issuer)
  jwksUri.pathname = pathsOf(issuer).jwks
  return {
    response_types_supported: [],
    grant_types_supported: grantTypes,
    ...further,
    issuer,
    jwks_uri: jwksUri.href,
  }
}
