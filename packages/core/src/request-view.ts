import type { AuditLogger } from './audit/logger.js'
import type { Awaitable } from './chain.js'

/** What a scheme asks of a body before a byte of it is read. */
export interface BodyLimits {
  readonly limitBytes: number
  readonly timeoutSeconds: number
}

/** The certificate that a TLS client showed, and proved to have the key of. */
export interface PeerCertificate {
  /** DER. */
  readonly raw: Uint8Array
  /** Whether the TLS layer built a chain from it to a trusted CA, and found nothing wrong with it: Node's `socket.authorized`. */
  readonly isAuthorized: boolean
}

/**
 * A request as core sees it: what an adapter translates its framework's request into. Outside values arrive here
 * raw and unchecked; nothing in a view has been verified.
 */
export interface RequestView {
  /** As sent, in the case it was sent in. */
  readonly method: string
  /** The request-target of the request line, byte for byte (RFC 9112 section 3.2); a trusted proxy's prefix is put back. */
  readonly target: string
  /** Name, value, name, value … as received: Node's `rawHeaders`. Duplicates are still to be seen here. */
  readonly rawHeaders: readonly string[]
  /**
   * Reads the whole body, the bytes as they travelled, and leaves them for later readers.
   * Throws or rejects with `BodyError` (`body_too_large`, `body_timeout`, `aborted`) or `CredentialError`.
   */
  readBody(limits: BodyLimits): Awaitable<Buffer>
  /** `fastify`, `express`, … for the audit record. */
  readonly framework: string
  /** The route's pattern, where it is known before the handler runs. Never the path itself. */
  readonly route?: string | undefined
  /** The client's address by the framework's own trust settings. */
  readonly ip?: string | undefined
  /** The other end of the socket itself, whatever the framework trusts: a proxy's, where one is in between. */
  readonly remoteAddress?: string | undefined
  /** Of the connection: `peerCertificateOf(socket)`. A getter, for it is not asked for at every request. Absent: none was shown. */
  readonly peerCertificate?: PeerCertificate | undefined
  /** The framework's own id of this request. Absent: a well-formed `x-request-id` header, else a random one. */
  readonly requestId?: string | undefined
  /** The request's own logger, used where the verifier was given none. */
  readonly log?: AuditLogger | undefined
}
