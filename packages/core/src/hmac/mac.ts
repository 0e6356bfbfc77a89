import { createHmac, type KeyObject } from 'node:crypto'
import { decodeHex, equalInConstantTime } from '../bytes.js'
import type { HmacAlgorithm } from '../key.js'

/** The MAC (RFC 2104) of the profile `request`, over the canonical text in UTF-8. */
export function requestMac(algorithm: HmacAlgorithm, secret: KeyObject, canonicalText: string): Buffer {
  return createHmac(algorithm, secret).update(canonicalText).digest()
}

/** The MAC of the profile `body-timestamp`: over the body bytes, followed at once by the timestamp's digits. */
export function bodyTimestampMac(secret: KeyObject, body: Uint8Array, timestamp: string): Buffer {
  return createHmac('sha256', secret).update(body).update(timestamp).digest()
}

/**
 * Compares a received MAC, in lower-case hexadecimal, with the one computed here, in constant time: `false` whatever
 * differs, a digit, the case, the length.
 *
 * Does NOT check freshness or replay: see freshness.ts, replay.ts.
 */
export function macMatches(computed: Buffer, received: string): boolean {
  const bytes = decodeHex(received)
  return bytes !== undefined && equalInConstantTime(computed, bytes)
}
