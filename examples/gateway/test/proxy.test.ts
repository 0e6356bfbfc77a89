import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier, hmac, keyRing, memoryReplayStore, type RequestView } from '@countersign/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, GATEWAY_SECRET, startTestGateway, type TestGateway } from './support/gateway.js'
import { PASSWORDS } from './support/users.js'

interface Received {
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
}

/** Stands in for both services: keeps what arrives, answers what it is told to. */
let service: Server
let received: Received[]
let answer: { status: number; headers: Record<string, string | string[]> }
let gateway: TestGateway
let client: Client
let token: string

beforeEach(async () => {
  received = []
  answer = { status: 200, headers: {} }
  service = createServer(async (message, response) => {
    const { method = '', url: target = '', rawHeaders, headers } = message
    received.push({ method, target, rawHeaders, headers, body: Buffer.concat(await message.toArray()) })
    response
      .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      .end('{"from":"service"}')
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  gateway = await startTestGateway({ ordersUrl: url, inventoryUrl: url })
  client = new Client(gateway.url)
  token = await client.login('ada', PASSWORDS.ada)
})

afterEach(async () => {
  await gateway.close()
  service.close()
  service.closeAllConnections()
})

const authorization = (): Record<string, string> => ({ authorization: `Bearer ${token}` })

/** Sends a target as it is: `fetch` would tidy it. */
async function get(target: string): Promise<number | undefined> {
  const { hostname, port } = new URL(gateway.url)
  const sent = request({ hostname, port, path: target, headers: authorization(), agent: false }).end()
  const [message] = await once(sent, 'response')
  message.resume()
  return message.statusCode
}

/** What a service with the gateway's key says of a request that arrived. */
async function verdictOn({ method, target, rawHeaders, body }: Received, audience: string): Promise<string> {
  const keys = keyRing([{ id: 'gateway-1', client: 'gateway', secret: GATEWAY_SECRET, roles: [] }])
  const verifier = createVerifier({ audience, schemes: [hmac({ keys, replay: memoryReplayStore() })], audit: null })
  const view: RequestView = { method, target, rawHeaders, framework: 'test', readBody: () => body }
  const decision = await verifier.verify(view, { scheme: 'hmac' })
  return decision.outcome === 'allow' ? `allow ${decision.auth?.principal.id}` : decision.reason
}

describe('a request that the gateway passes on', () => {
  it.each([
    ['bytes that are no text', 'application/octet-stream', Buffer.from([0, 255, 13, 10])],
    ['JSON, with its spaces', 'application/json', Buffer.from('{ "item" : "tea" }\n')],
    ['JSON that is none', 'application/json; charset=utf-8', Buffer.from('{')],
    ['a form', 'application/x-www-form-urlencoded', Buffer.from('a=1&a=2')],
    ['nothing, and its type', 'application/json', Buffer.alloc(0)],
  ])('keeps its target, type and body to the byte, under a signature over them: %s', async (_what, type, body) => {
    const sent = await fetch(`${gateway.url}/api/orders/1%2F2?note=a%20b&note=c+d&e`, {
      method: 'POST',
      headers: { ...authorization(), 'content-type': type },
      body: new Uint8Array(body),
    })
    expect([sent.status, await sent.text()]).toEqual([200, '{"from":"service"}'])
    expect(received).toHaveLength(1)
    const [one] = received
    if (one === undefined) throw new Error('nothing arrived')
    expect(one).toMatchObject({ method: 'POST', target: '/orders/1%2F2?note=a%20b&note=c+d&e', body })
    expect(one.headers).toMatchObject({ 'content-type': type, authorization: `Bearer ${token}` })
    expect(await verdictOn(one, 'orders')).toBe('allow gateway')
    expect(await verdictOn({ ...one, target: '/orders' }, 'orders')).toBe('signature_invalid')
    expect(await verdictOn({ ...one, body: Buffer.from('other') }, 'orders')).toBe('content_digest_mismatch')
  })

  it('is signed without a body as well, each time anew', async () => {
    for (const method of ['GET', 'HEAD', 'POST']) await client.send(method, '/api/orders', undefined, authorization())
    const verdicts = await Promise.all(received.map((one) => verdictOn(one, 'orders')))
    expect(verdicts).toEqual(['allow gateway', 'allow gateway', 'allow gateway'])
    expect(new Set(received.map(({ headers }) => headers['x-hmac-nonce'])).size).toBe(3)
  })

  it('carries no cookie, nobody’s signature but ours, and nothing else that says who calls', async () => {
    const claimed = {
      'x-user': 'root',
      'x-user-roles': 'admin',
      'x-forwarded-user': 'root',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-host': 'evil.example',
      'x-real-ip': '10.0.0.1',
      forwarded: 'for=10.0.0.1;by=root',
      'client-cert': ':AAAA:',
      'x-ssl-client-s-dn': 'CN=root',
      'x-hmac-key-id': 'orders-1',
      'x-hmac-timestamp': '1700000000',
      'x-hmac-nonce': 'n'.repeat(32),
      'x-hmac-sha256': 'a'.repeat(64),
      'x-hmac-sha512': 'a'.repeat(128),
      'x-original-url': '/admin/orders',
      'x-http-method-override': 'DELETE',
      'proxy-authorization': 'Basic cm9vdDo=',
      connection: 'x-hmac-sha256, authorization',
    }
    await new Promise<void>((resolve, reject) => {
      const { hostname, port } = new URL(gateway.url)
      const headers = {
        ...claimed,
        ...authorization(),
        cookie: '__Host-refresh=secret',
        accept: 'text/x',
        traceparent: 'x',
      }
      const sent = request({ hostname, port, path: '/api/orders', headers, agent: false }, (message) => {
        message.resume().on('end', resolve)
      })
      sent.on('error', reject).end()
    })
    const [one] = received
    if (one === undefined) throw new Error('nothing arrived')
    expect(Object.keys(one.headers).sort()).toEqual([
      ...['accept', 'authorization', 'connection', 'host', 'traceparent', 'x-hmac-content-sha256', 'x-hmac-key-id'],
      ...['x-hmac-nonce', 'x-hmac-sha256', 'x-hmac-timestamp'],
    ])
    expect(one.headers).toMatchObject({ 'x-hmac-key-id': 'gateway-1', authorization: `Bearer ${token}` })
    expect(await verdictOn(one, 'orders')).toBe('allow gateway')
    expect(JSON.stringify(one.headers)).not.toContain('secret')
  })

  it('goes to inventory with a token that is good there alone, and names the gateway as the actor', async () => {
    const { status } = await client.send('GET', '/api/stock', undefined, authorization())
    expect(status).toBe(200)
    const [one] = received
    if (one === undefined) throw new Error('nothing arrived')
    expect(one.target).toBe('/stock')
    expect(await verdictOn(one, 'inventory')).toBe('allow gateway')
    const exchanged = String(one.headers['authorization']).slice('Bearer '.length)
    expect(exchanged).not.toBe(token)
    const claims = JSON.parse(Buffer.from(exchanged.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ sub: 'ada', aud: 'inventory', act: { sub: 'gateway' } })
    expect(gateway.records().at(-1)).toMatchObject({ event: 'auth.exchange', outcome: 'allow', principal: 'ada' })
    expect((await client.send('GET', '/nowhere', undefined, { authorization: `Bearer ${exchanged}` })).status).toBe(401)
  })
})

describe('a path', () => {
  it.each([
    '/api/orders/../admin/orders',
    '/api/orders/%2e%2e/admin/orders',
    '/api/orders/a/../../admin',
    '/api/orders/./1',
    '/api/orders/..%2fadmin',
    '/api/orders/%2e%2e%2fadmin',
    '/api/orders\\..\\admin',
    '/api/%6frders',
    '/api//orders',
    '//evil.example/api/orders',
    '/api/orders?',
    '/api/ordersandmore',
    '/api/admin/orders',
    '/orders',
  ])('that is not plainly one of a service goes nowhere: %s', async (target) => {
    expect(await get(target)).toBeGreaterThanOrEqual(400)
    expect(received).toEqual([])
  })

  it('that is not for users is not there', async () => {
    for (const [method, path] of [
      ['DELETE', '/api/orders/1'],
      ['POST', '/api/stock'],
      ['POST', '/api/stock/reservations'],
      ['GET', '/api/reservations'],
    ] as const) {
      expect((await client.send(method, path, undefined, authorization())).status).toBe(404)
    }
    expect(received).toEqual([])
  })
})

describe('an answer', () => {
  it('of 403 is passed on, and a 401, which is not about the user, is a 502 without the challenge', async () => {
    answer = { status: 403, headers: {} }
    expect(await get('/api/orders')).toBe(403)
    answer = { status: 401, headers: { 'www-authenticate': 'HMAC realm="orders"', 'x-secret': 'inside' } }
    const { status, body, headers } = await client.send('GET', '/api/orders', undefined, authorization())
    expect([status, body['code'], headers.get('www-authenticate')]).toEqual([502, 'service_unusable', null])
  })

  it('that asks the user for more is passed on with its challenge alone', async () => {
    const challenge = 'Bearer realm="orders", error="insufficient_user_authentication", acr_values="x", max_age="300"'
    answer = { status: 401, headers: { 'www-authenticate': ['HMAC realm="orders"', challenge] } }
    const { status, headers } = await client.send('GET', '/api/orders', undefined, authorization())
    expect([status, headers.get('www-authenticate')]).toEqual([401, challenge])
  })

  it('brings no cookie and none of the service’s own headers', async () => {
    const set = {
      'set-cookie': '__Host-refresh=theirs',
      'x-powered-by': 'x',
      server: 'y',
      etag: '"1"',
      location: '/admin',
    }
    answer = { status: 200, headers: set }
    const { headers } = await client.send('GET', '/api/orders', undefined, authorization())
    expect(headers.get('etag')).toBe('"1"')
    for (const name of ['set-cookie', 'x-powered-by', 'server', 'location']) expect(headers.has(name)).toBe(false)
  })

  it('of 503 is passed on, and not asked for again under the same signature', async () => {
    answer = { status: 503, headers: { 'retry-after': '1' } }
    expect(await get('/api/orders')).toBe(503)
    expect(received).toHaveLength(1)
  })

  it('that does not come is a 502', async () => {
    service.close()
    service.closeAllConnections()
    const { status, body } = await client.send('GET', '/api/orders', undefined, authorization())
    expect([status, body['code']]).toEqual([502, 'service_unusable'])
  })
})

describe('who may ask', () => {
  it('is a user with a good token in the header, and a cookie says nothing', async () => {
    expect((await client.send('GET', '/api/orders')).body['code']).toBe('missing_credentials')
    expect((await client.send('GET', `/api/orders?access_token=${token}`)).status).toBe(401)
    const cookie = client.cookies.get('__Host-refresh') ?? ''
    expect((await client.send('GET', '/api/orders', undefined, { authorization: `Bearer ${cookie}` })).status).toBe(401)
    expect(received).toEqual([])
  })

  it('sends at most a mebibyte', async () => {
    const big = (bytes: number): Promise<number> =>
      client.send('POST', '/api/orders', 'x'.repeat(bytes), authorization()).then(({ status }) => status)
    expect(await big(1_048_576)).toBe(200)
    expect(await big(1_048_577)).toBe(413)
    expect(received).toHaveLength(1)
  })
})
