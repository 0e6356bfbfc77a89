import { refusal } from '../errors.js'
import type { ProtectedHeader } from './token.js'

/** The claims that decide, of a verified Claims Set (RFC 7519 section 4.1): their types are right, their times unchecked. */
export interface CheckedClaims {
  readonly subject: string
  readonly expiresAt: number | undefined
  readonly notBefore: number | undefined
  readonly issuedAt: number | undefined
  readonly tokenId: string | undefined
}

/** What an issuer's tokens must say. */
export interface ClaimRules {
  /** `null`: any issuer. */
  readonly issuer: string | null
  /** `null`: any audience, or none. */
  readonly audience: string | null
  readonly tokenType: 'any' | 'at+jwt'
  /** A token without `exp` is refused. */
  readonly expiryRequired: boolean
}

export interface TimeRules {
  readonly skewSeconds: number
  /** `null`: tokens of any age. */
  readonly maxAgeSeconds: number | null
}

const MOST_SUBJECT_LENGTH = 1024
const MOST_TOKEN_ID_LENGTH = 1024

/**
 * `typ` is a media type with `application/` left out (RFC 7515 section 4.1.9), so its case does not matter. RFC 9068 section 4.
 *
 * @throws {CredentialError} `token_type_invalid`
 */
export function checkType({ typ }: ProtectedHeader, required: ClaimRules['tokenType']): void {
  const type = typ?.toLowerCase()
  if (type === 'at+jwt' || type === 'application/at+jwt') return
  if (required === 'any' && (type === undefined || type === 'jwt')) return
  throw refusal('token_type_invalid')
}

/**
 * Checks all that stays true of a token for as long as it lives. Values are compared code point by code point, never as a
 * pattern, a prefix or a normal form (RFC 7519 section 7.3).
 *
 * @throws {CredentialError} `issuer_invalid`, `audience_invalid`, `claim_missing`, `claim_invalid`
 * Does NOT check times: see `checkTimes`.
 */
export function checkClaims(claims: Readonly<Record<string, unknown>>, rules: ClaimRules): CheckedClaims {
  if (rules.issuer !== null && claims['iss'] !== rules.issuer) throw refusal('issuer_invalid')
  if (rules.audience !== null) checkAudience(claims['aud'], rules.audience)
  const expiresAt = numericDate(claims['exp'])
  if (expiresAt === undefined && rules.expiryRequired) throw refusal('claim_missing')
  return {
    subject: checkSubject(claims['sub']),
    expiresAt,
    notBefore: numericDate(claims['nbf']),
    issuedAt: numericDate(claims['iat']),
    tokenId: checkTokenId(claims['jti']),
  }
}

/** A string, or an array of strings (RFC 7519 section 4.1.3). An array with anything else in it is not read at all. */
function checkAudience(claim: unknown, audience: string): void {
  if (typeof claim === 'string' ? claim === audience : isTexts(claim) && claim.includes(audience)) return
  throw refusal('audience_invalid')
}

/** RFC 7519 section 4.1.2: StringOrURI. */
function checkSubject(claim: unknown): string {
  if (claim === undefined) throw refusal('claim_missing')
  if (typeof claim !== 'string' || claim === '' || claim.length > MOST_SUBJECT_LENGTH) throw refusal('claim_invalid')
  return claim
}

function checkTokenId(claim: unknown): string | undefined {
  if (claim === undefined) return undefined
  if (typeof claim !== 'string' || claim.length > MOST_TOKEN_ID_LENGTH) throw refusal('claim_invalid')
  return claim
}

/** RFC 7519 section 2: a JSON number. `1e400` parses to Infinity, which is none. */
function numericDate(claim: unknown): number | undefined {
  if (claim === undefined) return undefined
  if (typeof claim !== 'number' || !Number.isFinite(claim)) throw refusal('claim_invalid')
  return claim
}

/**
 * Checks the times of a token against the clock: at every use, also of a token that was verified before.
 *
 * @throws {CredentialError} `token_expired`, `token_not_yet_valid`, `token_too_old`, `claim_missing` (`iat`, where an age is asked for)
 */
export function checkTimes(claims: CheckedClaims, now: number, { skewSeconds, maxAgeSeconds }: TimeRules): void {
  const { expiresAt, notBefore, issuedAt } = claims
  // RFC 7519 section 4.1.4: on or after the expiration time it must not be accepted.
  if (expiresAt !== undefined && now >= expiresAt + skewSeconds) throw refusal('token_expired')
  if (notBefore !== undefined && notBefore > now + skewSeconds) throw refusal('token_not_yet_valid')
  if (issuedAt !== undefined && issuedAt > now + skewSeconds) throw refusal('token_not_yet_valid')
  if (maxAgeSeconds === null) return
  if (issuedAt === undefined) throw refusal('claim_missing')
  if (now > issuedAt + maxAgeSeconds + skewSeconds) throw refusal('token_too_old')
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
