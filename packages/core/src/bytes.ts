import { timingSafeEqual } from 'node:crypto'

export const NO_BYTES: Buffer = Buffer.alloc(0)

const LOWER_HEX = /^[0-9a-f]*$/
const BASE64URL = /^[A-Za-z0-9_-]*$/
const BASE64URL_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Compares secret bytes without telling by its duration where they differ. The only such comparison in the house.
 * Lengths are not secret: unequal ones answer at once.
 */
export function equalInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right)
}

/** Decodes lower-case hexadecimal digits; `undefined` for anything else (upper case, a prefix, an odd count). */
export function decodeHex(text: string): Buffer | undefined {
  return text.length % 2 === 0 && LOWER_HEX.test(text) ? Buffer.from(text, 'hex') : undefined
}

/**
 * Whether `text` is the one base64url spelling of some bytes: no padding, no foreign character, no spare bits set
 * (RFC 4648 sections 3.5 and 5, RFC 7515 section 2).
 */
export function isCanonicalBase64url(text: string): boolean {
  return BASE64URL.test(text) && hasCanonicalTail(text)
}

/** The tail half of {@link isCanonicalBase64url}, for text whose alphabet has been checked already. */
export function hasCanonicalTail(text: string): boolean {
  const rest = text.length & 3
  if (rest === 0) return true
  if (rest === 1) return false
  const lastValue = BASE64URL_ALPHABET.indexOf(text.charAt(text.length - 1))
  return (lastValue & (rest === 2 ? 0b1111 : 0b11)) === 0
}
