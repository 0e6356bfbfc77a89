import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** A framework's server, not yet listening. */
export interface TargetServer {
  readonly server: Server
  /** Lets requests in flight finish. */
  close(): Promise<void>
}

/** What the server shows, and whose certificates it takes for good. */
export interface ServerCredentials {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

export const KEEP_ALIVE_MILLISECONDS = 5000

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/

/** The id that the client gave the request, where it has the form of one. */
export function requestIdSent({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): string | undefined {
  const index = rawHeaders.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === 'x-request-id')
  const id = index === -1 ? undefined : rawHeaders[index + 1]
  return id !== undefined && REQUEST_ID.test(id) ? id : undefined
}

/** RFC 9112 section 3.2.2: an authority, and no fragment. */
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]+[^#]*$/i

/** Whether Fastify's router can read the target: decode its path, take its absolute form apart. */
export function isRoutable(url: string): boolean {
  try {
    decodeURIComponent(url.split(/[?#]/, 1)[0] as string)
    return url.startsWith('/') || url === '*' || (ABSOLUTE_FORM.test(url) && URL.canParse(url))
  } catch {
    return false
  }
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)))
    server.closeIdleConnections()
  })
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Answers what no framework got to see, for the HTTP parser refused it: as Node does, where Fastify has an answer of its own. */
export function refuseMessage(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  socket.end(`HTTP/1.1 ${CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
}
