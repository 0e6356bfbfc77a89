import type { StepUp } from '../policy/step-up.js'
import { type DenyReason, REASONS } from '../reason.js'

/** A parameter value as a quoted-string (RFC 9110 section 5.6.4). Quoting lives here only. */
function quoted(value: string): string {
  return `"${value.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}

/**
 * The challenge of a bearer scheme (RFC 6750 section 3). Bare where no credentials were sent (section 3.1).
 *
 * @param stepUp - how the user is to authenticate (RFC 9470 section 3); told beside `step_up_required` only
 */
export function bearerChallenge(
  realm: string,
  reason: DenyReason | undefined,
  scopes: readonly string[],
  stepUp?: StepUp,
): string {
  let challenge = `Bearer realm=${quoted(realm)}`
  const row = reason === undefined ? undefined : REASONS[reason]
  if (row?.bearerError !== undefined) {
    challenge += `, error=${quoted(row.bearerError)}, error_description=${quoted(row.title)}`
  }
  if (row?.bearerError === 'insufficient_scope' && scopes.length > 0) challenge += `, scope=${quoted(scopes.join(' '))}`
  if (row?.bearerError === 'insufficient_user_authentication' && stepUp !== undefined)
    challenge += stepUpParameters(stepUp)
  return challenge
}

function stepUpParameters({ acrValues, maxAgeSeconds }: StepUp): string {
  const acr = acrValues === undefined ? '' : `, acr_values=${quoted(acrValues.join(' '))}`
  return maxAgeSeconds === undefined ? acr : `${acr}, max_age=${quoted(String(maxAgeSeconds))}`
}

/**
 * The challenge of client certificates. TLS asks for those, and HTTP has registered no scheme for it; but a 401 has a challenge (RFC 9110
 * section 15.5.2), so the name is ours. No Authorization header answers it.
 */
export function mutualTlsChallenge(realm: string, reason: DenyReason | undefined): string {
  return challengeOf('MutualTLS', realm, reason)
}

/** The challenge of HMAC-signed requests (RFC 9110 section 11.6.1; the name is ours). Bare where no credentials were sent. */
export function hmacChallenge(realm: string, reason: DenyReason | undefined): string {
  return challengeOf('HMAC', realm, reason)
}

function challengeOf(scheme: string, realm: string, reason: DenyReason | undefined): string {
  const challenge = `${scheme} realm=${quoted(realm)}`
  return reason === undefined ? challenge : `${challenge}, error=${quoted(REASONS[reason].code)}`
}
