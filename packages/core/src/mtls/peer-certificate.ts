import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { PeerCertificate } from '../request-view.js'

/**
 * The certificate that a TLS client proved to have the key of; `undefined` without TLS, or where the client showed none. For adapters: the
 * whole of what a view has to say of the connection's certificate.
 */
export function peerCertificateOf(socket: Socket | null | undefined): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  // A renegotiation that failed leaves `authorized` as it was and only sets the error.
  const isAuthorized = socket.authorized === true && !socket.authorizationError
  return { raw: certificate.raw, isAuthorized }
}
