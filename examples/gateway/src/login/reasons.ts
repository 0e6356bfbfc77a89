/** Why the gateway said no: for the audit record. What a client reads is coarser. */
export type LoginReason =
  | 'malformed_request'
  | 'cross_site'
  | 'user_unknown'
  | 'password_wrong'
  | 'code_missing'
  | 'code_wrong'
  | 'code_used'
  | 'code_throttled'
  | 'throttled'
  | 'busy'
  | 'refresh_missing'
  | 'refresh_invalid'
  | 'refresh_expired'
  | 'refresh_reused'
  | 'store_unavailable'

/** All that follows from a reason. */
export interface LoginReasonRow {
  readonly status: number
  readonly code: string
  /** A fixed sentence. */
  readonly title: string
}

/** One answer for all of them: nobody learns who has an account, or that a password was right. */
const LOGIN_FAILED: LoginReasonRow = {
  ...{ status: 401, code: 'login_failed', title: 'The name, the password or the code is wrong' },
}
const SESSION_ENDED: LoginReasonRow = { status: 401, code: 'session_ended', title: 'The session has ended' }

// biome-ignore format: one reason, one line
export const LOGIN_REASONS: Readonly<Record<LoginReason, LoginReasonRow>> = {
  malformed_request: { status: 400, code: 'malformed_request', title: 'The request is malformed' },
  cross_site: { status: 403, code: 'cross_site', title: 'The request comes from another site' },
  user_unknown: LOGIN_FAILED,
  password_wrong: LOGIN_FAILED,
  code_missing: LOGIN_FAILED,
  code_wrong: LOGIN_FAILED,
  code_used: LOGIN_FAILED,
  code_throttled: LOGIN_FAILED,
  throttled: { status: 429, code: 'throttled', title: 'Too many failed attempts' },
  busy: { status: 503, code: 'busy', title: 'Too many logins at the moment' },
  refresh_missing: { status: 401, code: 'refresh_missing', title: 'There is no session' },
  refresh_invalid: SESSION_ENDED,
  refresh_expired: SESSION_ENDED,
  refresh_reused: SESSION_ENDED,
  store_unavailable: { status: 503, code: 'store_unavailable', title: 'The users cannot be looked up at the moment' },
}
