/** How a subject authenticated, as RFC 9068 section 2.2.1 has it. */
export interface Authentication {
  /** `auth_time`, a NumericDate: when the subject proved who they are. */
  readonly authTime?: number
  /** `acr`: how strongly. */
  readonly acr?: string
  /** `amr` (RFC 8176): by what, as `['pwd', 'otp', 'mfa']`. */
  readonly amr?: readonly string[]
}

/** What a token lets its holder do. */
export interface Entitlements {
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
}

/** An access token for somebody whom the caller has authenticated. */
export interface AccessTokenRequest extends Authentication, Entitlements {
  /** `sub`. */
  readonly subject: string
  /** `client_id`: the client that the token is issued to. Another name than the subject's. */
  readonly clientId: string
  /** `aud`: one or several of the issuer's `audiences`. */
  readonly audience: string | readonly string[]
  /** Further claims, as `tenant`. Not those of this interface, nor any registered one. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** An access token for a client itself, which the caller has authenticated (RFC 6749 section 4.4). */
export interface ServiceTokenRequest extends Entitlements {
  /** `client_id`, and `sub`. */
  readonly clientId: string
  readonly audience: string | readonly string[]
  readonly claims?: Readonly<Record<string, unknown>>
}
