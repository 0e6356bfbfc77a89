import { refusal } from '../errors.js'

/** Of base64: longer than any header that Node takes by default. */
const MOST_CHARACTERS = 16_384
/** RFC 9651 section 3.3.5, and nothing beside it: no parameters. */
const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/

/**
 * The certificate in a `Client-Cert` field (RFC 9440 section 2.2): a structured field of one byte sequence, base64 in its one spelling.
 *
 * @throws {CredentialError} `malformed_credentials`
 * Does NOT look into the bytes.
 */
export function certificateInField(value: string): Uint8Array {
  const base64 = value.length <= MOST_CHARACTERS ? BYTE_SEQUENCE.exec(value)?.[1] : undefined
  if (base64 === undefined) throw refusal('malformed_credentials')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64') !== base64) throw refusal('malformed_credentials')
  return bytes
}
