import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sharedOverRedis } from '../src/shared.js'
import { redisUserStore } from '../src/users/redis-store.js'
import { Client, startTestGateway, type TestGateway } from './support/gateway.js'
import { hasRedisServer, type RedisServer, startRedis } from './support/redis.js'
import { KEYS, PASSWORDS, putUsers } from './support/users.js'

describe.skipIf(!hasRedisServer())('two gateways over one Redis', () => {
  let server: RedisServer
  let gateways: readonly [TestGateway, TestGateway]

  beforeAll(async () => {
    server = await startRedis()
    const users = redisUserStore(server.redis, KEYS.seal)
    await putUsers(users)
    const start = (): Promise<TestGateway> =>
      startTestGateway({ users, ...sharedOverRedis(server.redis, pino({ level: 'silent' })) })
    gateways = [await start(), await start()]
  })

  afterAll(async () => {
    for (const gateway of gateways) await gateway.close()
    await server.stop()
  })

  /** The same browser, sent to the other gateway by a balancer. */
  const moved = (client: Client, to: TestGateway): Client => {
    const other = new Client(to.url)
    for (const [name, value] of client.cookies) other.cookies.set(name, value)
    return other
  }

  it('share sessions: one begins it, the other refreshes and ends it, and both know', async () => {
    const [one, other] = gateways
    const client = new Client(one.url)
    const authorization = `Bearer ${await client.login('ada', PASSWORDS.ada)}`
    const there = moved(client, other)
    expect((await there.send('GET', '/nowhere', undefined, { authorization })).status).toBe(404)
    expect((await there.post('/refresh')).status).toBe(200)
    expect((await there.post('/logout')).status).toBe(204)
    for (const gateway of gateways) {
      const answer = await new Client(gateway.url).send('GET', '/nowhere', undefined, { authorization })
      expect(answer.body['code']).toBe('token_revoked')
    }
    expect((await moved(there, one).post('/refresh')).status).toBe(401)
  })

  it('share failures: half the guesses at each are the guesses at one', async () => {
    const codes: unknown[] = []
    for (let round = 0; round < 12; round++) {
      const gateway = gateways[round % 2]
      if (gateway === undefined) throw new Error('there are two')
      codes.push((await new Client(gateway.url).post('/login', { username: 'rob', password: 'wrong' })).body['code'])
    }
    expect(codes).toEqual([...Array.from({ length: 10 }, () => 'login_failed'), 'throttled', 'throttled'])
  })

  it('log nobody in while Redis is away, end no session for it, and say that they are not ready', async () => {
    const [one] = gateways
    const client = new Client(one.url)
    await client.login('ada', PASSWORDS.ada)
    await server.stop()
    expect((await client.post('/login', { username: 'ada', password: PASSWORDS.ada })).status).toBe(503)
    expect((await client.post('/refresh')).status).toBe(503)
    expect(client.cookies.has('__Host-refresh')).toBe(true)
    expect((await client.send('GET', '/health')).status).toBe(503)
    expect(one.lines.join('')).not.toContain(PASSWORDS.ada)
  })
})
