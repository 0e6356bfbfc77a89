import { createTokenIssuer, IssuanceError, memorySigningKeys } from '@countersign/issuer'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ConnectedClient, connectClient, LIBRARIES } from '../../conformance/src/redis/clients.js'
import { cluster, type Deployment, single } from '../../conformance/src/redis/deployments.js'
import { FOUND_PROGRAMS, PROGRAMS } from '../../conformance/src/redis/server.js'
import { testRefreshStore } from '../../issuer/test/refresh/contract.js'
import { checkRefreshHistories } from '../../issuer/test/refresh/property.js'
import { type RedisConnection, redisConnection } from '../src/index.js'
import { redisRefreshStore } from '../src/refresh.js'
import { aClient, aServer, times } from './kit.js'

const DEPLOYMENTS = { single, cluster }

let stores = 0

for (const program of PROGRAMS.filter((program) => !FOUND_PROGRAMS.includes(program))) {
  it.skip(`on ${program}: SKIPPED, for there is no ${program} on this machine`)
}

describe.each(FOUND_PROGRAMS)('%s', (program) => {
  describe.each(Object.entries(DEPLOYMENTS))('%s', (_kind, start) => {
    let deployment: Deployment
    beforeAll(async () => {
      deployment = await start(program)
    })
    afterAll(() => deployment?.stop())

    describe.each(LIBRARIES)('with %s', (library) => {
      let connected: ConnectedClient
      beforeAll(async () => {
        connected = await connectClient(library, deployment)
      })
      afterAll(() => connected?.close())

      const connection = (prefix = `test-${++stores}`): RedisConnection => {
        // A machine that is busy with other tests is not the store's fault.
        return redisConnection({ client: connected.client, prefix, timeoutSeconds: 5 })
      }

      testRefreshStore('redisRefreshStore', async () => ({
        store: redisRefreshStore(connection()),
        close: async () => undefined,
      }))

      it('goes through any history as the store in memory does', { timeout: 120_000 }, async () => {
        const open = async () => ({ store: redisRefreshStore(connection()), subject: 'alice' })
        await checkRefreshHistories(open, 25)
      })
    })
  })

  it('keeps hashes and a salt, each with an end, and no token', async () => {
    const server = await aServer({ program })
    const { client } = await aClient('ioredis', server)
    const ask = (name: string, ...args: string[]) => server.command(name, ...args)
    const issuer = createTokenIssuer({
      issuer: 'https://id.example',
      audiences: ['orders'],
      keys: memorySigningKeys(),
      refresh: { store: redisRefreshStore(redisConnection({ client, timeoutSeconds: 5 })) },
      revocation: null,
      audit: null,
    })
    await issuer.warmup()
    const first = await issuer.startSession({ subject: 'alice@example.com', clientId: 'web', audience: 'orders' })
    const second = await issuer.refresh({ refreshToken: first.refreshToken, clientId: 'web' })
    if (second.outcome === 'deny') throw new Error(second.reason)
    const keys = ((await ask('KEYS', '*')) as string[]).filter((key) => !key.includes('{ready}')).sort()
    const session = `countersign:refresh:{${first.sessionId}}`
    expect(keys).toEqual(
      [expect.stringMatching(/^countersign:refresh-subject:\{[\w-]{43}\}$/), session, `${session}:salt`].sort(),
    )
    const kept = JSON.stringify([keys, await ask('HGETALL', session), await ask('GET', `${session}:salt`)])
    for (const token of [first.refreshToken, second.tokens.refreshToken]) {
      // The id is in the key; neither the family's secret nor the token's own is anywhere.
      const bytes = Buffer.from(token, 'base64url')
      for (const secret of [bytes.subarray(16, 32), bytes.subarray(32)]) {
        for (const encoding of ['base64url', 'base64', 'hex'] as const)
          expect(kept).not.toContain(secret.toString(encoding).slice(0, 20))
      }
    }
    for (const key of keys) expect(Number(await ask('PTTL', key))).toBeGreaterThan(0)
    expect(Number(await ask('PTTL', `${session}:salt`))).toBeLessThanOrEqual(15_000)
    await issuer.close()
  })

  it('answers 503 while Redis is away, and uses nothing up', async () => {
    const server = await aServer({ program })
    const { client } = await aClient('ioredis', server)
    const connection = redisConnection({ client, timeoutSeconds: 0.5, openSeconds: 0.05, log: null })
    const issuer = createTokenIssuer({
      issuer: 'https://id.example',
      audiences: ['orders'],
      keys: memorySigningKeys(),
      refresh: { store: redisRefreshStore(connection) },
      revocation: null,
      audit: null,
    })
    await issuer.warmup()
    const { refreshToken } = await issuer.startSession({ subject: 'alice', clientId: 'web', audience: 'orders' })
    server.pause()
    const away = await issuer.refresh({ refreshToken, clientId: 'web' })
    expect(away).toMatchObject({ outcome: 'deny', reason: 'refresh_store_unavailable', status: 503 })
    await expect(issuer.startSession({ subject: 'bob', clientId: 'web', audience: 'orders' })).rejects.toThrow(
      IssuanceError,
    )
    expect((await issuer.health()).ready).toBe(false)
    server.resume()
    await vi.waitFor(async () => expect((await issuer.health()).ready).toBe(true), { timeout: 10_000 })
    expect((await issuer.refresh({ refreshToken, clientId: 'web' })).outcome).toBe('allow')
    await issuer.close()
  })

  it('of a hundred uses in two processes one rotates', async () => {
    const server = await aServer({ program })
    const stores = await Promise.all(
      LIBRARIES.map(async (library) => {
        const { client } = await aClient(library, server)
        return redisRefreshStore(redisConnection({ client, timeoutSeconds: 5 }))
      }),
    )
    const issuers = stores.map((store) =>
      createTokenIssuer({
        issuer: 'https://id.example',
        audiences: ['orders'],
        keys: memorySigningKeys(),
        refresh: { store, timeoutSeconds: 5 },
        revocation: null,
        audit: null,
      }),
    )
    await Promise.all(issuers.map((issuer) => issuer.warmup()))
    const [first] = issuers
    const session = await first?.startSession({ subject: 'alice', clientId: 'web', audience: 'orders' })
    const { refreshToken = '' } = session ?? {}
    const decisions = await Promise.all(
      times(100, (index) => issuers[index % 2]?.refresh({ refreshToken, clientId: 'web' })),
    )
    const tokens = decisions.map((decision) =>
      decision?.outcome === 'allow' ? decision.tokens.refreshToken : decision?.reason,
    )
    expect(new Set(tokens).size).toBe(1)
    expect(tokens[0]).toMatch(/^[\w-]{86}$/)
    await Promise.all(issuers.map((issuer) => issuer.close()))
  })
})
