import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Front } from '../src/front.js'

/** What the framework was given and has not answered yet. */
let waiting: ServerResponse[]
let server: Server
let front: Front
let agent: Agent
let isSpent: boolean
let lines: string[]

beforeEach(async () => {
  waiting = []
  isSpent = false
  lines = []
  agent = new Agent({ keepAlive: true, maxSockets: 1 })
  server = createServer((_request, response) => waiting.push(response))
  front = new Front(server, pino({}, { write: (line: string) => lines.push(line) }), { isSpent: () => isSpent })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(() => {
  agent.destroy()
  server.closeAllConnections()
  server.close()
})

const port = (): number => (server.address() as AddressInfo).port
const stop = (): Promise<unknown> => once(server.close(), 'close')

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

async function send(path = '/', { method = 'GET', body = '', through = agent } = {}): Promise<Answer> {
  const message = request({ port: port(), path, method, agent: through }).end(body)
  const [answer] = (await once(message, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) }
}

async function nextWaiting(): Promise<ServerResponse> {
  await expect.poll(() => waiting.length).toBeGreaterThan(0)
  return waiting.shift() as ServerResponse
}

describe('a front that leaves', () => {
  it('serves as before, and ends each connection with its next answer, of requests under way too', async () => {
    const early = send()
    const response = await nextWaiting()
    front.leave()
    expect(front.isLeaving).toBe(true)
    response.end('early')
    expect(await early).toMatchObject({ status: 200, body: 'early', headers: { connection: 'close' } })
    const late = send()
    ;(await nextWaiting()).end('late')
    expect(await late).toMatchObject({ status: 200, body: 'late', headers: { connection: 'close' } })
  })

  it('says nothing of closing before', async () => {
    const answer = send()
    ;(await nextWaiting()).end()
    expect((await answer).headers.connection).toBe('keep-alive')
  })
})

describe('a front that closes', () => {
  it('lets what is under way finish, and refuses what comes on connections that are still there', async () => {
    // A connection that stays open because its request was answered before the front left.
    const first = send()
    ;(await nextWaiting()).end()
    await first
    const other = new Agent({ keepAlive: true, maxSockets: 1 })
    const slow = send('/', { through: other })
    const response = await nextWaiting()

    const kept = connect(port(), '127.0.0.1')
    await once(kept, 'connect')
    kept.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n')
    await expect.poll(() => countConnections()).toBe(3)
    const closed = front.close(stop)
    kept.write('\r\nbody')
    const refused = await text(kept)
    expect(refused).toMatch(/^HTTP\/1\.1 503 /)
    expect(refused.toLowerCase()).toContain('\r\nconnection: close\r\n')
    expect(refused).toContain('"code":"closing"')
    expect(waiting).toEqual([])

    let isClosed = false
    void closed.then(() => {
      isClosed = true
    })
    await new Promise(setImmediate)
    expect(isClosed).toBe(false)
    response.end('done')
    expect(await slow).toMatchObject({ status: 200, body: 'done', headers: { connection: 'close' } })
    await closed
    expect(await countConnections()).toBe(0)
    other.destroy()
  })

  it('does not wait for a client that never sends the whole of its request', async () => {
    const lazy = connect(port(), '127.0.0.1')
    await once(lazy, 'connect')
    lazy.write('GET / HTTP/1.1\r\nHost:')
    await expect.poll(() => countConnections()).toBe(1)
    const ended = once(lazy, 'close')
    await front.close(stop)
    await ended
  })

  it('closes at once where nothing is under way', async () => {
    await front.close(stop)
    expect(server.listening).toBe(false)
  })
})

describe('a front that has no time', () => {
  it('refuses before the framework hears of it, keeps the connection, and says so once', async () => {
    isSpent = true
    for (let index = 0; index < 3; index++) {
      const answer = await send('/', { method: 'POST', body: 'x'.repeat(1000) })
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1', connection: 'keep-alive' } })
      expect(JSON.parse(answer.body)).toMatchObject({ status: 503, code: 'overloaded' })
    }
    expect(waiting).toEqual([])
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ count: 1, msg: 'overloaded: requests refused' }])
    expect(await countConnections()).toBe(1)
  })

  it('still tells of its health', async () => {
    isSpent = true
    const answer = send('/health')
    ;(await nextWaiting()).end()
    expect((await answer).status).toBe(200)
  })
})

function countConnections(): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
}
