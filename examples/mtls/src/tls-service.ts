/** A service that listens. */
export interface TlsService {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  /** Takes no further connection; resolves when the requests under way are answered. */
  close(): Promise<void>
}
