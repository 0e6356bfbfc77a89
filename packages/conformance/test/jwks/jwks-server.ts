import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createGzip } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { mint } from '../../src/foreign/mint.js'

export const ISSUER = 'https://id.test'
export const AUDIENCE = 'target'

/** A signing key of a test issuer. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicJwk: Readonly<Record<string, unknown>>
}

export function signingKey(kid: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } }
}

/** A token for {@link AUDIENCE}, good for an hour. */
export function tokenOf(
  { kid, privateKey }: SigningKey,
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): string {
  const exp = Math.floor(Date.now() / 1000) + 3600
  return mint(
    { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: undefined, exp, ...claims },
    { algorithm: 'ES256', key: privateKey, header: { alg: 'ES256', kid, ...header } },
  )
}

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

const MEGABYTE = Buffer.alloc(1_048_576, 0x20)

/** Writes megabytes of white space, as fast as they are taken, until the other side hangs up. */
function pour(response: NodeJS.WritableStream, megabytes: number): void {
  let left = megabytes
  const next = () => {
    while (left > 0 && response.writable) {
      left--
      if (!response.write(MEGABYTE)) return void response.once('drain', next)
    }
    response.end()
  }
  next()
}

const text = (status: number, body: string, type = 'application/json'): Behaviour => {
  return (_, response) => void response.writeHead(status, { 'content-type': type }).end(body)
}

/** What a server can do instead of its duty. Each keeps a client that has no limits waiting, growing, or wrong. */
export const MISBEHAVIOURS = {
  'hangs before headers': () => {},
  'stalls after headers': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  },
  'stalls within the body': (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"keys":[')
  },
  'drips a byte at a time': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  },
  'answers 500': text(500, '{"error":"down"}'),
  'answers 500 without end': (_, response) => {
    response.writeHead(500)
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  },
  'answers 404': text(404, 'Not Found', 'text/plain'),
  'answers HTML': text(200, '<!doctype html><title>Sign in</title>', 'text/html'),
  'answers truncated JSON': text(200, '{"keys":[{"kty":"EC","kid":"a","x":"'),
  'answers {}': text(200, '{}'),
  'answers {"keys":[]}': text(200, '{"keys":[]}'),
  'answers {"keys":null}': text(200, '{"keys":null}'),
  'answers nothing': text(200, ''),
  'ends the body early': (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"keys":[')
    setImmediate(() => response.destroy())
  },
  'answers 101 keys': (_, response) => {
    const { publicJwk } = signingKey('k')
    const keys = Array.from({ length: 101 }, (__, index) => ({ ...publicJwk, kid: `k${index}` }))
    response.end(JSON.stringify({ keys }))
  },
  'answers 50 MB': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(50 * MEGABYTE.length) })
    pour(response, 50)
  },
  'answers 50 MB in chunks': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    pour(response, 50)
  },
  'answers a gzip bomb of 500 MB': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    const gzip = createGzip()
    gzip.pipe(response)
    response.on('close', () => gzip.destroy())
    pour(gzip, 500)
  },
  'closes the connection': (request) => {
    request.socket.destroy()
  },
} satisfies Record<string, Behaviour>

/** A JWKS server on the loopback interface. What it does can be changed at any time, and is counted. */
export class JwksServer {
  keys: readonly SigningKey[]
  behaviour: Behaviour | undefined
  headers: Readonly<Record<string, string>> = {}
  requests = 0
  open = 0
  mostOpen = 0
  readonly connectedTo = new Set<string>()
  readonly server: Server
  readonly #sockets = new Set<Socket>()
  #port = 0

  constructor(...keys: readonly SigningKey[]) {
    this.keys = keys
    this.server = createServer((request, response) => this.#answer(request, response))
    this.server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests++
    this.open++
    this.mostOpen = Math.max(this.mostOpen, this.open)
    this.connectedTo.add(request.socket.localAddress ?? '')
    response.on('close', () => this.open--)
    response.on('error', () => {})
    if (this.behaviour !== undefined) this.behaviour(request, response)
    else {
      const body = JSON.stringify({ keys: this.keys.map(({ publicJwk }) => publicJwk) })
      response.writeHead(200, { 'content-type': 'application/jwk-set+json', ...this.headers }).end(body)
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/jwks`
  }

  get port(): number {
    return this.#port
  }

  /** Listens: at first on a free port, then on the same again. */
  async up(host = '127.0.0.1'): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(this.#port, host, resolve)
    })
    this.#port = (this.server.address() as AddressInfo).port
    return this
  }

  async down(): Promise<void> {
    if (!this.server.listening) return
    const closed = new Promise((resolve) => this.server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

export async function startJwksServer(...keys: readonly SigningKey[]): Promise<JwksServer> {
  const server = await new JwksServer(...keys).up()
  onTestFinished(() => server.down())
  return server
}
