import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSigner, signedFetch } from '@countersign/client'
import { hmac, keyRing, memoryReplayStore } from '@countersign/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { casbinService } from '../src/casbin-service.js'
import { caslService } from '../src/casl-service.js'

const ROLES: Readonly<Record<string, readonly string[]>> = {
  carla: ['clerk'],
  mona: ['manager'],
  bert: ['buyer'],
  bella: ['buyer'],
  nobody: [],
}

const secretOf = (client: string) => client.padEnd(32, '.')
const schemes = () => [
  hmac({
    keys: keyRing(
      Object.entries(ROLES).map(([client, roles]) => ({
        id: client,
        client,
        secret: secretOf(client),
        ...(roles.length > 0 && { roles }),
      })),
    ),
    replay: memoryReplayStore(),
  }),
]

/** Sends a signed request; answers status and code. */
async function ask(url: string, client: string, method: string, path: string) {
  const send = signedFetch({ signer: createSigner({ keyId: client, secret: secretOf(client), audience: 'orders' }) })
  const response = await send(url + path, { method })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

describe('casbin', () => {
  const POLICY = fileURLToPath(new URL('../policy/policy.csv', import.meta.url))

  async function started(policyFile?: string) {
    const service = await casbinService(schemes(), policyFile)
    onTestFinished(() => service.app.close())
    const url = await service.app.listen({ port: 0, host: '127.0.0.1' })
    const status = async (client: string, method: string, path: string) => (await ask(url, client, method, path)).status
    return { ...service, url, status }
  }

  it('decides by role, route and method, as the policy file says', async () => {
    const { status } = await started()
    expect(await status('carla', 'GET', '/orders')).toBe(200)
    expect(await status('carla', 'GET', '/orders/7')).toBe(200)
    expect(await status('carla', 'DELETE', '/orders/7')).toBe(403)
    expect(await status('mona', 'DELETE', '/orders/7')).toBe(204)
    expect(await status('mona', 'GET', '/orders')).toBe(200)
    expect(await status('nobody', 'GET', '/orders')).toBe(403)
  })

  it('is asked of every route: one that no rule names is denied', async () => {
    const { url } = await started()
    expect(await ask(url, 'mona', 'GET', '/reports')).toMatchObject({ status: 403, body: { code: 'policy_denied' } })
    expect((await fetch(`${url}/orders`)).status).toBe(401)
  })

  it('no spelling of a path gets around a rule', async () => {
    const { status } = await started()
    for (const path of ['/orders/7', '/orders/%37', '/orders/7?x=/orders'])
      expect([path, await status('carla', 'DELETE', path)]).toEqual([path, 403])
  })

  it('reads its policy again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-rbac-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'policy.csv')
    copyFileSync(POLICY, file)
    const { enforcer, status } = await started(file)
    expect(await status('carla', 'DELETE', '/orders/7')).toBe(403)
    writeFileSync(file, 'p, clerk, /orders/:id, DELETE\n')
    await enforcer.loadPolicy()
    expect(await status('carla', 'DELETE', '/orders/7')).toBe(204)
    expect(await status('carla', 'GET', '/orders')).toBe(403)
  })

  it('lets nobody in while it fails', async () => {
    const { enforcer, url } = await started()
    enforcer.enforce = () => Promise.reject(new Error('the adapter is down'))
    expect(await ask(url, 'mona', 'GET', '/orders')).toMatchObject({ status: 500, body: { code: 'internal' } })
  })
})

describe('CASL', () => {
  const ORDERS = new Map([
    ['7', { id: '7', owner: 'bert' }],
    ['8', { id: '8', owner: 'bella' }],
  ])

  async function started() {
    const server = caslService(schemes(), ORDERS).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return (client: string, path: string) => ask(url, client, 'GET', path)
  }

  it('decides at the route whether anything of the kind may be read', async () => {
    const get = await started()
    expect(await get('nobody', '/orders')).toMatchObject({ status: 403, body: { code: 'policy_denied' } })
    expect(await get('nobody', '/orders/7')).toMatchObject({ status: 403, body: { code: 'policy_denied' } })
  })

  it('decides in the handler which one: of a buyer their own', async () => {
    const get = await started()
    expect(await get('carla', '/orders')).toEqual({ status: 200, body: [...ORDERS.values()] })
    expect(await get('bert', '/orders')).toEqual({ status: 200, body: [ORDERS.get('7')] })
    expect(await get('bert', '/orders/7')).toEqual({ status: 200, body: ORDERS.get('7') })
    expect(await get('bert', '/orders/8')).toEqual({ status: 404, body: { error: 'not_found' } })
    expect(await get('bert', '/orders/9')).toEqual({ status: 404, body: { error: 'not_found' } })
    expect((await get('bella', '/orders/8')).status).toBe(200)
  })
})
