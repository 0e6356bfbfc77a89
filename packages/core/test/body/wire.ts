import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

export type Handler = (message: IncomingMessage, response: ServerResponse) => Promise<string | Buffer> | string | Buffer

/** Listens on a loopback port until the test is over; what the handler returns (or throws) is the answer. */
export async function serve(handler: Handler): Promise<number> {
  return listen(
    createServer(async (message, response) => {
      let answer: string | Buffer
      try {
        answer = await handler(message, response)
      } catch (error) {
        answer = describe(error)
      }
      response.setHeader('content-length', Buffer.byteLength(answer)).end(answer)
    }),
  )
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'failure' in error ? `${error.name} ${error.failure}` : error.name
}

/** One connection, written and read byte for byte. */
export class Wire {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  #received: Buffer = Buffer.alloc(0)

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setNoDelay(true)
    this.socket.on('error', () => {})
    this.socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes])
    })
    this.closed = new Promise((resolve) => this.socket.once('close', resolve))
    onTestFinished(() => {
      this.socket.destroy()
    })
  }

  write(...parts: (string | Buffer)[]): this {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))))
    return this
  }

  /** The next answer on this connection, interim answers (1xx) left out. */
  async answer(): Promise<{ readonly status: number; readonly head: string; readonly body: Buffer }> {
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n')
      const head = this.#received.subarray(0, Math.max(end, 0)).toString('latin1')
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
      if (end < 0 || this.#received.length < end + 4 + length) {
        if (this.socket.closed) throw new Error('The connection was closed without an answer')
        await Promise.race([new Promise((resolve) => this.socket.once('data', resolve)), this.closed])
        continue
      }
      const body = this.#received.subarray(end + 4, end + 4 + length)
      this.#received = this.#received.subarray(end + 4 + length)
      const status = Number(head.slice(9, 12))
      if (status >= 200) return { status, head, body }
    }
  }
}

export function withLength(body: string | Buffer, target = '/', headers = '', method = 'POST'): Buffer {
  const bytes = Buffer.from(body)
  const head = `${method} ${target} HTTP/1.1\r\nHost: a\r\n${headers}Content-Length: ${bytes.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), bytes])
}

export function chunkedHead(target = '/', headers = '', method = 'POST'): string {
  return `${method} ${target} HTTP/1.1\r\nHost: a\r\n${headers}Transfer-Encoding: chunked\r\n\r\n`
}

export function chunk(part: string | Buffer): Buffer {
  const bytes = Buffer.from(part)
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

export const LAST_CHUNK = '0\r\n\r\n'

/** A body in chunks of at most `size` bytes. */
export function inChunks(body: string | Buffer, size: number, target = '/', headers = '', method = 'POST'): Buffer {
  const bytes = Buffer.from(body)
  const parts: Buffer[] = [Buffer.from(chunkedHead(target, headers, method))]
  for (let at = 0; at < bytes.length; at += size) parts.push(chunk(bytes.subarray(at, at + size)))
  return Buffer.concat([...parts, Buffer.from(LAST_CHUNK)])
}

/** A promise and the function that settles it (Promise.withResolvers is not on Node 20). */
export function deferred<T = void>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** Turns the event loop until the condition holds; the test's own timeout is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

/** A continuation that comes late, as after a lookup of a key. */
export async function later(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn()
}
