import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Browser } from './browser.js'
import type { Proofs } from './proofs.js'
import { sendWithPython } from './python.js'
import { type SigningKeys, signatureOf } from './signers.js'
import type { Tokens } from './tokens.js'
import type { TourRequest } from './tour.js'

/** What the requests of the tour are made with. */
export interface Credentials {
  readonly tokens: Tokens
  readonly keys: SigningKeys
  readonly proofs: Proofs
  readonly browser: Browser
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
  const init = { method: request.method, headers, redirect: 'manual', body: bodyOf(request, credentials) } as const
  if (request.twice !== undefined) await (await fetch(url + request.path, init)).arrayBuffer()
  const last = request.twice === 'at-other-replica' ? replicaUrl : url
  if (last === undefined) throw new Error('the service has no other replica')
  const answer = await fetch(last + request.path, init)
  const body = await answer.text()
  if (request.cookies === 'browser') credentials.browser.keep(answer, body, request.proof !== undefined)
  return answer.status
}

function headersOf(request: TourRequest, { tokens, keys, browser }: Credentials): Record<string, string> {
  const { contentType, token, signature, proof, cookies, origin } = request
  return {
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(proof === undefined ? {} : { 'content-type': 'application/json' }),
    ...(cookies === undefined ? {} : browser.cookieHeader(cookies)),
    ...(origin === undefined ? {} : { origin }),
    ...(token === undefined ? {} : { authorization: `Bearer ${tokens[token]}` }),
    ...(signature === undefined ? {} : signatureOf(request, signature, keys[signature.by], tokens)),
  }
}

function bodyOf({ body, proof }: TourRequest, { proofs }: Credentials): string | null {
  return proof === undefined ? (body ?? null) : proofs.body(proof)
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
