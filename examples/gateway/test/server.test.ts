import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startGateway } from '../src/server.js'

interface Received {
  readonly target: string | undefined
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
}

const tokenKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const options = {
  port: 0,
  issuer: 'https://id.example',
  tokenKey,
  gatewaySecret: randomBytes(32).toString('base64url'),
  log: pino({ level: 'silent' }),
}

/** Stands in for orders: keeps what arrives, answers what it is told to. */
let orders: Server
let received: Received[]
let status: number
let gateway: { url: string; close(): Promise<void> }

beforeEach(async () => {
  received = []
  status = 200
  orders = createServer(async (message, response) => {
    const body = Buffer.concat(await message.toArray())
    received.push({ target: message.url, headers: message.headers, body })
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"from":"orders"}')
  }).listen(0, '127.0.0.1')
  await once(orders, 'listening')
  const { port } = orders.address() as AddressInfo
  gateway = await startGateway({ ...options, ordersUrl: `http://127.0.0.1:${port}` })
})

afterEach(async () => {
  await gateway.close()
  orders.close()
})

async function tokenOf(user: string): Promise<string> {
  const answer = await fetch(`${gateway.url}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return token
}

/** Sends a target as it is: `fetch` would tidy it. */
async function get(target: string, token: string): Promise<number | undefined> {
  const { hostname, port } = new URL(gateway.url)
  const sent = request({
    hostname,
    port,
    path: target,
    headers: { authorization: `Bearer ${token}` },
    agent: false,
  }).end()
  const [answer] = await once(sent, 'response')
  answer.resume()
  return answer.statusCode
}

describe('the gateway', () => {
  it("forwards the bytes of the body, the user's token and a signature of its own", async () => {
    const token = await tokenOf('ada')
    const answer = await fetch(`${gateway.url}/orders?note=a%20b`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
      body: new Uint8Array([0, 255, 13, 10]),
    })
    expect([answer.status, await answer.text()]).toEqual([200, '{"from":"orders"}'])
    expect(received).toMatchObject([
      {
        target: '/orders?note=a%20b',
        headers: {
          authorization: `Bearer ${token}`,
          'x-hmac-key-id': 'gateway-1',
          'content-type': 'application/octet-stream',
        },
        body: Buffer.from([0, 255, 13, 10]),
      },
    ])
  })

  it.each(['/orders/../admin/orders', '/orders/%2e%2e/admin/orders', '/orders/a/../../admin', '/orders/./1'])(
    'does not forward %s, which would become another path on the way',
    async (target) => {
      expect(await get(target, await tokenOf('ada'))).toBe(404)
      expect(received).toEqual([])
    },
  )

  it('passes a 403 of orders on, and answers 502 to a 401 of orders, which is not about the user', async () => {
    const token = await tokenOf('ada')
    status = 403
    expect(await get('/orders', token)).toBe(403)
    status = 401
    expect(await get('/orders', token)).toBe(502)
  })

  it('answers 502 where orders does not answer', async () => {
    const token = await tokenOf('ada')
    orders.close()
    orders.closeAllConnections()
    expect(await get('/orders', token)).toBe(502)
  })

  it('publishes the public half of its key only', async () => {
    const answer = await fetch(`${gateway.url}/.well-known/jwks.json`)
    const { keys } = (await answer.json()) as { keys: object[] }
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']])
  })

  it('gives no token to somebody it does not know', async () => {
    const ask = (body: object) => {
      return fetch(`${gateway.url}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    }
    expect((await ask({ user: 'mallory' })).status).toBe(404)
    expect((await ask({ user: 'constructor' })).status).toBe(404)
    expect((await ask({})).status).toBe(400)
  })

  it.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
  ])('does not start with a token key that cannot sign ES256: %s', async (_kind, wrong) => {
    await expect(startGateway({ ...options, tokenKey: wrong, ordersUrl: 'http://127.0.0.1:9' })).rejects.toThrow()
  })
})
