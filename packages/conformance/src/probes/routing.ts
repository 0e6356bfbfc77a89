import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AuditRecord, ConfigurationError } from '@countersign/core'
import { countersign as forExpress } from '@countersign/express'
import forFastify from '@countersign/fastify'
import express from 'express'
import fastify from 'fastify'
import { allowed, NOT_FOUND, refused, UNGUARDED } from '../expectation.js'
import { mint } from '../foreign/mint.js'
import { configurationProbe, type Probe, probe, wireProbe } from '../probe.js'
import { asService, asUser, withHeader } from '../requests.js'
import { exchange } from '../subject/wire.js'
import { verifierOf } from './decide.js'

const PATHS = [
  '/admin',
  '/%61dmin',
  '/%61%64min',
  '/Admin',
  '/ADMIN',
  '/admin/',
  '//admin',
  '/admin;a=b',
  '/./admin',
  '/x/../admin',
]

export const ROUTING: readonly Probe[] = [
  probe(['J01', 'J02', 'J05'], 'no spelling of a guarded path is open', async (target) => {
    for (const path of [
      ...PATHS,
      '/admin?',
      '/admin#',
      '/admin/..',
      '/%2561dmin',
      '/admin%00',
      '/admin%20',
      '/%zz',
      '/%ff',
    ]) {
      await target.send({ target: path }, refused('missing_credentials'))
    }
  }),
  wireProbe(
    ['J01', 'J02', 'J05'],
    'every spelling of a guarded path that reaches its handler asks for its policy',
    async (target) => {
      // Fastify routes the decoded path, Express the path as sent: what is not the route is unknown to both.
      const decodes = target.subject === 'fastify'
      for (const path of PATHS.slice(1)) {
        const isRouted = decodes && /^\/%61/.test(path)
        const expected = isRouted ? refused('role_missing') : NOT_FOUND
        await target.send(asUser(path, { roles: ['user'] }), { ...expected, compared: false })
      }
    },
  ),
  configurationProbe(
    'J02',
    'on Fastify with lenient routing a guarded route is guarded in every spelling',
    async () => {
      const records: AuditRecord[] = []
      let runs = 0
      const app = fastify({
        routerOptions: {
          ignoreDuplicateSlashes: true,
          ignoreTrailingSlash: true,
          caseSensitive: false,
        },
        useSemicolonDelimiter: true,
      })
      await app.register(forFastify, { verifier: verifierOf({ bearer: {}, records }) })
      app.get('/admin', { config: { auth: { allRoles: ['admin'] } } }, async () => {
        runs++
        return 'admin'
      })
      for (const url of PATHS) {
        assert.equal((await app.inject({ url })).statusCode, 401, url)
        const authorization = `Bearer ${mint({ roles: ['user'] })}`
        assert.ok([403, 404].includes((await app.inject({ url, headers: { authorization } })).statusCode), url)
      }
      assert.equal(runs, 0)
      assert.equal(records.length, PATHS.length * 2)
      await app.close()
    },
  ),
  configurationProbe(
    'J05',
    'on Express with its lenient routing a guarded route is guarded in every spelling',
    async () => {
      const records: AuditRecord[] = []
      let runs = 0
      const auth = forExpress({ verifier: verifierOf({ bearer: {}, records }) })
      const app = express()
      app.get('/admin', auth({ allRoles: ['admin'] }), (_req, res) => {
        runs++
        res.end()
      })
      app.use(auth(), (_req, res) => void res.sendStatus(404))
      await serving(createServer(app), async (send) => {
        for (const target of PATHS) {
          assert.match(await send({ target }), /^HTTP\/1.1 401 /, target)
          assert.match(await send(asUser(target, { roles: ['user'] })), /^HTTP\/1.1 40[34] /, target)
        }
      })
      assert.equal(runs, 0)
      assert.equal(records.length, PATHS.length * 2)
    },
  ),
  probe('J06', 'HEAD on a guarded route is guarded and has no body', async (target) => {
    for (const path of ['/echo', '/orders', '/unknown']) {
      const answer = await target.send({ method: 'HEAD', target: path }, refused('missing_credentials'))
      assert.equal(answer.body, '')
    }
    await target.send({ ...asUser('/echo'), method: 'HEAD' }, allowed('user-1'))
  }),
  probe('J08', 'headers that name another method, path or phase are ignored', async (target) => {
    const headers = [
      ['X-HTTP-Method-Override', 'OPTIONS'],
      ['X-Original-URL', '/public'],
      ['X-Rewrite-URL', '/public'],
      ['x-middleware-subrequest', 'middleware:middleware:middleware'],
      ['X-Forwarded-Prefix', '/public'],
    ] as const
    await target.send({ method: 'POST', target: '/admin', headers }, refused('missing_credentials'))
    await target.send({ method: 'POST', target: '/admin?_method=OPTIONS', headers }, refused('missing_credentials'))
    const signed = asService({ headers })
    const answer = await target.send(signed, allowed('billing'))
    assert.equal(answer.json()['method'], 'POST')
  }),
  configurationProbe('J09', 'a Fastify route outside the scope of the plugin stops the start', async () => {
    const app = fastify()
    await app.register(async (scope) => {
      await scope.register(async (inner) => {
        await inner.register(forFastify, { verifier: verifierOf({ bearer: {} }) })
      })
    })
    app.get('/sibling', async () => 'open')
    await assert.rejects(async () => app.ready(), ConfigurationError)
  }),
  configurationProbe(
    'J09',
    'a Fastify route registered before the plugin, or in a scope beside it, is guarded',
    async () => {
      const app = fastify()
      app.get('/before', async () => 'open')
      await app.register(async (scope) => void scope.get('/scoped', async () => 'open'))
      await app.register(forFastify, { verifier: verifierOf({ bearer: {} }) })
      await app.register(async (scope) => void scope.get('/after', async () => 'open'))
      const start = async () => {
        await app.ready()
        for (const url of ['/before', '/scoped', '/after', '/nowhere']) {
          assert.equal((await app.inject({ url })).statusCode, 401, url)
        }
      }
      // Covered, or the start is stopped: open is the one thing that cannot be.
      await start().catch((error: unknown) => assert.ok(error instanceof ConfigurationError))
      await app.close()
    },
  ),
  probe('J11', 'behind a guard that refuses nothing runs, whatever the method', async (target) => {
    for (const method of [
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'QUERY',
      'M-SEARCH',
    ]) {
      for (const path of ['/echo', '/admin', '/unknown']) {
        await target.send({ method, target: path, body: 'x' }, refused('missing_credentials'))
      }
    }
  }),
  configurationProbe('J13', 'behind a mounted prefix the path as sent is signed, not what is left of it', async () => {
    const auth = forExpress({ verifier: verifierOf({ hmac: {} }) })
    const app = express()
    const inner = express.Router()
    inner.get('/orders', auth(), (_req, res) => void res.end())
    app.use('/api', inner)
    await serving(createServer(app), async (send) => {
      assert.match(await send(asService({ method: 'GET', target: '/api/orders' })), /^HTTP\/1.1 200 /)
      const stripped = asService({ method: 'GET', target: '/orders' })
      assert.match(await send({ ...stripped, target: '/api/orders' }), /^HTTP\/1.1 401 /)
    })
    const server = fastify()
    await server.register(forFastify, { verifier: verifierOf({ hmac: {} }) })
    await server.register(async (scope) => void scope.get('/orders', async () => ''), { prefix: '/api' })
    await server.ready()
    await serving(server.server, async (send) => {
      assert.match(await send(asService({ method: 'GET', target: '/api/orders' })), /^HTTP\/1.1 200 /)
      const stripped = asService({ method: 'GET', target: '/orders' })
      assert.match(await send({ ...stripped, target: '/api/orders' }), /^HTTP\/1.1 401 /)
    })
  }),
  configurationProbe('J13', 'a prefix that a proxy stripped is put back by configuration', async () => {
    const auth = forExpress({ verifier: verifierOf({ hmac: {} }), externalPrefix: '/api' })
    const app = express()
    app.get('/orders', auth(), (_req, res) => void res.end())
    const server = fastify()
    await server.register(forFastify, { verifier: verifierOf({ hmac: {} }), externalPrefix: '/api' })
    server.get('/orders', async () => '')
    await server.ready()
    for (const guarded of [createServer(app), server.server]) {
      await serving(guarded, async (send) => {
        const signed = asService({ method: 'GET', target: '/api/orders' })
        assert.match(await send({ ...signed, target: '/orders' }), /^HTTP\/1.1 200 /)
        assert.match(await send(asService({ method: 'GET', target: '/orders' })), /^HTTP\/1.1 401 /)
      })
    }
  }),
  wireProbe('J15', 'an upgrade on a guarded route is refused before it switches', async (target) => {
    const headers = [
      ['Connection', 'Upgrade, close'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ] as const
    await target.send({ target: '/echo', headers }, refused('missing_credentials'))
    await target.send({ target: '/public', headers }, UNGUARDED)
  }),
  probe('POL-05', 'a path without a route answers 401 without credentials, and with good ones 404', async (target) => {
    for (const path of ['/', '/unknown', '/echo/below', '/publicx', '/public/', '/metrics/x', '/health/..']) {
      await target.send({ target: path }, refused('missing_credentials'))
      await target.send(asUser(path), NOT_FOUND)
      await target.send(asService({ target: path }), NOT_FOUND)
    }
    await target.send({ method: 'OPTIONS', target: '*' }, refused('missing_credentials'))
  }),
  probe('REG-09', 'a preflight is refused as any request without credentials', async (target) => {
    const preflight = {
      method: 'OPTIONS',
      target: '/echo',
      headers: [
        ['Origin', 'https://evil.test'],
        ['Access-Control-Request-Method', 'GET'],
        ['Access-Control-Request-Headers', 'authorization'],
      ] as const,
    }
    await target.send(preflight, refused('missing_credentials'))
    await target.send(withHeader(preflight, 'authorization', 'Bearer a.b.c'), refused('token_malformed'))
  }),
]

type Send = (request: Parameters<typeof exchange>[1]) => Promise<string>

/** Lets a server serve for as long as `use` takes. */
async function serving(server: Server, use: (send: Send) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    await use((request) => exchange(port, request))
  } finally {
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  }
}
