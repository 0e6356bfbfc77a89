import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createSigner } from '@countersign/client'
import { staticJwks } from '@countersign/core'
import { publicJwks } from '@countersign-example/gateway'
import { inventoryCallers, startInventory } from '@countersign-example/inventory'
import { LoopBudget, makeKeys, type Service } from '@countersign-example/kit'
import { orderCallers, startOrders } from '@countersign-example/orders'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const keys = makeKeys()
const BODY = '{"item":"tea","quantity":1}'

/** A service, and a signed request with a body that it takes. */
interface Subject {
  readonly start: (log: pino.Logger) => Promise<Service>
  readonly request: string
  readonly status: number
  readonly key: { readonly keyId: string; readonly secret: string; readonly audience: string }
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  'inventory, on Fastify': {
    start: (log) => startInventory({ port: 0, log, callers: inventoryCallers(keys) }),
    request: 'POST /reservations',
    status: 201,
    key: { keyId: 'orders-1', secret: keys.ordersSecret, audience: 'inventory' },
  },
  'orders, on Express': {
    start: (log) => {
      const issuer = {
        issuer: 'https://id.example',
        tokenKeys: staticJwks(publicJwks(createPrivateKey(keys.tokenKey))),
      }
      return startOrders({
        port: 0,
        log,
        ...issuer,
        inventoryUrl: 'http://127.0.0.1:9',
        callers: orderCallers(keys),
        ordersSecret: keys.ordersSecret,
      })
    },
    request: 'GET /orders',
    status: 200,
    key: { keyId: 'reporting-1', secret: keys.reportingSecret, audience: 'orders' },
  },
}

describe.each(Object.entries(SUBJECTS))('%s', (_name, { start, request, status, key }) => {
  let service: Service
  let records: { readonly outcome: string; readonly reason?: string }[]
  let sockets: Socket[]

  beforeEach(async () => {
    records = []
    sockets = []
    const write = (line: string): void => {
      const record = JSON.parse(line)
      if (record.event === 'auth.attempt') records.push(record)
    }
    service = await start(pino({}, { write }))
  })

  afterEach(async () => {
    vi.restoreAllMocks()
    for (const socket of sockets) socket.destroy()
    await service.close()
  })

  /** The head of a request, signed now. */
  function head(): string {
    const [method = '', url = ''] = request.split(' ')
    const headers = { 'content-type': 'application/json' }
    const signed = createSigner(key).sign({ method, url, headers, body: BODY })
    const fields = { host: 'a', 'content-length': BODY.length, ...headers, ...signed }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    return `${request} HTTP/1.1\r\n${lines.join('')}\r\n`
  }

  async function connection(): Promise<{ readonly socket: Socket; readonly received: () => string }> {
    const { hostname, port } = new URL(service.url)
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    let received = ''
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
    })
    await once(socket, 'connect')
    return { socket, received: () => received }
  }

  async function send(text: string): Promise<string> {
    const { socket, received } = await connection()
    socket.write(text)
    await expect.poll(received).toContain('\r\n\r\n')
    return received()
  }

  it('says that it is not ready, and serves, from the moment it is to leave', async () => {
    expect(await send('GET /health HTTP/1.1\r\nhost: a\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /)
    service.leave()
    const health = await send('GET /health HTTP/1.1\r\nhost: a\r\n\r\n')
    expect(health).toMatch(/^HTTP\/1\.1 503 /)
    expect(health).toContain('"ready":false')
    const answer = await send(head() + BODY)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n')
  })

  it('lets a request under way finish while it closes, and refuses a new one before it is verified', async () => {
    const slow = await connection()
    slow.socket.write(head() + BODY.slice(0, 5))
    const late = await connection()
    const text = head() + BODY
    late.socket.write(text.slice(0, 20))
    // Both have arrived when a third, sent after them, is answered.
    expect(await send('GET /health HTTP/1.1\r\nhost: a\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /)

    const closed = service.close()
    late.socket.write(text.slice(20))
    await once(late.socket, 'close')
    expect(late.received()).toMatch(/^HTTP\/1\.1 503 /)
    expect(late.received().toLowerCase()).toContain('\r\nconnection: close\r\n')
    expect(records).toEqual([])

    slow.socket.write(BODY.slice(5))
    await once(slow.socket, 'close')
    expect(slow.received()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(slow.received().toLowerCase()).toContain('\r\nconnection: close\r\n')
    await closed
    expect(records).toMatchObject([{ outcome: 'allow' }])
  })

  it('refuses what it has no time for before it verifies: no record, and the nonce is still good', async () => {
    const spent = vi.spyOn(LoopBudget.prototype, 'isSpent').mockReturnValue(true)
    const text = head() + BODY
    const refused = await send(text)
    expect(refused).toMatch(/^HTTP\/1\.1 503 /)
    expect(refused.toLowerCase()).toContain('\r\nretry-after: 1\r\n')
    expect(records).toEqual([])
    spent.mockReturnValue(false)
    expect(await send(text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })

  it('leaves one record of a client that hangs up in the middle of its body, and does not spend its nonce', async () => {
    const text = head() + BODY
    const { socket } = await connection()
    socket.write(text.slice(0, -1))
    await send('GET /health HTTP/1.1\r\nhost: a\r\n\r\n')
    socket.destroy()
    await expect.poll(() => records).toMatchObject([{ outcome: 'deny', reason: 'aborted' }])
    expect(await send(text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    await expect.poll(() => records.length).toBe(2)
    expect(await send(text)).toMatch(/^HTTP\/1\.1 401 /)
    await expect
      .poll(() => records)
      .toMatchObject([{ reason: 'aborted' }, { outcome: 'allow' }, { reason: 'replayed' }])
  })

  it('does not spend a nonce on a MAC that does not hold', async () => {
    const text = head() + BODY
    const forged = text.replace(/(x-hmac-sha256: )[0-9a-f]{64}/, `$1${'0'.repeat(64)}`)
    expect(forged).not.toBe(text)
    expect(await send(forged)).toMatch(/^HTTP\/1\.1 401 /)
    expect(await send(text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })
})
