import { refusal } from '../errors.js'
import type { RequestView } from '../request-view.js'
import { singleField } from './field.js'

/** An authority without user info (RFC 3986 section 3.2), and no backslash: Express's router reads other characters as the end of the host. */
const ABSOLUTE_FORM = /^https?:\/\/([a-z0-9._~:[\]-]+)((?:[/?][^\\]*)?)$/i

/**
 * Path and query of the request line, byte for byte. The absolute form (RFC 9112 section 3.2.2), which servers must accept and
 * both frameworks route, is taken only where it names the same authority as the Host header: what is signed and what
 * is routed must not come from two places. No URL object is built of it, for such a text can make one throw.
 *
 * @throws {CredentialError} `target_invalid`, `duplicate_header`
 */
export function pathAndQuery(view: RequestView): string {
  const { target } = view
  if (target.startsWith('/') || target === '*') return target
  const match = ABSOLUTE_FORM.exec(target)
  const host = singleField(view.rawHeaders, 'host')
  if (match === null || match[1]?.toLowerCase() !== host?.toLowerCase()) throw refusal('target_invalid')
  return match[2]?.startsWith('/') ? match[2] : `/${match[2] ?? ''}`
}
