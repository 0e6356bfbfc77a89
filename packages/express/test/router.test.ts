import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler } from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bench, optionOf, token } from '../../core/test/kit.js'
import { type AuthRouter, countersign } from '../src/index.js'

const handler: RequestHandler = (req, res) => {
  res.end(`${req.method} ${req.baseUrl}${req.path}`)
}

async function serve(build: (router: AuthRouter) => void) {
  const self = bench()
  const router = countersign({ verifier: self.verifier }).router()
  build(router)
  const server = express().use('/api', router).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const send = async (method: string, path: string, roles?: readonly string[]) => {
    const headers: Record<string, string> = roles === undefined ? {} : { authorization: `Bearer ${token({ roles })}` }
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })
    return reply.ok ? reply.text() : reply.status
  }
  return { ...self, send }
}

describe('router', () => {
  it('protects each route by the policy that stands beside it', async () => {
    const { send, audit } = await serve((router) =>
      router
        .get('/open', 'public', handler)
        .post('/orders/:id', { anyRole: ['buyer'] }, handler)
        .all('/any', 'authenticated', handler),
    )
    expect(await send('GET', '/api/open')).toBe('GET /api/open')
    expect([await send('POST', '/api/orders/1'), await send('POST', '/api/orders/1', ['seller'])]).toEqual([401, 403])
    expect(await send('POST', '/api/orders/1', ['buyer'])).toBe('POST /api/orders/1')
    expect([await send('DELETE', '/api/any'), await send('DELETE', '/api/any', [])]).toEqual([401, 'DELETE /api/any'])
    expect(audit.records[0]).toMatchObject({ route: '/api/orders/:id', roles: ['buyer'] })
  })

  it('protects what is mounted under a path', async () => {
    const { send } = await serve((router) => router.use('/files', { anyRole: ['reader'] }, handler))
    expect([await send('GET', '/api/files/a'), await send('GET', '/api/files/a', ['reader'])]).toEqual([
      401,
      'GET /api/files/a',
    ])
  })

  it('refuses a route without a policy, naming it', () => {
    const router = countersign({ verifier: bench().verifier }).router()
    // @ts-expect-error the second argument is the policy
    expect(optionOf(() => router.get('/orders', handler))).toBe('router.get(/orders)')
    // @ts-expect-error the second argument is the policy
    expect(optionOf(() => router.use(handler))).toMatch(/^router\.use/)
    // @ts-expect-error the second argument is the policy
    expect(optionOf(() => router.post('/orders'))).toBe('router.post(/orders)')
    // @ts-expect-error a list of handlers is no policy
    expect(optionOf(() => router.get('/orders', [handler]))).toBe('policy')
    // @ts-expect-error a misspelt policy does not compile
    expect(optionOf(() => router.get('/orders', 'publik', handler))).toBe('policy')
  })

  it('has no way of mounting beside its verbs', () => {
    const router: object = countersign({ verifier: bench().verifier }).router()
    for (const name of ['route', 'param', 'stack', 'handle']) expect(router).not.toHaveProperty(name)
  })
})
