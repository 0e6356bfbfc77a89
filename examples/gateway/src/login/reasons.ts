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
  | 'no_session'
  | 'session_ended'
  | 'unavailable'

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
  no_session: { status: 401, code: 'no_session', title: 'There is no session' },
  session_ended: { status: 401, code: 'session_ended', title: 'The session has ended' },
  unavailable: { status: 503, code: 'unavailable', title: 'Logins cannot be looked at at the moment' },
}
