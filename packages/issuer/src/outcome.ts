/** Whose fault a refusal is: the same four failures as in `@countersign/core`. */
export type RefusalKind = 'credential' | 'policy' | 'dependency' | 'internal'

/** RFC 6749 section 5.2, RFC 8693 section 2.2.2 and RFC 8707 section 2; the last two are RFC 6749 section 4.1.2.1. */
export type OAuthError =
  | 'invalid_request'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unauthorized_client'
  | 'temporarily_unavailable'
  | 'server_error'

/** Why no token was issued: stable, one word for one cause, kept in the audit record. */
export type IssuerReason =
  | 'refresh_token_malformed'
  | 'refresh_token_unknown'
  | 'refresh_token_expired'
  | 'refresh_token_reused'
  | 'session_revoked'
  | 'client_mismatch'
  | 'scope_widened'
  | 'role_widened'
  | 'audience_not_allowed'
  | 'subject_token_invalid'
  | 'actor_not_allowed'
  | 'keys_unavailable'
  | 'refresh_store_unavailable'
  | 'revocation_unavailable'
  | 'entitlements_unavailable'
  | 'internal'

export interface IssuerReasonRow {
  readonly kind: RefusalKind
  readonly status: number
  readonly error: OAuthError
  /** What the client may read: the same for all that is wrong with a grant, so that nobody learns which. */
  readonly description: string
}

/** THE table: every reason for not issuing, and all that follows from it. */
// biome-ignore format: one reason, one line
export const ISSUER_REASONS: Readonly<Record<IssuerReason, IssuerReasonRow>> = {
  refresh_token_malformed: grant(),
  refresh_token_unknown: grant(),
  refresh_token_expired: grant(),
  refresh_token_reused: grant(),
  session_revoked: grant(),
  client_mismatch: grant(),
  scope_widened: { kind: 'policy', status: 400, error: 'invalid_scope', description: 'The scope goes beyond what was granted' },
  role_widened: { kind: 'policy', status: 400, error: 'invalid_scope', description: 'The roles go beyond what was granted' },
  audience_not_allowed: { kind: 'policy', status: 400, error: 'invalid_target', description: 'The audience is not allowed' },
  subject_token_invalid: { kind: 'credential', status: 400, error: 'invalid_request', description: 'The subject token is not valid' },
  actor_not_allowed: { kind: 'policy', status: 400, error: 'unauthorized_client', description: 'The actor may not exchange tokens for this audience' },
  keys_unavailable: dependency('The signing keys cannot be had at the moment'),
  refresh_store_unavailable: dependency('The sessions cannot be reached at the moment'),
  revocation_unavailable: dependency('The revocation list cannot be reached at the moment'),
  entitlements_unavailable: dependency('The entitlements cannot be had at the moment'),
  internal: { kind: 'internal', status: 500, error: 'server_error', description: 'The token could not be issued' },
}

function grant(): IssuerReasonRow {
  return { kind: 'credential', status: 400, error: 'invalid_grant', description: 'The refresh token is not valid' }
}

function dependency(description: string): IssuerReasonRow {
  return { kind: 'dependency', status: 503, error: 'temporarily_unavailable', description }
}

/** No token. */
export interface Refusal extends IssuerReasonRow {
  readonly outcome: 'deny'
  /** For the log, not for the client: `error` and `description` are what it may read. */
  readonly reason: IssuerReason
}

/** One access token. */
export interface AccessToken {
  readonly accessToken: string
  /** NumericDate. */
  readonly expiresAt: number
  /** Seconds from now, whole: `expires_in`. */
  readonly expiresInSeconds: number
  /** `jti`. */
  readonly tokenId: string
  readonly scopes: readonly string[]
}

/** An access token and the refresh token of its session. */
export interface SessionTokens extends AccessToken {
  /** Opaque. Whoever has it is the session: keep it where no script reads it. */
  readonly refreshToken: string
  /** NumericDate: the refresh token is good until then, if nobody uses it before. */
  readonly refreshExpiresAt: number
  /** `sid` of the access token. */
  readonly sessionId: string
  readonly subject: string
}

export type Decision<T> = { readonly outcome: 'allow'; readonly tokens: T } | Refusal

/** The error that below the issuer says no. Carries a reason and nothing of the request. */
export class IssuanceError extends Error {
  override readonly name = 'IssuanceError'
  readonly reason: IssuerReason

  constructor(reason: IssuerReason, options?: ErrorOptions) {
    super(ISSUER_REASONS[reason].description, options)
    this.reason = reason
  }
}
