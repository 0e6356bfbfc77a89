import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer, Server as HttpsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { HttpLimits } from './http-limits.js'
import type { LiveIdentity } from './live-identity.js'
import { onceAMinute } from './once-a-minute.js'

/** How a service serves over mutual TLS: whoever has no certificate of the authorities does not come through the handshake. */
export function mutualTlsOptions({ material }: LiveIdentity, limits: HttpLimits): ServerOptions {
  return {
    ...limits,
    ...material,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: limits.headersTimeout,
  }
}

/**
 * Keeps the certificate of a server of `mutualTlsOptions` up to date, and tells why connections to it fail, which their clients learn from an
 * alert at best.
 */
export function followTls(server: HttpsServer, identity: LiveIdentity, log: Logger): void {
  identity.follow(server)
  const tell = onceAMinute((count, reason) => log.warn({ count, reason }, 'TLS: connections refused'))
  server.on('tlsClientError', ({ code = '' }: NodeJS.ErrnoException, { authorizationError }) => {
    // Of a certificate that was not taken the error itself says only that the connection is gone.
    tell(String(authorizationError ?? code))
  })
}

export interface ServerParts {
  readonly limits: HttpLimits
  /** Absent: http. */
  readonly identity: LiveIdentity | undefined
  readonly log: Logger
}

/** A server of node's, for frameworks that make none of their own. */
export function createServiceServer(listener: RequestListener, { limits, identity, log }: ServerParts): Server {
  if (identity === undefined) return createHttpServer(limits, listener)
  const server = createHttpsServer(mutualTlsOptions(identity, limits), listener)
  followTls(server, identity, log)
  return server
}

/** Scheme, host and port of a server that listens. */
export function urlOf(server: Server): string {
  // A server that listens on a port has an address of this form.
  const { address, family, port } = server.address() as AddressInfo
  const scheme = server instanceof HttpsServer ? 'https' : 'http'
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
