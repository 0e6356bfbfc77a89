import { timingSafeEqual } from 'node:crypto'

const LOWER_HEX = /^[0-9a-f]*$/
const BASE64URL = /^[A-Za-z0-9_-]*$/
const BASE64URL_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Where MACs are laid side by side. Filled and compared in one go, for nothing is awaited in between. */
const SCRATCH: ReadonlyMap<number, readonly [Buffer, Buffer]> = new Map(
  [64, 128].map((digits) => [digits, [Buffer.alloc(digits), Buffer.alloc(digits)]]),
)

/**
 * Compares a MAC computed here with a received text, without telling by its duration where they differ. The only comparison of secret
 * bytes in the house. `false` for anything but the same lower-case hexadecimal digits: upper case, a prefix, another length.
 *
 * @param computed - 64 or 128 digits
 */
export function equalHexInConstantTime(computed: string, received: string): boolean {
  // The grammar first: Latin-1 would fold a character above U+00FF into a digit. Neither length nor alphabet is secret.
  if (received.length !== computed.length || !LOWER_HEX.test(received)) return false
  const scratch = SCRATCH.get(computed.length)
  if (scratch === undefined) throw new RangeError('a MAC has 64 or 128 digits')
  scratch[0].write(computed, 'latin1')
  scratch[1].write(received, 'latin1')
  return timingSafeEqual(scratch[0], scratch[1])
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
