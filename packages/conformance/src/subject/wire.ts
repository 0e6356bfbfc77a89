import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Certificates, certificates } from '../foreign/certificates.js'
import { type Framework, startTarget } from '../target/start.js'
import type { ProbeRequest, Subject, SubjectOptions } from './subject.js'

/** A running target, spoken to over sockets of our own: no client library tidies a request up. */
export async function wireSubject(framework: Framework, options: SubjectOptions): Promise<Subject> {
  const { tls, ...others } = options
  const material = tls === undefined ? undefined : await certificates()
  const target = await startTarget({
    framework,
    ...others,
    ...(tls && material ? { tls: { ...tls, credentials: { ...material.server, ca: material.ca } } } : {}),
  })
  const port = Number(new URL(target.url).port)
  return {
    name: framework,
    records: target.records,
    handlerRuns: target.handlerRuns,
    exchange: (request) => exchange(port, request, material),
    exchangeBytes: (bytes) => exchangeBytes(port, bytes),
    abandon: (bytes, isOver) => abandon(port, bytes, isOver),
    close: () => target.close(),
  }
}

/** Sends one request to 127.0.0.1; answers all that came back, as Latin-1. */
export function exchange(port: number, request: ProbeRequest, material?: Certificates): Promise<string> {
  return exchangeBytes(port, bytesOf(request), material && tlsClient(material, request))
}

/** The request as it goes over the wire; the server is asked to close, so the answer ends with the connection. */
export function bytesOf({
  method = 'GET',
  target,
  headers = [],
  body,
  framing = 'length',
  host,
}: ProbeRequest): Buffer {
  const content = Buffer.from((body ?? '') as Uint8Array)
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host ?? 'target.test'}`]
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  if (!headers.some(([name]) => name.toLowerCase() === 'connection')) lines.push('Connection: close')
  if (body !== undefined && framing !== 'none') {
    lines.push(framing === 'length' ? `Content-Length: ${content.length}` : 'Transfer-Encoding: chunked')
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return Buffer.concat([head, ...(framing === 'chunked' && body !== undefined ? chunksOf(content) : [content])])
}

function chunksOf(content: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let start = 0; start < content.length; start += 1000) {
    const piece = content.subarray(start, start + 1000)
    chunks.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return [...chunks, Buffer.from('0\r\n\r\n')]
}

const PATIENCE_MILLISECONDS = 10_000

/** What a client brings to the handshake. */
function tlsClient({ ca, clients }: Certificates, { certificate }: ProbeRequest) {
  const { cert, key } = certificate === undefined ? {} : clients[certificate]
  return { ca, servername: 'target.test', cert, key }
}

function exchangeBytes(port: number, bytes: Buffer, tls?: ReturnType<typeof tlsClient>): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls === undefined ? connect(port, '127.0.0.1') : connectTls({ ...tls, port, host: '127.0.0.1' })
    const received: Buffer[] = []
    socket.setTimeout(PATIENCE_MILLISECONDS, () => socket.destroy(new Error('no answer in time')))
    socket.on('data', (chunk) => received.push(chunk))
    // A server that has answered may reset a connection on which more was still to come.
    socket.on('error', (error) => (received.length > 0 ? undefined : reject(error)))
    socket.on('close', () => resolve(Buffer.concat(received).toString('latin1')))
    socket.write(bytes)
  })
}

const POLL_MILLISECONDS = 5

/** Hangs up once the bytes are on their way; the server notices in its own time. */
async function abandon(port: number, bytes: Buffer, isOver: () => boolean): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.end(bytes, resolve))
  const deadline = Date.now() + PATIENCE_MILLISECONDS
  while (!isOver() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS))
  socket.destroy()
}
