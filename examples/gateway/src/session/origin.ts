import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request that a cookie gives power to comes from our own page, or from no browser at all. Browsers say where a request comes
 * from: `Sec-Fetch-Site` (Fetch Metadata) to every origin they trust, `Origin` with every POST. A request with neither was sent by no
 * browser, and carries no cookie that somebody else could have put to use. Stands beside `SameSite=Strict`, which counts every port and
 * every subdomain as the same site.
 */
export function isOwnRequest(headers: IncomingHttpHeaders, publicOrigin: string): boolean {
  const { 'sec-fetch-site': site, origin } = headers
  if (site !== undefined && site !== 'same-origin') return false
  return origin === undefined || origin === publicOrigin
}
