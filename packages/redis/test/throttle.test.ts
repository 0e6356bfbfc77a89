import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { fileURLToPath } from 'node:url'
import {
  createVerifier,
  type FailureThrottle,
  hmac,
  keyRing,
  memoryReplayStore,
  STORE_CHANNEL,
  type StoreEvent,
} from '@countersign/core'
import type { ThrottleLimits } from '@countersign/core/throttle'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { knownOptions, optionsOf } from '../../../.config/readme/blocks.js'
import { type ConnectedClient, connectClient, type Library } from '../../conformance/src/redis/clients.js'
import { until } from '../../conformance/src/redis/deployments.js'
import { type FaultyProxy, startProxy } from '../../conformance/src/redis/proxy.js'
import { FOUND_PROGRAMS, type RedisServer, startRedis } from '../../conformance/src/redis/server.js'
import { billing, NOW, signed, word } from '../../core/test/kit.js'
import { type RedisConnectionOptions, redisConnection } from '../src/index.js'
import { redisThrottle } from '../src/throttle.js'

const README = fileURLToPath(new URL('../README.md', import.meta.url))
const LIMITS: ThrottleLimits = { failuresPerAddress: 3, failuresPerCredentials: null, windowSeconds: 600 }
const WRONG = Buffer.alloc(32, 'w')
const name = (address: string) => ({ address, credentials: undefined })

let prefixes = 0
const clients: ConnectedClient[] = []

async function client(port: number, library: Library = 'ioredis'): Promise<ConnectedClient> {
  const connected = await connectClient(library, { kind: 'single', ports: [port] })
  clients.push(connected)
  return connected
}

async function open(port: number, more: Partial<RedisConnectionOptions> = {}, library?: Library) {
  const connected = await client(port, library)
  const prefix = `throttle-${++prefixes}`
  return redisThrottle(redisConnection({ client: connected.client, prefix, log: null, ...more }), LIMITS)
}

/** How many failures of an address are let be. */
async function letBe(throttle: FailureThrottle, address: string, times: number): Promise<number> {
  let count = 0
  for (let time = 0; time < times; time++) if ((await throttle.fail(name(address))) === 0) count++
  return count
}

const describeWithRedis = describe.skipIf(FOUND_PROGRAMS.length === 0)

afterEach(async () => {
  await Promise.all(clients.splice(0).map((connected) => connected.close()))
})

describeWithRedis('redisThrottle, with a server that is there', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())

  const patient = { timeoutSeconds: 5 }

  it('is one limit for two verifiers, whichever library either has', async () => {
    const prefix = `shared-${++prefixes}`
    const verifiers = []
    for (const library of ['ioredis', 'redis'] as const) {
      const redis = redisConnection({
        client: (await client(server.port, library)).client,
        prefix,
        log: null,
        ...patient,
      })
      verifiers.push(
        createVerifier({
          audience: 'orders',
          schemes: [hmac({ keys: keyRing([billing()]), replay: memoryReplayStore() })],
          throttle: redisThrottle(redis, { failuresPerAddress: 4, windowSeconds: 600 }),
          throttleTimeoutSeconds: 5,
          audit: null,
          clock: () => NOW,
        }),
      )
    }
    const answers = []
    for (let round = 0; round < 3; round++) {
      for (const verifier of verifiers)
        answers.push(word(await verifier.verify(signed({ secret: WRONG }), 'authenticated')))
    }
    expect(answers).toEqual([...Array(4).fill('signature_invalid'), 'throttled', 'throttled'])
    for (const verifier of verifiers) expect(word(await verifier.verify(signed(), 'authenticated'))).toBe('allow')
  })

  it('does not ask Redis again about whom it knows to be over the limit', async () => {
    const throttle = await open(server.port, patient)
    const events: StoreEvent[] = []
    const listen = (event: unknown) => void events.push(event as StoreEvent)
    subscribe(STORE_CHANNEL, listen)
    expect(await letBe(throttle, 'a', 1000)).toBe(3)
    unsubscribe(STORE_CHANNEL, listen)
    expect(events.map(({ event, store }) => `${event} ${store}`)).toEqual(Array(3).fill('store.operation throttle'))
  })

  it('learns it from Redis where another process was told', async () => {
    const prefix = `told-${++prefixes}`
    const [one, other] = [
      await open(server.port, { ...patient, prefix }),
      await open(server.port, { ...patient, prefix }),
    ]
    expect(await letBe(one, 'a', 3)).toBe(3)
    expect(await letBe(other, 'a', 3)).toBe(0)
  })

  it('keeps a count for each name, with an end, and nothing else', async () => {
    const prefix = `keys-${++prefixes}`
    const connected = await client(server.port)
    const redis = redisConnection({ client: connected.client, prefix, log: null, ...patient })
    const throttle = redisThrottle(redis, { windowSeconds: 600 })
    await throttle.fail({ address: '0a1b', credentials: '2c3d' })
    const keys = (await server.command('KEYS', `${prefix}*`)) as string[]
    expect(keys.toSorted()).toEqual([`${prefix}:throttle:address:0a1b`, `${prefix}:throttle:credentials:2c3d`])
    for (const key of keys) {
      const seconds = Number(await server.command('TTL', key))
      expect(seconds).toBeGreaterThan(500)
      expect(seconds).toBeLessThanOrEqual(600)
    }
  })

  it('counts on where a script was forgotten by the server', async () => {
    const throttle = await open(server.port, patient)
    expect(await letBe(throttle, 'a', 2)).toBe(2)
    await server.command('SCRIPT', 'FLUSH')
    expect(await letBe(throttle, 'a', 2)).toBe(1)
  })

  it.each([
    ['redisThrottle.failuresPerAddress', { failuresPerAddress: 0 }],
    ['redisThrottle.windowSeconds', { windowSeconds: 86_401 }],
    ['redisThrottle.points', { points: 5 }],
  ])('refuses at start: %s', async (option, options) => {
    const { client: driver } = await client(server.port)
    expect(() => redisThrottle(redisConnection({ client: driver, log: null }), options as ThrottleLimits)).toThrow(
      option,
    )
  })
})

it('has its options listed in the README', () => {
  const client = { isReady: true, sendCommand: async () => 'OK' }
  const misspelt: object = { misspelt: true }
  expect(optionsOf(README, '`redisThrottle` of `@countersign/redis/throttle`, after the connection:')).toEqual(
    knownOptions(() => redisThrottle(redisConnection({ client, log: null }), misspelt)),
  )
})

describeWithRedis('redisThrottle, with a server that fails', () => {
  let server: RedisServer
  let proxy: FaultyProxy
  beforeEach(async () => {
    server = await startRedis()
    proxy = await startProxy(server.port)
  })
  afterEach(async () => {
    await proxy.close()
    await server.stop()
  })

  it('counts in the process while Redis is gone, from nothing, and in Redis when it is back', async () => {
    const throttle = await open(server.port, { openSeconds: 0.05 })
    expect(await letBe(throttle, 'a', 2)).toBe(2)
    const { port } = server
    await server.stop()
    expect(await letBe(throttle, 'a', 10)).toBe(3)
    await expect(Promise.resolve(throttle.ready?.())).rejects.toThrow()
    server = await startRedis({ port })
    await until(async () => (await Promise.resolve(throttle.ready?.()).catch(() => false)) === true)
    await until(async () => {
      await throttle.fail(name('b'))
      return Number(await server.command('EXISTS', `throttle-${prefixes}:throttle:address:b`)) === 1
    })
  })

  it('keeps whoever is over the limit there while Redis is gone', async () => {
    const throttle = await open(server.port)
    expect(await letBe(throttle, 'a', 4)).toBe(3)
    await server.stop()
    expect(await letBe(throttle, 'a', 4)).toBe(0)
  })

  it.each([
    'LOADING Redis is loading the dataset in memory',
    'OOM command not allowed',
    "READONLY You can't write against a read only replica.",
    'NOAUTH Authentication required.',
  ])('counts in the process where Redis answers %s', async (text) => {
    const throttle = await open(proxy.port)
    proxy.reply = `-${text}\r\n`
    expect(await letBe(throttle, 'a', 10)).toBe(3)
  })

  it('counts in the process where Redis answers what the script does not', async () => {
    const throttle = await open(proxy.port)
    proxy.reply = '+OK\r\n'
    expect(await letBe(throttle, 'a', 10)).toBe(3)
  })

  it('answers in time where Redis hangs, and at once when the breaker is open', async () => {
    const throttle = await open(server.port, { timeoutSeconds: 0.1, failureLimit: 2, openSeconds: 60 })
    await throttle.fail(name('warm'))
    server.pause()
    const start = performance.now()
    // Twice the deadline, and then no more asking.
    expect(await letBe(throttle, 'a', 1000)).toBe(3)
    expect(performance.now() - start).toBeLessThan(2000)
    server.resume()
  })

  it('changes no decision: good credentials are served and bad ones refused, whatever Redis does', async () => {
    const { client: driver } = await client(proxy.port)
    const verifier = createVerifier({
      audience: 'orders',
      schemes: [hmac({ keys: keyRing([billing()]), replay: memoryReplayStore() })],
      throttle: redisThrottle(redisConnection({ client: driver, timeoutSeconds: 0.05, log: null }), LIMITS),
      audit: null,
      clock: () => NOW,
    })
    const good = { delayMilliseconds: 0, reply: null, cuts: 0 }
    const faults = [{ delayMilliseconds: 200 }, { reply: '-ERR no\r\n' }, { cuts: 100 }, { isGone: true }]
    for (const { isGone = false, ...fault } of faults) {
      Object.assign(proxy, good, fault)
      if (isGone) await server.stop()
      for (let time = 0; time < 10; time++) {
        const refused = word(await verifier.verify(signed({ secret: WRONG }), 'authenticated'))
        expect(['signature_invalid', 'throttled']).toContain(refused)
        expect(word(await verifier.verify(signed(), 'authenticated'))).toBe('allow')
      }
    }
    expect(await verifier.health()).toMatchObject({ ready: true, throttle: { ready: false } })
  })
})
