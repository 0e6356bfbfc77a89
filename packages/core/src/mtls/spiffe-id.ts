const MOST_LENGTH = 2048
const MOST_TRUST_DOMAIN_LENGTH = 255
const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]+)((?:\/[A-Za-z0-9._-]+)+)$/

/**
 * Whether a text is the SPIFFE ID of a workload (SPIFFE-ID sections 2.1 to 2.4): lower case up to the path, a path that names somebody, and no
 * segment that is empty, `.` or `..`.
 */
export function isSpiffeId(text: string): boolean {
  if (text.length > MOST_LENGTH) return false
  const [, trustDomain = '', path = ''] = SPIFFE_ID.exec(text) ?? []
  return (
    trustDomain !== '' &&
    trustDomain.length <= MOST_TRUST_DOMAIN_LENGTH &&
    !path.split('/').some((segment) => segment === '.' || segment === '..')
  )
}
