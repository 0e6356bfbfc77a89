import { ConfigurationError, type StoreEvent } from '@countersign/core'
import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool } from 'redis'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { LIBRARIES } from '../../conformance/src/redis/clients.js'
import { until } from '../../conformance/src/redis/deployments.js'
import { FOUND_PROGRAMS } from '../../conformance/src/redis/server.js'
import { type RedisClient, redisConnection, redisReplayStore, redisRevocation, redisScript } from '../src/index.js'
import { aClient, aServer, Lines, storeEvents, times } from './kit.js'

const isThere = FOUND_PROGRAMS.length > 0
const skipped = isThere ? '' : ': SKIPPED, for there is no redis-server on this machine'

/** A client in form, which answers as it is told. */
function answering(send: (args: readonly string[]) => Promise<unknown>) {
  return { isReady: true, sendCommand: (args: string[]) => send(args) }
}

const optionOf = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    return error instanceof ConfigurationError ? error.option : error
  }
}

describe('redisConnection', () => {
  const client = answering(async () => 'OK')

  it.each([
    [undefined],
    [null],
    ['redis://127.0.0.1'],
    [{}],
    [{ get() {}, set() {} }],
    [{ sendCommand() {} }],
    [{ status: 'ready' }],
    [createClientPool()],
  ])('refuses what is no client: %#', (other) => {
    expect(optionOf(() => redisConnection({ client: other as unknown as RedisClient }))).toBe('client')
  })

  it('refuses a cluster that reads from replicas', () => {
    const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { scaleReads: 'slave', lazyConnect: true })
    expect(optionOf(() => redisConnection({ client: cluster }))).toBe('client')
  })

  it.each([
    ['prefix', ''],
    ['prefix', 'a{b}'],
    ['timeoutSeconds', 0],
    ['timeoutSeconds', 250],
    ['timeoutSeconds', Number.NaN],
    ['failureLimit', 0],
    ['openSeconds', 0],
    ['maxPending', 1.5],
    ['log', {}],
    ['log', console.log],
  ])('refuses %s: %j', (option, value) => {
    expect(optionOf(() => redisConnection({ client, [option]: value }))).toBe(option)
  })

  it('refuses what it does not know', () => {
    // @ts-expect-error it does not compile either
    expect(optionOf(() => redisConnection({ client, timeout: 1 }))).toBe('redisConnection.timeout')
    const redis = redisConnection({ client })
    // @ts-expect-error it does not compile either
    expect(optionOf(() => redisReplayStore(redis, { ttl: 1 }))).toBe('redisReplayStore.ttl')
    expect(optionOf(() => redisReplayStore(redis, { localEntries: 0 }))).toBe('redisReplayStore.localEntries')
    expect(optionOf(() => redisReplayStore(redis, { marginSeconds: 59 }))).toBe('redisReplayStore.marginSeconds')
  })

  it('listens to the errors of a client once, however many connections are made', () => {
    const redis = createClient()
    for (let round = 0; round < 20; round++) redisConnection({ client: redis })
    expect(redis.listenerCount('error')).toBe(1)
  })

  it('warns of what it was not given a logger for, and is silent where it is told to be', async () => {
    const warnings: string[] = []
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
    onTestFinished(() => void vi.restoreAllMocks())
    const down = answering(() => Promise.reject(new Error('LOADING the password is hunter2')))
    for (const log of [{}, { log: null }]) {
      const circuit = redisConnection({ client: down, failureLimit: 1, ...log }).circuit('throttle')
      await circuit.command('k', 'GET', 'k').catch(() => {})
    }
    expect(warnings).toEqual(['the throttle store is not available: loading'])
  })
})

describe('a circuit', () => {
  it('does not hand anything to a client that is not connected, whatever its own queue is', async () => {
    const sendCommand = vi.fn()
    const redis = redisConnection({ client: { isReady: false, sendCommand }, log: null })
    await expect(redis.circuit('test').command('k', 'GET', 'k')).rejects.toMatchObject({ failure: 'not_ready' })
    expect(sendCommand).not.toHaveBeenCalled()
  })

  it('lets no more wait than it may, and counts those that nobody waits for any more', async () => {
    const settle: (() => void)[] = []
    const client = answering(() => new Promise((resolve) => settle.push(() => resolve('OK'))))
    const redis = redisConnection({ client, timeoutSeconds: 0.01, maxPending: 3, failureLimit: 1000, log: null })
    const circuit = redis.circuit('test')
    const ask = () => circuit.command('k', 'GET', 'k').then(String, (error) => error.failure)
    expect(await Promise.all(times(5, ask))).toEqual([
      ...times(3, () => 'timeout'),
      ...times(2, () => 'too_many_pending'),
    ])
    expect(await ask()).toBe('too_many_pending')
    for (const answer of settle) answer()
    await Promise.resolve()
    const answered = ask()
    settle.at(-1)?.()
    expect(await answered).toBe('OK')
  })

  it('keeps the stores apart: one that fails does not stop another', async () => {
    const client = answering(async ([name]) => {
      if (name === 'SET') throw new Error('OOM command not allowed')
      return 'OK'
    })
    const lines = new Lines()
    const redis = redisConnection({ client, failureLimit: 2, log: lines })
    const [writing, reading] = [redis.circuit('writing'), redis.circuit('reading')]
    for (let round = 0; round < 5; round++) {
      await expect(writing.command('k', 'SET', 'k', 'v')).rejects.toThrow('The store did not answer')
      expect(await reading.command('k', 'GET', 'k')).toBe('OK')
    }
    expect(lines.changes).toEqual(['error: the writing store is not available: oom'])
  })

  it('rejects with fixed text, and the client’s own error as its cause', async () => {
    const cause = new Error('WRONGPASS hunter2')
    const redis = redisConnection({ client: answering(() => Promise.reject(cause)), log: null })
    const failed = redis.circuit('test').command('k', 'GET', 'k')
    await expect(failed).rejects.toMatchObject({ message: 'The store did not answer: wrongpass', cause })
  })

  it.each([
    [new Error('connect ECONNREFUSED 127.0.0.1:1'), 'connection'],
    [Object.assign(new Error('read'), { code: 'ECONNRESET' }), 'connection'],
    [new Error('Connection is closed.'), 'connection'],
    [new Error('Socket closed unexpectedly'), 'connection'],
    [new Error('ERR unknown command'), 'error_reply'],
    [new Error('MOVED 1 127.0.0.1:1'), 'moved'],
    [new TypeError('x is not a function'), 'other'],
    ['a text', 'other'],
    [undefined, 'other'],
  ])('puts %s into the class %s', async (error, failure) => {
    const redis = redisConnection({ client: answering(() => Promise.reject(error)), log: null })
    await expect(redis.circuit('test').command('k', 'GET', 'k')).rejects.toMatchObject({ failure })
  })

  it('fails as a rejection where an operation throws', async () => {
    const redis = redisConnection({ client: answering(async () => 'OK'), log: null })
    const operation = () => {
      throw new TypeError('no')
    }
    await expect(redis.circuit('test').run(operation)).rejects.toMatchObject({ failure: 'other' })
  })

  it('tells of operations and states on the channel, a logger that fails changing nothing', async () => {
    let isDown = false
    const client = answering(async () => {
      if (isDown) throw new Error('LOADING')
      return 'OK'
    })
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    onTestFinished(() => void vi.restoreAllMocks())
    const log = {
      info() {},
      warn: async () => Promise.reject(new Error('full')),
      error() {
        throw new Error('full')
      },
    }
    let now = 0
    const runtime = { monotonic: () => now, random: () => 0 }
    const circuit = redisConnection({ client, failureLimit: 1, log, runtime }).circuit('test')
    const events = storeEvents()
    const ask = (): Promise<unknown> => circuit.command('k', 'GET', 'k').catch(() => {})
    await ask()
    isDown = true
    await ask()
    await ask()
    isDown = false
    now = 1
    await ask()
    const { event: _, v, durationSeconds, ...first } = events[0] as StoreEvent & { durationSeconds: number }
    expect({ v, ...first }).toEqual({ v: 1, store: 'test', outcome: 'ok' })
    expect(durationSeconds).toBeGreaterThan(0)
    expect(events.map((event) => [event.event, 'outcome' in event ? event.outcome : undefined, event.failure])).toEqual(
      [
        ['store.operation', 'ok', undefined],
        ['store.unavailable', undefined, 'loading'],
        ['store.operation', 'failed', 'loading'],
        ['store.operation', 'refused', 'circuit_open'],
        ['store.recovered', undefined, undefined],
        ['store.operation', 'ok', undefined],
      ],
    )
  })
})

describe.skipIf(!isThere).each(LIBRARIES)(`on a real server, with %s${skipped}`, (library) => {
  it('runs a script by its digest, by its text where the server does not have it', async () => {
    const server = await aServer()
    const { client } = await aClient(library, server)
    const circuit = redisConnection({ client, timeoutSeconds: 5 }).circuit('test')
    const script = redisScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    expect(await circuit.script(script, ['k'], ['2'])).toBe(2)
    expect(await circuit.script(script, ['k'], ['3'])).toBe(5)
    await server.command('SCRIPT', 'FLUSH')
    expect(await circuit.script(script, ['k'], ['1'])).toBe(6)
    expect(String(await server.command('INFO', 'commandstats'))).toMatch(/cmdstat_evalsha:calls=3,.*failed_calls=2/)
  })

  it('remembers an id for as long as it must be and the margin, at least', async () => {
    const server = await aServer()
    const { client } = await aClient(library, server)
    const now = Date.now() / 1000
    for (const [marginSeconds, least, most] of [
      [300, 899, 901],
      [60, 659, 661],
    ] as const) {
      const prefix = `margin-${marginSeconds}`
      const store = redisReplayStore(redisConnection({ client, prefix, timeoutSeconds: 5 }), { marginSeconds })
      await store.claim('billing n', now + 600, now)
      const left = Number(await server.command('PTTL', `${prefix}:replay:{billing n}`)) / 1000
      expect(left).toBeGreaterThan(least)
      expect(left).toBeLessThan(most)
    }
  })

  it('accepts on beyond what the process remembers itself, and refuses what both know', async () => {
    const server = await aServer()
    const { client } = await aClient(library, server)
    const store = redisReplayStore(redisConnection({ client, timeoutSeconds: 5 }), { localEntries: 2 })
    const now = Math.floor(Date.now() / 1000)
    for (const id of ['a', 'b', 'c']) expect(await store.claim(id, now + 300, now)).toBe(true)
    for (const id of ['a', 'b', 'c']) expect(await store.claim(id, now + 300, now)).toBe(false)
    await server.command('FLUSHALL')
    expect([await store.claim('a', now + 300, now), await store.claim('c', now + 300, now)]).toEqual([false, true])
  })

  it('cannot say, where the clock of the process was set back into a time that is forgotten', async () => {
    const server = await aServer()
    const { client } = await aClient(library, server)
    const store = redisReplayStore(redisConnection({ client, timeoutSeconds: 5 }))
    const now = Math.floor(Date.now() / 1000)
    expect(await store.claim('a', now + 300, now)).toBe(true)
    expect(await store.claim('b', now + 4000, now + 3600)).toBe(true)
    await server.command('FLUSHALL')
    await expect((async () => store.claim('a', now + 300, now))()).rejects.toThrow('The clock went back')
    // As far back as Redis remembers longer than it must.
    expect(await store.claim('c', now + 3600, now + 3300)).toBe(true)
    await expect((async () => store.claim('d', now + 3600, now + 3299))()).rejects.toThrow('The clock went back')
  })

  it('asks Redis once for all that credentials can be revoked by', async () => {
    const server = await aServer()
    const { client } = await aClient(library, server)
    const store = redisRevocation(redisConnection({ client, timeoutSeconds: 5 }))
    const now = Math.floor(Date.now() / 1000)
    const token = { scheme: 'bearer', issuer: 'i', tokenId: 't', sessionId: 's', subject: 'u', keyId: 'k' } as const
    await store.isRevoked(token, now)
    await server.command('CONFIG', 'RESETSTAT')
    for (let round = 0; round < 3; round++) await store.isRevoked(token, now)
    const stats = String(await server.command('INFO', 'commandstats'))
    expect(stats).toMatch(/cmdstat_mget:calls=3,/)
    expect(stats).not.toMatch(/cmdstat_get/)
  })

  it('forgets what was revoked when it no longer matters, not before', async () => {
    const server = await aServer()
    const { client } = await aClient(library, server)
    const store = redisRevocation(redisConnection({ client, timeoutSeconds: 5 }))
    const now = Date.now() / 1000
    await store.revoke({ tokenId: 't', expiresAt: now + 600 })
    await store.revoke({ tokenId: 't', expiresAt: now + 60 })
    const left = Number(await server.command('PTTL', 'countersign:{revocation}:jti any t')) / 1000
    // The largest skew, and as much for clocks that differ.
    expect(left).toBeGreaterThan(1199)
    expect(left).toBeLessThan(1202)
    await store.revoke({ scheme: 'hmac', keyId: 'k' })
    expect(await server.command('PTTL', 'countersign:{revocation}:hmac key any k')).toBe(-1)
  })

  it.each(['', 'x', '1 2 3', 'never', '1 soon', 'NaN NaN'])('cannot say, where an entry reads %j', async (entry) => {
    const server = await aServer()
    const { client } = await aClient(library, server)
    const store = redisRevocation(redisConnection({ client, timeoutSeconds: 5, log: null }))
    await server.command('SET', 'countersign:{revocation}:jti any t', entry)
    const asked = store.isRevoked({ scheme: 'bearer', tokenId: 't' }, 1)
    await expect((async () => asked)()).rejects.toMatchObject({ failure: 'unexpected_reply' })
  })

  it.each([
    [
      'allkeys-lru',
      [
        [
          'warn',
          'Redis may evict what must be remembered: its maxmemory-policy is allkeys-lru, it should be noeviction',
        ],
      ],
    ],
    [
      'volatile-ttl',
      [
        [
          'warn',
          'Redis may evict what must be remembered: its maxmemory-policy is volatile-ttl, it should be noeviction',
        ],
      ],
    ],
    ['noeviction', []],
  ])('with maxmemory-policy %s says, once: %j (R08)', async (policy, said) => {
    const server = await aServer({ lines: [`maxmemory-policy ${policy}`] })
    const { client } = await aClient(library, server)
    const lines = new Lines()
    const store = redisReplayStore(redisConnection({ client, log: lines, timeoutSeconds: 5 }))
    for (let round = 0; round < 3; round++) {
      await store.ready?.(0)
      await until(async () => /config\|get/.test(String(await server.command('INFO', 'commandstats'))))
    }
    await aClient(library, server)
    expect(lines.all.map(({ level, message }) => [level, message])).toEqual(said)
    expect(String(await server.command('INFO', 'commandstats'))).toMatch(/cmdstat_config\|get:calls=1,/)
  })

  it('says quietly that the policy may not be asked for (R08)', async () => {
    const server = await aServer()
    await server.command('ACL', 'SETUSER', 'default', '-config')
    const { client } = await aClient(library, server)
    const lines = new Lines()
    const redis = redisConnection({ client, log: lines, timeoutSeconds: 5 })
    expect(await redisReplayStore(redis).ready?.(0)).toBe(true)
    await until(() => lines.all.length > 0)
    expect(lines.all.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'Redis does not tell its maxmemory-policy: it should be noeviction'],
    ])
  })
})

describe.skipIf(!isThere)(`a lazy client of ioredis${skipped}`, () => {
  it('is connected at the first question, which is not answered', async () => {
    const server = await aServer()
    const client = new Redis({ host: '127.0.0.1', port: server.port, lazyConnect: true })
    onTestFinished(() => client.disconnect())
    const store = redisReplayStore(redisConnection({ client, log: null, timeoutSeconds: 5 }))
    await expect((async () => store.ready?.(0))()).rejects.toMatchObject({ failure: 'not_ready' })
    await until(() => client.status === 'ready')
    expect(await store.ready?.(0)).toBe(true)
  })
})
