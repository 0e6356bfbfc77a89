/** One use of a refresh token. */
export interface RefreshRequest {
  readonly refreshToken: string
  /** The client that presents it, as the caller knows or authenticated it: the one that the session was started for. */
  readonly clientId: string
  /** Some of the session's audiences. Default: all of them. */
  readonly audience?: string | readonly string[]
  /** Some of the session's scopes, for this access token alone (RFC 6749 section 6). Default: all of them. */
  readonly scopes?: readonly string[]
}
