import { refusal } from '../errors.js'
import { HMAC_KEY_ID, type HmacAlgorithm } from '../key.js'

/** What a signed request says of itself, grammar-checked: no value can contain a line feed. Nothing is verified. */
export interface RequestParameters {
  readonly keyId: string
  /** Ten digits. Kept as text: what was signed is these characters, not a number. */
  readonly timestamp: string
  readonly nonce: string
  /** 64 hex digits. */
  readonly contentSha256: string
  /** As received, to be decoded when it is compared. */
  readonly mac: string
  readonly algorithm: HmacAlgorithm
}

/** What the two-header profile says of itself. */
export interface BodyTimestampParameters {
  readonly timestamp: string
  readonly mac: string
}

export const HMAC_HEADERS = {
  keyId: 'x-hmac-key-id',
  timestamp: 'x-hmac-timestamp',
  nonce: 'x-hmac-nonce',
  contentSha256: 'x-hmac-content-sha256',
  mac: { sha256: 'x-hmac-sha256', sha512: 'x-hmac-sha512' },
} as const

/** Exactly ten digits, the first not 0: one moment has one spelling, and no digit can move into a body before it. */
export const TIMESTAMP: RegExp = /^[1-9][0-9]{9}$/
export const NONCE: RegExp = /^[A-Za-z0-9_-]{16,128}$/
const SHA256_HEX = /^[0-9a-f]{64}$/

/**
 * Reads the signature parameters of a request. `undefined`: no header of ours is there.
 *
 * @throws {CredentialError} `duplicate_header`; `malformed_credentials`: a header is missing, both MAC headers are there, or a
 *   value has the wrong form; `timestamp_malformed`; `nonce_malformed`
 */
export function readParameters(rawHeaders: readonly string[]): RequestParameters | BodyTimestampParameters | undefined {
  const fields = hmacFields(rawHeaders)
  if (fields === undefined) return undefined
  const { keyId, timestamp, nonce, contentSha256, sha256, sha512 } = fields
  const mac = sha256 ?? sha512
  if (timestamp === undefined || mac === undefined) throw refusal('malformed_credentials')
  if (sha256 !== undefined && sha512 !== undefined) throw refusal('malformed_credentials')

  if (keyId === undefined && nonce === undefined && contentSha256 === undefined) {
    if (sha256 === undefined) throw refusal('malformed_credentials')
    if (!TIMESTAMP.test(timestamp)) throw refusal('timestamp_malformed')
    return { timestamp, mac: sha256 }
  }
  if (keyId === undefined || nonce === undefined || contentSha256 === undefined) throw refusal('malformed_credentials')
  if (!HMAC_KEY_ID.test(keyId) || !SHA256_HEX.test(contentSha256)) throw refusal('malformed_credentials')
  if (!TIMESTAMP.test(timestamp)) throw refusal('timestamp_malformed')
  if (!NONCE.test(nonce)) throw refusal('nonce_malformed')
  return { keyId, timestamp, nonce, contentSha256, mac, algorithm: sha256 === undefined ? 'sha512' : 'sha256' }
}

type HmacFields = {
  keyId?: string
  timestamp?: string
  nonce?: string
  contentSha256?: string
  sha256?: string
  sha512?: string
}

const FIELDS: ReadonlyMap<string, keyof HmacFields> = new Map([
  [HMAC_HEADERS.keyId, 'keyId'],
  [HMAC_HEADERS.timestamp, 'timestamp'],
  [HMAC_HEADERS.nonce, 'nonce'],
  [HMAC_HEADERS.contentSha256, 'contentSha256'],
  [HMAC_HEADERS.mac.sha256, 'sha256'],
  [HMAC_HEADERS.mac.sha512, 'sha512'],
])

const SHORTEST_NAME = HMAC_HEADERS.nonce.length

/** All our headers in one pass, each at most once: `singleField` for six names, and for the many requests without any. */
function hmacFields(rawHeaders: readonly string[]): HmacFields | undefined {
  let fields: HmacFields | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length < SHORTEST_NAME || name.charAt(1) !== '-') continue
    const field = FIELDS.get(name.toLowerCase())
    if (field === undefined) continue
    fields ??= {}
    if (fields[field] !== undefined) throw refusal('duplicate_header')
    fields[field] = rawHeaders[index + 1] as string
  }
  return fields
}
