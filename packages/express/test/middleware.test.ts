import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Auth, type Policy, staticJwks, type VerificationKeySource } from '@countersign/core'
import express5, { type Express, type NextFunction, type Request, type Response } from 'express'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import {
  type Bench,
  type BenchOptions,
  bench,
  hmacHeaders,
  issuer,
  keyPair,
  optionOf,
  type SigningParts,
  token,
} from '../../core/test/kit.js'
import { type Countersign, type CountersignOptions, countersign } from '../src/index.js'

/** The alias has no types of its own; what is used here is the same in both. */
const express4: typeof express5 = createRequire(new URL('../../conformance/package.json', import.meta.url))('express4')
const MAJORS = [
  ['Express 5', express5],
  ['Express 4', express4],
] as const

const bearer = (more = {}) => ({ authorization: `Bearer ${token(more)}` })

function signed(parts: SigningParts): Headers {
  const list = [...(parts.headers ?? []), ...hmacHeaders(parts)]
  const headers = new Headers()
  for (let index = 0; index < list.length; index += 2) headers.append(list[index] ?? '', list[index + 1] ?? '')
  return headers
}

interface Service extends Bench {
  /** The handlers that ran. */
  readonly handled: string[]
  port(): number
  fetch(path: string, init?: RequestInit): Promise<globalThis.Response>
  status(path: string, headers?: Readonly<Record<string, string>>): Promise<number>
  handle(name: string): (req: Request, res: Response) => void
}

interface More extends BenchOptions {
  readonly express?: typeof express5
  readonly externalPrefix?: string
}

async function service(
  build: (app: Express, auth: Countersign, self: Service) => void,
  more: More = {},
): Promise<Service> {
  const app = (more.express ?? express5)()
  const inner = bench(more)
  let port = 0
  const self: Service = Object.assign(inner, {
    handled: [] as string[],
    port: () => port,
    fetch: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init),
    status: async (path: string, headers = {}) => {
      const reply = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
      await reply.arrayBuffer()
      return reply.status
    },
    handle: (name: string) => (req: Request, res: Response) => {
      self.handled.push(name)
      res.json({ id: req.auth?.principal.id ?? null, body: req.body ?? null })
    },
  })
  const { externalPrefix = '' } = more
  build(app, countersign({ verifier: inner.verifier, externalPrefix }), self)
  app.use((_error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    res.status(599).end()
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return self
}

/** A record that waits is written when the response is closed, a moment after the client has it. */
const records = async (self: Service, count: number) => {
  await expect.poll(() => self.audit.records.length).toBe(count)
  return self.audit.records
}

describe.each(MAJORS)('%s', (_, express) => {
  it('protects what is mounted behind, leaves open what is mounted before', async () => {
    const self = await service(
      (app, auth, own) => {
        app.get('/health', own.handle('health'))
        app.use(auth())
        app.get('/orders', own.handle('orders'))
      },
      { express },
    )
    expect([await self.status('/health'), await self.status('/orders'), await self.status('/nowhere')]).toEqual([
      200, 401, 401,
    ])
    expect([await self.status('/orders', bearer()), await self.status('/nowhere', bearer())]).toEqual([200, 404])
    expect(self.handled).toEqual(['health', 'orders'])
  })

  it.each(['/Orders', '/orders/', '/orders?x'])('protects %s, whatever the router makes of it', async (path) => {
    const self = await service((app, auth, own) => app.get('/orders', auth(), own.handle('orders')), { express })
    expect([await self.status(path), await self.status(path, bearer())]).toEqual([401, 200])
  })

  it('protects HEAD as its GET, and an OPTIONS that looks like a preflight', async () => {
    const self = await service((app, auth, own) => app.use(auth()).get('/orders', own.handle('orders')), { express })
    expect((await self.fetch('/orders', { method: 'HEAD' })).status).toBe(401)
    expect((await self.fetch('/orders', { method: 'HEAD', headers: bearer() })).status).toBe(200)
    const headers = {
      origin: 'https://a',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    }
    expect((await self.fetch('/orders', { method: 'OPTIONS', headers })).status).toBe(401)
  })

  it('refuses a request to upgrade with 401', async () => {
    const self = await service((app, auth, own) => app.use(auth()).get('/socket', own.handle('socket')), { express })
    const socket = connect(self.port(), '127.0.0.1')
    socket.write('GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    const [bytes] = await once(socket, 'data')
    socket.destroy()
    expect(String(bytes)).toMatch(/^HTTP\/1\.1 401 /)
    expect(self.handled).toEqual([])
  })

  it('answers as core says, to the byte', async () => {
    const self = await service((app, auth) => app.use(auth()), { express })
    const reply = await self.fetch('/orders')
    const body = await reply.text()
    expect(reply.headers.get('content-type')).toBe('application/problem+json')
    expect(reply.headers.get('www-authenticate')).toBe('HMAC realm="orders", Bearer realm="orders"')
    expect(reply.headers.get('content-length')).toBe(String(Buffer.byteLength(body)))
    expect(JSON.parse(body)).toMatchObject({
      status: 401,
      code: 'missing_credentials',
      requestId: self.audit.records[0]?.requestId,
    })
  })

  it('lets nothing run after a denial', async () => {
    const self = await service(
      (app, auth, own) => {
        app.get('/orders', auth({ anyRole: ['admin'] }), own.handle('middleware'), own.handle('handler'))
        app.use(own.handle('after'))
      },
      { express },
    )
    expect(await self.status('/orders', bearer())).toBe(403)
    expect(self.handled).toEqual([])
  })

  describe('bodies', () => {
    const body = JSON.stringify({ amount: 1 })
    const parts = { method: 'POST', target: '/orders', body, headers: ['content-type', 'application/json'] }
    const post = (self: Service, sent: string, headers: Headers) =>
      self.fetch('/orders', { method: 'POST', headers, body: sent })

    it('of a signed request are checked, then parsed by a parser mounted behind', async () => {
      const self = await service(
        (app, auth, own) => app.use(auth(), express.json()).post('/orders', own.handle('orders')),
        { express },
      )
      const headers = signed(parts)
      expect(await (await post(self, body, headers)).json()).toEqual({ id: 'billing', body: { amount: 1 } })
      expect(await (await post(self, body, headers)).json()).toMatchObject({ code: 'replayed' })
      expect(await (await post(self, '{"amount":9}', signed(parts))).json()).toMatchObject({
        code: 'content_digest_mismatch',
      })
      expect(self.handled).toEqual(['orders'])
    })

    it('that a parser mounted in front has read stop the request: 500, and no handler runs', async () => {
      const self = await service(
        (app, auth, own) => app.use(express.json(), auth()).post('/orders', own.handle('orders')),
        { express },
      )
      const reply = await post(self, body, signed(parts))
      expect([reply.status, await reply.json()]).toMatchObject([500, { code: 'internal' }])
      expect(self.audit.records).toMatchObject([
        { outcome: 'error', reason: 'internal', error: 'BodyAlreadyReadError' },
      ])
      expect(self.handled).toEqual([])
    })

    it('above the limit are refused with 413', async () => {
      const self = await service((app, auth, own) => app.use(auth()).post('/orders', own.handle('orders')), { express })
      const large = 'x'.repeat(1_048_577)
      expect((await post(self, large, signed({ ...parts, body: large }))).status).toBe(413)
    })
  })

  it('signs the whole path, though a mounted application sees a part of it', async () => {
    const self = await service(
      (app, auth, own) => {
        const sub = express()
        sub.use(auth())
        sub.get('/orders', own.handle('sub'))
        app.use('/api', sub)
      },
      { express },
    )
    expect((await self.fetch('/api/orders', { headers: signed({ target: '/api/orders' }) })).status).toBe(200)
    expect((await self.fetch('/api/orders', { headers: signed({ target: '/orders' }) })).status).toBe(401)
  })

  it('puts back the prefix that a proxy took away', async () => {
    const self = await service((app, auth, own) => app.use(auth()).get('/orders', own.handle('orders')), {
      express,
      externalPrefix: '/api',
    })
    expect((await self.fetch('/orders', { headers: signed({ target: '/api/orders' }) })).status).toBe(200)
    expect((await self.fetch('/orders', { headers: signed({ target: '/orders' }) })).status).toBe(401)
  })

  it('with such a prefix, still refuses the absolute form where it names another host', async () => {
    const self = await service((app, auth, own) => app.use(auth()).get('/orders', own.handle('orders')), {
      express,
      externalPrefix: '/api',
    })
    const send = async (host: string) => {
      const socket = connect(self.port(), '127.0.0.1')
      const { authorization } = bearer()
      socket.end(
        `GET http://${host}/orders HTTP/1.1\r\nHost: here\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`,
      )
      return Number((await text(socket)).slice(9, 12))
    }
    expect([await send('here'), await send('elsewhere')]).toEqual([200, 400])
  })

  describe('a guard in front and a policy at the route', () => {
    const guarded = () =>
      service(
        (app, auth, own) => {
          app.use(auth())
          app.use('/admin', auth({ anyRole: ['admin', 'root'] }))
          app.get('/orders', own.handle('orders'))
          app.get('/admin/all', auth({ allRoles: ['root'] }), own.handle('all'))
        },
        { express },
      )

    it.each<[string, string, Record<string, string>, object]>([
      ['allowed by the guard alone', '/orders', bearer(), { outcome: 'allow', principal: 'alice' }],
      [
        'allowed by all of them',
        '/admin/all',
        bearer({ roles: ['root'] }),
        { outcome: 'allow', roles: ['root'], route: '/admin/all' },
      ],
      ['denied by the guard', '/admin/all', {}, { reason: 'missing_credentials' }],
      ['denied by the policy of the path', '/admin/all', bearer(), { reason: 'role_missing', principal: 'alice' }],
      [
        'denied by the policy of the route',
        '/admin/all',
        bearer({ roles: ['admin'] }),
        { reason: 'role_missing', route: '/admin/all' },
      ],
      ['without a route', '/nowhere', bearer(), { outcome: 'allow' }],
    ])('%s: one record', async (_title, path, headers, expected) => {
      const self = await guarded()
      await self.status(path, headers)
      expect(await records(self, 1)).toMatchObject([expected])
      await self.status('/orders')
      expect(await records(self, 2)).toMatchObject([expected, { reason: 'missing_credentials' }])
    })

    it('claims the nonce of a signed request once', async () => {
      const self = await service(
        (app, auth, own) => app.use(auth()).get('/orders', auth({ scheme: 'hmac' }), own.handle('orders')),
        { express },
      )
      expect((await self.fetch('/orders', { headers: signed({}) })).status).toBe(200)
    })

    it('is verified once also where two middlewares were made of one verifier', async () => {
      const self = await service(
        (app, auth, own) => {
          const another = countersign({ verifier: own.verifier })
          app.use(auth()).get('/orders', another({ scheme: 'hmac' }), own.handle('orders'))
        },
        { express },
      )
      expect((await self.fetch('/orders', { headers: signed({}) })).status).toBe(200)
      expect(await records(self, 1)).toMatchObject([{ outcome: 'allow' }])
    })

    it('a public guard does not open what a route protects', async () => {
      const self = await service(
        (app, auth, own) => app.use(auth('public')).get('/orders', auth(), own.handle('orders')),
        { express },
      )
      expect([await self.status('/orders'), await self.status('/orders', bearer())]).toEqual([401, 200])
      expect(await records(self, 2)).toMatchObject([{ reason: 'missing_credentials' }, { outcome: 'allow' }])
    })
  })

  it.each<[string, Policy[]]>([
    ['the guard waited', [{ check: 'slow' }]],
    ['the route waited', ['authenticated', { check: 'slow' }]],
  ])('records a request whose client hung up while %s', async (_title, [guard = 'public', policy]) => {
    let goOn = () => {}
    const late = new Promise<boolean>((resolve) => {
      goOn = () => resolve(true)
    })
    let asked = () => {}
    const asking = new Promise<void>((resolve) => {
      asked = resolve
    })
    const slow = () => {
      asked()
      return late
    }
    const closed: Promise<unknown>[] = []
    const self = await service(
      (app, auth, own) => {
        app.use((_req, res, next) => {
          closed.push(once(res, 'close'))
          next()
        })
        const named = (given: Policy): Policy => (typeof given === 'object' ? { check: slow } : given)
        app.use(auth(named(guard)))
        app.get('/orders', policy === undefined ? own.handle('orders') : auth(named(policy)), own.handle('orders'))
      },
      { express },
    )
    const socket = connect(self.port(), '127.0.0.1')
    socket.write(`GET /orders HTTP/1.1\r\nHost: here\r\nAuthorization: ${bearer().authorization}\r\n\r\n`)
    await asking
    socket.destroy()
    await Promise.all(closed)
    goOn()
    expect(await records(self, 1)).toMatchObject([{ outcome: 'allow', principal: 'alice' }])
  })

  describe('what has to be waited for', () => {
    const keys = (answer: () => Promise<never> | undefined): VerificationKeySource => {
      const source = staticJwks({ keys: [keyPair('ES256').publicJwk] })
      return {
        open: (context) => {
          const lookup = source.open(context)
          return {
            ...{ warmup: () => {}, close: () => {}, isUsable: () => true },
            health: (at) => lookup.health(at),
            find: async (kid, algorithm, at) => (await answer()) ?? lookup.find(kid, algorithm, at),
          }
        },
      }
    }
    const waiting = (answer: () => Promise<never> | undefined) =>
      service((app, auth, own) => app.use(auth()).get('/orders', own.handle('orders')), {
        express,
        bearer: { issuers: [issuer({ keys: keys(answer) })] },
      })

    it('lets through and refuses as always', async () => {
      const self = await waiting(() => undefined)
      expect([await self.status('/orders', bearer()), await self.status('/orders', bearer({ exp: 1 }))]).toEqual([
        200, 401,
      ])
    })

    it('is answered, too, where it rejects: no request is left hanging', async () => {
      const self = await waiting(() => Promise.reject(new Error('down')))
      expect(await self.status('/orders', bearer())).toBeGreaterThanOrEqual(500)
      expect(self.handled).toEqual([])
    })
  })

  it('reaches the error handler where the verifier itself fails, and no handler runs', async () => {
    const { verifier } = bench()
    const fail = () => Promise.reject(new Error('broken'))
    const broken = { ...verifier, checkPolicy: () => {}, verify: fail, verifyAhead: fail }
    const self = await service(
      (app, _auth, own) => app.use(countersign({ verifier: broken })()).get('/orders', own.handle('orders')),
      { express },
    )
    expect(await self.status('/orders')).toBe(599)
    expect(self.handled).toEqual([])
  })

  it('does not answer a second time where somebody answered while it waited', async () => {
    let goOn = () => {}
    const late = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const self = await service(
      (app, auth, own) => {
        app.use((_req, res, next) => {
          next()
          res.status(503).end('timed out')
        })
        const check = () => late.then(() => false)
        app.get('/orders', auth({ check }), own.handle('orders'))
      },
      { express },
    )
    expect(await self.status('/orders', bearer())).toBe(503)
    goOn()
    expect(await records(self, 1)).toMatchObject([{ reason: 'policy_denied' }])
    expect(await self.status('/orders', bearer())).toBe(503)
    expect(self.handled).toEqual([])
  })
})

describe('auth', () => {
  const auth = countersign({ verifier: bench().verifier })

  it('refuses a policy that is none, when it is mounted', () => {
    expect(optionOf(() => auth({ anyRole: [] }))).toBe('policy.anyRole')
    expect(optionOf(() => auth(undefined))).toBe('policy')
    // @ts-expect-error a misspelt word does not compile
    expect(optionOf(() => auth('publik'))).toBe('policy')
    // @ts-expect-error a misspelt member does not compile
    expect(optionOf(() => auth({ anyRoles: ['a'] }))).toBe('policy.anyRoles')
  })

  it('types req.auth', () => {
    expectTypeOf<Request['auth']>().toEqualTypeOf<Auth>()
    expectTypeOf<Request['auth']['principal']['roles']>().toEqualTypeOf<ReadonlySet<string>>()
    expectTypeOf<Parameters<typeof auth>[0]>().toEqualTypeOf<Policy | undefined>()
  })
})

describe('countersign', () => {
  const { verifier } = bench()
  it.each<[string, CountersignOptions]>([
    ['externalPrefix', { verifier, externalPrefix: 'api' }],
    ['externalPrefix', { verifier, externalPrefix: '/api/' }],
    ['externalPrefix', { verifier, externalPrefix: '/' }],
    // @ts-expect-error a verifier is required
    ['verifier', {}],
    // @ts-expect-error a misspelt option does not compile
    ['externalprefix', { verifier, externalprefix: '/api' }],
  ])('names %s', (option, options) => {
    expect(optionOf(() => countersign(options))).toBe(option)
  })
})
