/** Why keys could not be had from elsewhere. */
export type RemoteFailure =
  | 'network'
  | 'timeout'
  | 'redirect'
  | 'status'
  | 'too_large'
  | 'malformed'
  | 'too_many_keys'
  | 'no_usable_key'
  | 'issuer_mismatch'
  | 'jwks_uri_refused'

/** Keys could not be had from elsewhere. Says where and why, and nothing of what was answered. */
export class RemoteKeysError extends Error {
  override readonly name = 'RemoteKeysError'
  readonly failure: RemoteFailure
  /** Scheme, host and port of what was asked. */
  readonly origin: string

  constructor(failure: RemoteFailure, { origin }: URL, problem: string, options?: ErrorOptions) {
    super(`The keys of ${origin} cannot be had: ${problem}`, options)
    this.failure = failure
    this.origin = origin
  }
}
