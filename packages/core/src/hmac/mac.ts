import { createHmac, type KeyObject } from 'node:crypto'
import type { HmacAlgorithm } from '../key.js'

/** The MAC (RFC 2104) of the profile `request`, over the canonical text in UTF-8, as hexadecimal digits. */
export function requestMac(algorithm: HmacAlgorithm, secret: KeyObject, canonicalText: string): string {
  return createHmac(algorithm, secret).update(canonicalText).digest('hex')
}

/** The MAC of the profile `body-timestamp`: over the body bytes, followed at once by the timestamp's digits. As hex. */
export function bodyTimestampMac(secret: KeyObject, body: Uint8Array, timestamp: string): string {
  return createHmac('sha256', secret).update(body).update(timestamp).digest('hex')
}
