import { isUtf8 } from 'node:buffer'
import { hasCanonicalTail } from '../bytes.js'
import { refusal } from '../errors.js'
import { hasRepeatedNames } from './json.js'

/** The protected header of a token (RFC 7515 section 4.1), as far as it may decide anything. Unverified. */
export interface ProtectedHeader {
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string | undefined
}

/** A compact JWS taken apart (RFC 7515 section 7.1). Unverified. */
export interface UnverifiedToken {
  readonly compact: string
  readonly header: ProtectedHeader
  /** UTF-8. */
  readonly payload: Buffer
  readonly signatureLength: number
}

/** RFC 6750 sets no limit; a header of more does not pass many proxies. */
export const MOST_TOKEN_BYTES = 8192
const MOST_KID_LENGTH = 256

const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/

/**
 * Takes a compact JWS apart, strictly: one token has one spelling.
 *
 * @throws {CredentialError} `token_too_large`; `token_malformed`: not three segments, not canonical base64url, not UTF-8, not JSON, a name
 *   twice, a header parameter of the wrong type, or one that changes what the token means (`crit`, `b64`, `zip`, a nested token)
 * Does NOT verify anything, and reads nothing of the payload but its text.
 */
export function parseToken(compact: string): UnverifiedToken {
  if (compact.length > MOST_TOKEN_BYTES) throw refusal('token_too_large')
  if (!COMPACT.test(compact)) throw refusal('token_malformed')
  const payloadStart = compact.indexOf('.') + 1
  const signatureStart = compact.indexOf('.', payloadStart) + 1
  const headerSegment = compact.slice(0, payloadStart - 1)
  const payloadSegment = compact.slice(payloadStart, signatureStart - 1)
  if (!hasCanonicalTail(payloadSegment) || !hasCanonicalTail(compact.slice(signatureStart)))
    throw refusal('token_malformed')
  return {
    compact,
    header: headerOf(headerSegment),
    payload: decodeUtf8(payloadSegment),
    signatureLength: compact.length - signatureStart,
  }
}

function decodeUtf8(segment: string): Buffer {
  const bytes = Buffer.from(segment, 'base64url')
  if (!isUtf8(bytes)) throw refusal('token_malformed')
  return bytes
}

/** An issuer signs every token with one of a few headers: parsed once, found by their text. */
const headers = new Map<string, ProtectedHeader>()
const MOST_HEADERS = 512

function headerOf(segment: string): ProtectedHeader {
  let header = headers.get(segment)
  if (header === undefined) {
    if (!hasCanonicalTail(segment)) throw refusal('token_malformed')
    header = parseHeader(decodeUtf8(segment))
    if (headers.size >= MOST_HEADERS) headers.clear()
    // A slice would keep the whole token alive.
    headers.set(Buffer.from(segment, 'latin1').toString('latin1'), header)
  }
  return header
}

function parseHeader(text: Buffer): ProtectedHeader {
  const { alg, kid, typ, ...rest } = parseObject(text)
  if (typeof alg !== 'string' || alg === '') throw refusal('token_malformed')
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > MOST_KID_LENGTH)) {
    throw refusal('token_malformed')
  }
  if (typ !== undefined && typeof typ !== 'string') throw refusal('token_malformed')
  // RFC 7515 section 4.1.11: whoever does not understand a critical parameter must refuse. We understand none, nor RFC 7797.
  if ('crit' in rest || 'b64' in rest || 'zip' in rest) throw refusal('token_malformed')
  if (typeof rest['cty'] === 'string' && /^(application\/)?jwt$/i.test(rest['cty'])) throw refusal('token_malformed')
  return { alg, kid, typ }
}

/** @throws {CredentialError} `token_malformed`: not JSON, not an object, or a name twice */
export function parseObject(text: Buffer): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text.toString())
  } catch {
    throw refusal('token_malformed')
  }
  return checkObject(text, value)
}

/** Checks what was parsed from `text`, without parsing it again. */
export function checkObject(text: Buffer, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refusal('token_malformed')
  if (hasRepeatedNames(text, value)) throw refusal('token_malformed')
  return value as Record<string, unknown>
}
