import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Auth, Policy, RequestView } from '@countersign/core'
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { type Bench, bench, hmacHeaders, optionOf, type SigningParts, token } from '../../core/test/kit.js'
import countersign, { type CountersignOptions } from '../src/index.js'

type More = Partial<CountersignOptions>

const bearer = (more = {}) => ({ authorization: `Bearer ${token(more)}` })

/** Signed headers as inject takes them. */
function signed(parts: SigningParts): Record<string, string> {
  const list = [...(parts.headers ?? []), ...hmacHeaders(parts)]
  return Object.fromEntries(
    Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index], list[2 * index + 1]]),
  )
}

interface Service extends Bench {
  readonly app: FastifyInstance
  /** Paths whose handler ran. */
  readonly handled: string[]
}

/** A service with `build` as its routes, the plugin registered on the root. */
async function service(
  build: (app: FastifyInstance, self: Service) => void | Promise<void>,
  more: More = {},
): Promise<Service> {
  const app = fastify()
  onTestFinished(() => app.close())
  const self: Service = Object.assign(bench(), { app, handled: [] })
  await app.register(countersign, { verifier: self.verifier, ...more })
  await build(app, self)
  return self
}

const answering = (self: Service, path: string, auth?: Policy) => {
  self.app.get(path, auth === undefined ? {} : { config: { auth } }, (request) => {
    self.handled.push(path)
    return { id: request.auth?.principal.id ?? null }
  })
}

describe('what is protected', () => {
  it('every route that does not say otherwise, and a path without a route', async () => {
    const self = await service((_, own) => answering(own, '/plain'))
    expect((await self.app.inject('/plain')).statusCode).toBe(401)
    expect((await self.app.inject('/nowhere')).statusCode).toBe(401)
    expect((await self.app.inject({ url: '/nowhere', headers: bearer() })).statusCode).toBe(404)
    expect((await self.app.inject({ url: '/plain', headers: bearer() })).json()).toEqual({ id: 'alice' })
    expect(self.handled).toEqual(['/plain'])
  })

  it('each route by its own policy', async () => {
    const self = await service((_, own) => {
      answering(own, '/public', 'public')
      answering(own, '/optional', 'optional')
      answering(own, '/admin', { anyRole: ['admin'] })
    })
    const status = async (url: string, headers = {}) => (await self.app.inject({ url, headers })).statusCode
    expect([await status('/public'), await status('/public', { authorization: 'Bearer x' })]).toEqual([200, 200])
    expect([await status('/optional'), await status('/optional', { authorization: 'Bearer x' })]).toEqual([200, 401])
    expect([await status('/admin', bearer()), await status('/admin', bearer({ roles: ['admin'] }))]).toEqual([403, 200])
    expect(self.audit.records.map(({ route, outcome }) => [route, outcome])).toEqual([
      ['/optional', 'anonymous'],
      ['/optional', 'deny'],
      ['/admin', 'deny'],
      ['/admin', 'allow'],
    ])
  })

  it.each(['/%70lain', '/plain?x', '//plain', '/plain/', '/PLAIN', '/plain;a=b'])(
    '%s, whatever the router makes of it',
    async (url) => {
      const router = {
        ignoreDuplicateSlashes: true,
        ignoreTrailingSlash: true,
        caseSensitive: false,
        useSemicolonDelimiter: true,
      }
      const app = fastify({ routerOptions: router })
      onTestFinished(() => app.close())
      await app.register(countersign, { verifier: bench().verifier })
      app.get('/plain', () => 'handled')
      expect((await app.inject(url)).statusCode).toBe(401)
      expect((await app.inject({ url, headers: bearer() })).body).toBe('handled')
    },
  )

  it('HEAD as its GET, and OPTIONS that looks like a preflight', async () => {
    const self = await service((_, own) => answering(own, '/plain'))
    const head = await self.app.inject({ method: 'HEAD', url: '/plain' })
    expect([head.statusCode, head.body]).toEqual([401, ''])
    expect((await self.app.inject({ method: 'HEAD', url: '/plain', headers: bearer() })).statusCode).toBe(200)
    const preflight = {
      origin: 'https://a',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    }
    expect((await self.app.inject({ method: 'OPTIONS', url: '/plain', headers: preflight })).statusCode).toBe(401)
  })

  it('by the method of the request line, whatever a header says of another', async () => {
    const self = await service((_, own) => answering(own, '/plain'))
    const headers = { 'x-http-method-override': 'GET', 'x-original-url': '/public', 'x-rewrite-url': '/public' }
    expect((await self.app.inject({ method: 'POST', url: '/plain', headers })).statusCode).toBe(401)
  })

  it('a request to upgrade, before any handler of upgrades is asked', async () => {
    const self = await service((_, own) => answering(own, '/socket'))
    await self.app.listen({ port: 0, host: '127.0.0.1' })
    const socket = connect((self.app.server.address() as AddressInfo).port, '127.0.0.1')
    socket.write(
      'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n',
    )
    socket.write('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n')
    const [bytes] = await once(socket, 'data')
    socket.destroy()
    expect(String(bytes)).toMatch(/^HTTP\/1\.1 401 /)
    expect(self.handled).toEqual([])
  })
})

describe('where it is registered', () => {
  const routes: FastifyPluginAsync = async (app) => {
    app.get('/child', () => 'child')
  }
  const root = async (order: 'before' | 'after') => {
    const app = fastify()
    onTestFinished(() => app.close())
    if (order === 'after') app.get('/root', () => 'root')
    await app.register(countersign, { verifier: bench().verifier })
    if (order === 'before') app.get('/root', () => 'root')
    await app.register(routes)
    return app
  }

  it.each(['before', 'after'] as const)('on the root instance %s a route covers it', async (order) => {
    const app = await root(order)
    expect((await app.inject('/root')).statusCode).toBe(401)
    expect((await app.inject('/child')).statusCode).toBe(401)
    expect((await app.inject({ url: '/root', headers: bearer() })).body).toBe('root')
  })

  it('behind a scope with routes of its own it covers these, too', async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(routes)
    await app.register(countersign, { verifier: bench().verifier })
    expect((await app.inject('/child')).statusCode).toBe(401)
  })

  it('in a scope it stops the start where routes lie outside, naming them', async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    app.get('/outside', () => 'outside')
    app.register(async (scope) => {
      await scope.register(countersign, { verifier: bench().verifier })
      scope.get('/inside', () => 'inside')
    })
    await expect(app.ready()).rejects.toMatchObject({
      option: 'encapsulate',
      message: expect.stringMatching(/unprotected: .*outside/),
    })
  })

  it('in a scope it protects that scope alone where encapsulate says so', async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    app.get('/outside', () => 'outside')
    await app.register(async (scope) => {
      await scope.register(countersign, { verifier: bench().verifier, encapsulate: true })
      scope.get('/inside', () => 'inside')
    })
    expect((await app.inject('/outside')).statusCode).toBe(200)
    expect((await app.inject('/inside')).statusCode).toBe(401)
  })
})

describe('a wrong policy stops the start', () => {
  it('naming the route and what is wrong', async () => {
    const registering = service((app) => {
      app.get('/orders', { config: { auth: { anyRole: [] } } }, () => 'x')
    })
    await expect(registering).rejects.toMatchObject({ option: 'config.auth of GET /orders.anyRole' })
  })

  it('also where it is a misspelt word, which Fastify lets compile', async () => {
    const registering = service((app) => {
      app.get('/orders', { config: { auth: 'publik' } }, () => 'x')
    })
    await expect(registering).rejects.toMatchObject({ option: 'config.auth of GET /orders' })
  })

  it('also where it is there and undefined, as a misspelt constant is', async () => {
    const registering = service((app) => {
      app.get('/orders', { config: { auth: undefined } as object }, () => 'x')
    })
    await expect(registering).rejects.toMatchObject({ option: 'config.auth of GET /orders' })
  })

  it.each(['publik', undefined, null])(
    '%s of a route that was there before the plugin lets nobody in',
    async (auth) => {
      const app = fastify()
      onTestFinished(() => app.close())
      app.get('/orders', { config: { auth } as object }, () => expect.unreachable())
      await app.register(countersign, { verifier: bench().verifier })
      expect((await app.inject({ url: '/orders', headers: bearer() })).statusCode).toBe(500)
    },
  )

  it('and does not compile where a list is none', async () => {
    const registering = service((app) => {
      // @ts-expect-error
      app.get('/orders', { config: { auth: { anyRole: 'admin' } } }, () => 'x')
    })
    await expect(registering).rejects.toMatchObject({ option: 'config.auth of GET /orders.anyRole' })
  })
})

describe('after a denial', () => {
  it('no later hook, parser or handler runs', async () => {
    const ran: string[] = []
    const self = await service((app) => {
      for (const name of ['preValidation', 'preHandler'] as const) app.addHook(name, async () => void ran.push(name))
      app.addHook('onRequest', async () => void ran.push('onRequest'))
      app.addHook('preParsing', async () => void ran.push('preParsing'))
      app.addContentTypeParser('text/x', async () => void ran.push('parser'))
      app.post('/orders', () => ran.push('handler'))
    })
    const headers = { 'content-type': 'text/x' }
    expect((await self.app.inject({ method: 'POST', url: '/orders', headers, body: 'x' })).statusCode).toBe(401)
    expect(ran).toEqual([])
    await self.app.inject({ method: 'POST', url: '/orders', headers: { ...headers, ...bearer() }, body: 'x' })
    expect(ran).toEqual(['onRequest', 'preParsing', 'parser', 'preValidation', 'preHandler', 'handler'])
  })

  it('the reply is that of core, to the byte', async () => {
    const self = await service((_, own) => answering(own, '/orders'))
    const { statusCode, headers, body } = await self.app.inject('/orders')
    expect(statusCode).toBe(401)
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'www-authenticate': ['HMAC realm="orders"', 'Bearer realm="orders"'],
      'content-length': String(Buffer.byteLength(body)),
    })
    expect(JSON.parse(body)).toMatchObject({
      status: 401,
      code: 'missing_credentials',
      requestId: self.audit.records[0]?.requestId,
    })
  })
})

describe('a signed request', () => {
  const body = JSON.stringify({ amount: 1 })
  const parts = { method: 'POST', target: '/orders?a=b', body, headers: ['content-type', 'application/json'] }
  const echo = (app: FastifyInstance) => {
    app.post('/orders', (request) => request.body)
  }

  it('gets its checked body parsed, once', async () => {
    const self = await service(echo)
    const headers = signed(parts)
    const send = () => self.app.inject({ method: 'POST', url: '/orders?a=b', headers, body })
    expect((await send()).json()).toEqual({ amount: 1 })
    expect((await send()).json()).toMatchObject({ code: 'replayed' })
  })

  it('whose body is another reaches no parser', async () => {
    const self = await service((app) => {
      app.removeAllContentTypeParsers()
      app.addContentTypeParser('application/json', () => expect.unreachable())
      echo(app)
    })
    const reply = await self.app.inject({
      method: 'POST',
      url: '/orders?a=b',
      headers: signed(parts),
      body: '{"amount":9}',
    })
    expect(reply.json()).toMatchObject({ code: 'content_digest_mismatch' })
  })

  it('whose body is too large is refused with 413', async () => {
    const self = await service(echo)
    const large = 'x'.repeat(1_048_577)
    const headers = signed({ ...parts, body: large })
    expect((await self.app.inject({ method: 'POST', url: '/orders?a=b', headers, body: large })).statusCode).toBe(413)
  })

  it('is verified with the prefix that a proxy took away, put back', async () => {
    const self = await service((_, own) => answering(own, '/orders'), { externalPrefix: '/api' })
    const send = (target: string) => self.app.inject({ url: '/orders', headers: signed({ target }) })
    expect((await send('/api/orders')).statusCode).toBe(200)
    expect((await send('/orders')).statusCode).toBe(401)
  })

  it('with such a prefix, is still refused in absolute form where it names another host', async () => {
    const self = await service((_, own) => answering(own, '/orders'), { externalPrefix: '/api' })
    await self.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = self.app.server.address() as AddressInfo
    const send = async (host: string) => {
      const socket = connect(port, '127.0.0.1')
      const { authorization } = bearer()
      socket.end(
        `GET http://${host}/orders HTTP/1.1\r\nHost: here\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`,
      )
      return Number((await text(socket)).slice(9, 12))
    }
    expect([await send('here'), await send('elsewhere')]).toEqual([200, 400])
  })

  it('is verified over the target of the request line, though rewriteUrl changes it', async () => {
    const app = fastify({ rewriteUrl: () => '/orders' })
    onTestFinished(() => app.close())
    await app.register(countersign, { verifier: bench().verifier })
    app.get('/orders', () => 'handled')
    expect((await app.inject({ url: '/outer', headers: signed({ target: '/outer' }) })).body).toBe('handled')
    expect((await app.inject({ url: '/outer', headers: signed({ target: '/orders' }) })).statusCode).toBe(401)
  })
})

describe('the time for a request', () => {
  const timeout = async (more: More, options = {}) => {
    const app = fastify(options)
    onTestFinished(() => app.close())
    await app.register(countersign, { verifier: bench().verifier, ...more })
    await app.ready()
    return app.server.requestTimeout
  }

  it('is limited to 300 s where Fastify would wait for ever, or to what is said', async () => {
    expect([await timeout({}), await timeout({ requestTimeoutSeconds: 5 })]).toEqual([300_000, 5_000])
  })

  it('stays as it is where the server has a limit, or null opts out', async () => {
    expect(await timeout({}, { requestTimeout: 7_000 })).toBe(7_000)
    expect(await timeout({ requestTimeoutSeconds: null })).toBe(0)
  })
})

describe('the log', () => {
  it("goes through the request's own logger where the verifier was given none", async () => {
    const lines: string[] = []
    const app = fastify({ logger: { level: 'info', stream: { write: (line: string) => void lines.push(line) } } })
    onTestFinished(() => app.close())
    const { createVerifier, bearer: scheme } = await import('@countersign/core')
    const { issuer } = await import('../../core/test/kit.js')
    await app.register(countersign, {
      verifier: createVerifier({ audience: 'orders', schemes: [scheme({ issuers: [issuer()] })] }),
    })
    app.get('/orders', () => 'x')
    const { requestId } = (await app.inject('/orders')).json()
    const records = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'auth.attempt')
    expect(records).toMatchObject([
      { reason: 'missing_credentials', reqId: requestId, requestId, framework: 'fastify', route: '/orders' },
    ])
  })
})

describe('a verifier that fails', () => {
  it('never lets a request through', async () => {
    const { verifier } = bench()
    const broken = {
      ...verifier,
      checkPolicy: () => {},
      verify: (_: RequestView) => Promise.reject(new Error('broken')),
    }
    const app = fastify()
    onTestFinished(() => app.close())
    // The plugin asks for the interface only.
    await app.register(countersign, { verifier: broken })
    app.get('/orders', () => expect.unreachable())
    expect((await app.inject('/orders')).statusCode).toBe(500)
  })
})

it('request.auth is typed on every route', () => {
  const app = fastify()
  app.get('/orders', (request) => {
    expectTypeOf(request.auth).toEqualTypeOf<Auth>()
    expectTypeOf(request.auth.principal.roles).toEqualTypeOf<ReadonlySet<string>>()
    return null
  })
  // @ts-expect-error no such word
  expectTypeOf<'publik'>().toExtend<Policy>()
})

describe('countersign', () => {
  const verifier = bench().verifier
  it.each<[string, CountersignOptions]>([
    ['defaultPolicy.anyRole', { verifier, defaultPolicy: { anyRole: [] } }],
    ['externalPrefix', { verifier, externalPrefix: 'api' }],
    ['externalPrefix', { verifier, externalPrefix: '/api/' }],
    ['externalPrefix', { verifier, externalPrefix: '/a\nb' }],
    ['requestTimeoutSeconds', { verifier, requestTimeoutSeconds: 0 }],
    ['requestTimeoutSeconds', { verifier, requestTimeoutSeconds: Number.NaN }],
    // @ts-expect-error a text is no number
    ['requestTimeoutSeconds', { verifier, requestTimeoutSeconds: '300' }],
    // @ts-expect-error the text false would be true
    ['encapsulate', { verifier, encapsulate: 'false' }],
    // @ts-expect-error as a misspelt constant is
    ['defaultPolicy', { verifier, defaultPolicy: undefined }],
    // @ts-expect-error a default protects
    ['defaultPolicy', { verifier, defaultPolicy: 'public' }],
    // @ts-expect-error a default protects
    ['defaultPolicy', { verifier, defaultPolicy: 'optional' }],
    // @ts-expect-error a verifier is required
    ['verifier', {}],
    // @ts-expect-error a misspelt option does not compile
    ['externalprefix', { verifier, externalprefix: '/api' }],
  ])('stops the start, naming %s', async (option, options) => {
    const app = fastify()
    onTestFinished(() => app.close())
    const error = await Promise.resolve(app.register(countersign, options)).catch((problem: unknown) => problem)
    expect(
      optionOf(() => {
        throw error
      }),
    ).toBe(option)
  })
})
