import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { sendWithPython } from './python.js'
import { type SigningKeys, signatureOf } from './signers.js'
import type { Tokens } from './tokens.js'
import type { TourRequest } from './tour.js'

/** What the requests of the tour are made with. */
export interface Credentials {
  readonly tokens: Tokens
  readonly keys: SigningKeys
}

/** Where the service of a row is. */
export interface Destination {
  readonly url: string
  readonly replicaUrl?: string | undefined
}

/** Sends the request of a row to a service and returns the status of the answer, of the last one where it is sent twice. */
export async function send(
  request: TourRequest,
  { url, replicaUrl }: Destination,
  credentials: Credentials,
  traceId: string,
): Promise<number> {
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
  if (request.python === true) return sendWithPython(request, url, credentials.keys, traceparent)
  const headers = { traceparent, ...headersOf(request, credentials) }
  if (request.doubledHeader !== undefined) return sendRaw(request, url, headers, request.doubledHeader)
  const init = { method: request.method, headers, redirect: 'manual', body: request.body ?? null } as const
  if (request.twice !== undefined) await (await fetch(url + request.path, init)).arrayBuffer()
  const last = request.twice === 'at-other-replica' ? replicaUrl : url
  if (last === undefined) throw new Error('the service has no other replica')
  const answer = await fetch(last + request.path, init)
  await answer.arrayBuffer()
  return answer.status
}

function headersOf(request: TourRequest, { tokens, keys }: Credentials): Record<string, string> {
  const { contentType, token, signature } = request
  return {
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(token === undefined ? {} : { authorization: `Bearer ${tokens[token]}` }),
    ...(signature === undefined ? {} : signatureOf(request, signature, keys[signature.by], tokens)),
  }
}

/** Writes the request to a socket as it is, one header of it twice. */
async function sendRaw(
  request: TourRequest,
  url: string,
  headers: Record<string, string>,
  doubled: string,
): Promise<number> {
  const { hostname, port, host } = new URL(url)
  const lines = Object.entries({ host, connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}`)
  const socket = connect(Number(port), hostname)
  socket.end(
    [`${request.method} ${request.path} HTTP/1.1`, ...lines, `${doubled}: ${headers[doubled]}`, '', ''].join('\r\n'),
  )
  const answer = await text(socket)
  return Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(answer)?.[1])
}
