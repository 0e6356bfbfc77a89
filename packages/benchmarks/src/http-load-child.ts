import { connect, type Socket } from 'node:net'
import { createSigner, type Signer } from '@countersign/client'
import type { Load } from './http-contenders.js'
import type { HttpMaterial } from './http-material.js'
import { AUDIENCE, jsonOf } from './material.js'

/** One round of load on one server. */
export interface Round {
  readonly port: number
  readonly load: Load
  readonly milliseconds: number
}

export interface RoundResult {
  readonly requests: number
  readonly seconds: number
}

/*
 * A load generator that costs less than any server it measures: it writes prepared requests and counts the bytes of answers, which are all
 * of one length. Requests are not pipelined.
 */

const CONNECTIONS = 32
const CUSTOMARY =
  'Host: 127.0.0.1\r\nUser-Agent: benchmark/1.0\r\nAccept: application/json\r\nConnection: keep-alive\r\n'
const BODY = jsonOf(1024).toString()

function tokenRequests(tokens: readonly string[]): () => string {
  const requests = tokens.map(
    (token) => `GET /orders/4711 HTTP/1.1\r\n${CUSTOMARY}Authorization: Bearer ${token}\r\n\r\n`,
  )
  let next = 0
  return () => requests[next++ % requests.length] as string
}

class SignedRequests {
  readonly #signer: Signer
  #prepared: string[] = []

  constructor(macSecret: string) {
    this.#signer = createSigner({ keyId: 'billing-2026-11', secret: Buffer.from(macSecret, 'hex'), audience: AUDIENCE })
  }

  /** Signs before the round what it may need: each request is good once. */
  prepare(count: number): void {
    this.#prepared = Array.from({ length: count }, () => this.#make())
  }

  next = (): string => this.#prepared.pop() ?? this.#make()

  #make(): string {
    const headers = { 'content-type': 'application/json' }
    const signature = this.#signer.sign({ method: 'POST', url: '/orders', headers, body: BODY })
    const lines = Object.entries({ ...headers, 'content-length': String(BODY.length), ...signature })
    return `POST /orders HTTP/1.1\r\n${CUSTOMARY}${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${BODY}`
  }
}

/** The length of an answer that has arrived whole; `undefined` where more is to come. */
function answerLength(text: string): number | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1]
  if (headEnd === -1 || length === undefined || text.length < headEnd + 4 + Number(length)) return undefined
  return headEnd + 4 + Number(length)
}

/** Sends one request after the other on one connection until `endsAt`; answers how many were answered. */
function converse(port: number, next: () => string, endsAt: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let requests = 0
    let head = ''
    let length: number | undefined
    let received = 0
    const socket: Socket = connect(port, '127.0.0.1', () => void socket.write(next(), 'latin1'))
    socket.setNoDelay(true)
    socket.on('error', reject)
    socket.on('close', () => resolve(requests))
    socket.on('data', (bytes) => {
      received += bytes.length
      if (length === undefined) {
        head += bytes.toString('latin1')
        length = answerLength(head)
        if (length === undefined) return
      }
      if (received < length) return
      // Each answer is as long as the first, and the first was a 200: a denial is neither.
      if (received > length || !head.startsWith('HTTP/1.1 200 ')) {
        reject(new Error(`not the answer that was expected: ${bytes.toString('latin1').slice(0, 300)}`))
        socket.destroy()
        return
      }
      received = 0
      requests++
      if (performance.now() < endsAt) socket.write(next(), 'latin1')
      else socket.destroy()
    })
  })
}

let signed: SignedRequests | undefined
let tokens: Readonly<Record<string, () => string>> = {}
let mostInRound = 0

async function runRound({ port, load, milliseconds }: Round): Promise<RoundResult> {
  if (load === 'POST HMAC') signed?.prepare(Math.ceil(mostInRound * 1.1))
  const next = load === 'POST HMAC' ? signed?.next : tokens[load]
  if (next === undefined) throw new Error(`no such load: ${load}`)
  const startedAt = performance.now()
  const counts = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => converse(port, next, startedAt + milliseconds)),
  )
  const requests = counts.reduce((sum, count) => sum + count, 0)
  if (load === 'POST HMAC') mostInRound = Math.max(mostInRound, requests)
  return { requests, seconds: (performance.now() - startedAt) / 1000 }
}

process.on('message', async (message: { readonly start: HttpMaterial } | Round) => {
  if ('start' in message) {
    signed = new SignedRequests(message.start.macSecret)
    tokens = {
      'GET RS256': tokenRequests(message.start.tokens.RS256),
      'GET HS256': tokenRequests(message.start.tokens.HS256),
    }
    process.send?.('ready')
  } else process.send?.(await runRound(message))
})
process.on('disconnect', () => process.exit())
