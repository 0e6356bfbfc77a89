/** Whose fault a denial is. Four different failures, four different alarms. */
export type DenyKind = 'credential' | 'policy' | 'throttle' | 'dependency' | 'internal'

/** RFC 6750 section 3.1, RFC 9470 section 3. `undefined` in the table: the challenge says nothing of an error. */
export type BearerError =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'

/** All that follows from a reason. */
export interface ReasonRow {
  readonly kind: DenyKind
  readonly status: number
  /** What the client may read. Coarser than the reason where the reason would tell an attacker which keys exist. */
  readonly code: string
  /** A sentence without `"` or `\`, so that it fits a challenge (RFC 6750 section 3). */
  readonly title: string
  readonly bearerError?: BearerError
}

/** Why a request was refused: stable, one word for one cause, kept in the audit record. */
export type DenyReason =
  | 'missing_credentials'
  | 'malformed_credentials'
  | 'duplicate_header'
  | 'target_invalid'
  | 'token_too_large'
  | 'token_malformed'
  | 'algorithm_not_allowed'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_too_old'
  | 'issuer_invalid'
  | 'audience_invalid'
  | 'token_type_invalid'
  | 'claim_missing'
  | 'claim_invalid'
  | 'token_revoked'
  | 'key_unknown'
  | 'key_inactive'
  | 'signature_invalid'
  | 'certificate_invalid'
  | 'certificate_unknown'
  | 'certificate_inactive'
  | 'timestamp_malformed'
  | 'nonce_malformed'
  | 'timestamp_out_of_range'
  | 'content_digest_mismatch'
  | 'replayed'
  | 'binding_invalid'
  | 'body_too_large'
  | 'body_timeout'
  | 'aborted'
  | 'scheme_required'
  | 'step_up_required'
  | 'role_missing'
  | 'scope_missing'
  | 'policy_denied'
  | 'throttled'
  | 'keys_unavailable'
  | 'replay_store_unavailable'
  | 'revocation_unavailable'
  | 'internal'

/**
 * THE table: every reason for saying no, and all that follows from it. Statuses, codes and texts are read from here
 * and written nowhere else.
 */
// biome-ignore format: one reason, one line
export const REASONS: Readonly<Record<DenyReason, ReasonRow>> = {
  missing_credentials: { kind: 'credential', status: 401, code: 'missing_credentials', title: 'Credentials are required' },
  malformed_credentials: credential(400, 'malformed_credentials', 'The credentials are malformed'),
  duplicate_header: credential(400, 'duplicate_header', 'A security header was sent more than once'),
  target_invalid: credential(400, 'target_invalid', 'The request target does not agree with the Host header'),

  token_too_large: credential(400, 'token_too_large', 'The token is too large'),
  token_malformed: credential(401, 'token_malformed', 'The token is malformed'),
  algorithm_not_allowed: credential(401, 'algorithm_not_allowed', 'The token is signed with an algorithm that is not allowed'),
  token_expired: credential(401, 'token_expired', 'The token has expired'),
  token_not_yet_valid: credential(401, 'token_not_yet_valid', 'The token is not valid yet'),
  token_too_old: credential(401, 'token_too_old', 'The token was issued too long ago'),
  issuer_invalid: credential(401, 'issuer_invalid', 'The token comes from an issuer that is not accepted'),
  audience_invalid: credential(401, 'audience_invalid', 'The token is meant for another audience'),
  token_type_invalid: credential(401, 'token_type_invalid', 'The token is not of the accepted type'),
  claim_missing: credential(401, 'claim_missing', 'The token lacks a required claim'),
  claim_invalid: credential(401, 'claim_invalid', 'The token has a claim of the wrong form'),
  token_revoked: credential(401, 'token_revoked', 'The token has been revoked'),

  // One public code: whoever tries key ids must not learn which of them exist.
  key_unknown: credential(401, 'signature_invalid', 'The signature is not valid'),
  key_inactive: credential(401, 'signature_invalid', 'The signature is not valid'),
  signature_invalid: credential(401, 'signature_invalid', 'The signature is not valid'),

  certificate_invalid: credential(401, 'certificate_invalid', 'The client certificate is not accepted'),
  certificate_unknown: credential(401, 'certificate_unknown', 'The client certificate belongs to nobody who is known here'),
  certificate_inactive: credential(401, 'certificate_inactive', 'The client certificate is not valid now'),

  timestamp_malformed: credential(400, 'timestamp_malformed', 'The timestamp is malformed'),
  nonce_malformed: credential(400, 'nonce_malformed', 'The nonce is malformed'),
  timestamp_out_of_range: credential(401, 'timestamp_out_of_range', 'The timestamp is too far from the time here'),
  content_digest_mismatch: credential(401, 'content_digest_mismatch', 'The body is not the one that was signed'),
  replayed: credential(401, 'replayed', 'The request was seen before'),
  binding_invalid: credential(401, 'binding_invalid', 'The credentials are not bound to one another or to this connection'),
  body_too_large: credential(413, 'body_too_large', 'The body is too large'),
  body_timeout: credential(408, 'body_timeout', 'The body did not arrive in time'),
  aborted: credential(400, 'aborted', 'The body did not arrive whole'),

  scheme_required: { kind: 'policy', status: 401, code: 'scheme_required', title: 'Credentials of another scheme are required' },
  step_up_required: { kind: 'policy', status: 401, code: 'step_up_required', title: 'A stronger or more recent authentication is required', bearerError: 'insufficient_user_authentication' },
  role_missing: policy('role_missing', 'A required role is missing'),
  scope_missing: policy('scope_missing', 'A required scope is missing'),
  policy_denied: policy('policy_denied', 'The policy of this resource denies the request'),

  throttled: { kind: 'throttle', status: 429, code: 'throttled', title: 'Too many failed attempts' },

  keys_unavailable: dependency('keys_unavailable', 'The keys cannot be had at the moment'),
  replay_store_unavailable: dependency('replay_store_unavailable', 'The replay protection cannot be reached at the moment'),
  revocation_unavailable: dependency('revocation_unavailable', 'The revocation list cannot be reached at the moment'),

  internal: { kind: 'internal', status: 500, code: 'internal', title: 'The request could not be verified' },
}

/**
 * Failures of credentials that nobody tries to get in by. Nothing was presented; or the body is too large, late or cut off; or the
 * token or certificate is genuine and its time is not now: whoever holds it renews it because of that answer, so nobody may take it from them.
 */
const NO_TRIAL: ReadonlySet<DenyReason> = new Set([
  'missing_credentials',
  'body_too_large',
  'body_timeout',
  'aborted',
  'token_expired',
  'certificate_inactive',
  'token_not_yet_valid',
  'token_too_old',
  'token_revoked',
])

/** Whether a denial counts as a failed attempt to get in: what a throttle counts, and all that it may answer for. */
export function isFailedTrial(reason: DenyReason): boolean {
  return REASONS[reason].kind === 'credential' && !NO_TRIAL.has(reason)
}

function credential(status: number, code: string, title: string): ReasonRow {
  return { kind: 'credential', status, code, title, bearerError: status === 401 ? 'invalid_token' : 'invalid_request' }
}

function policy(code: string, title: string): ReasonRow {
  return { kind: 'policy', status: 403, code, title, bearerError: 'insufficient_scope' }
}

function dependency(code: string, title: string): ReasonRow {
  return { kind: 'dependency', status: 503, code, title }
}
