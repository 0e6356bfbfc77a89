import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LIBRARIES } from '../../conformance/src/redis/clients.js'
import { cluster, type Deployment, sentinel, until } from '../../conformance/src/redis/deployments.js'
import { startProxy } from '../../conformance/src/redis/proxy.js'
import { FOUND_PROGRAMS } from '../../conformance/src/redis/server.js'
import type { ProbeRequest } from '../../conformance/src/subject/subject.js'
import { aServer, aService, type Service, signed, times, withGoodToken } from './kit.js'

const isThere = FOUND_PROGRAMS.length > 0
const title = 'of Redis'
const DOWN = 'replay_store_unavailable'

const verdicts = (service: Service, count: number) => Promise.all(times(count, () => service.verdict(signed())))
const distinct = (words: readonly string[]) => [...new Set(words)].sort()

/** Waits for the service to accept again. */
const recovered = (service: Service) => until(async () => (await service.verdict(signed())) === 'allow')

async function aProxy(port: number) {
  const proxy = await startProxy(port)
  onTestFinished(() => proxy.close())
  return proxy
}

describe.skipIf(!isThere)(isThere ? title : `${title}: SKIPPED, for there is no redis-server on this machine`, () => {
  describe.each(LIBRARIES)('with %s:', (library) => {
    it('one that is gone lets no signed request in, is told of in one line, and in one when it is back (R01)', async () => {
      const redis = await aServer()
      const service = await aService(library, redis)
      expect(await verdicts(service, 20)).toEqual(times(20, () => 'allow'))
      await redis.stop()
      for (let round = 0; round < 10; round++) {
        expect(distinct(await verdicts(service, 20))).toEqual([DOWN])
        expect(await service.verdict(withGoodToken())).toBe('allow')
        expect((await service.verifier.health()).ready).toBe(false)
        await sleep(20)
      }
      expect(service.lines.changes).toHaveLength(1)
      expect(service.lines.changes[0]).toMatch(
        /^error: the replay store is not available: (not_ready|connection|timeout)$/,
      )

      await aServer({ port: redis.port })
      await recovered(service)
      expect((await service.verifier.health()).ready).toBe(true)
      expect(service.lines.changes.slice(1)).toEqual(['warn: the replay store is available again'])
    })

    it('one that hangs lets no signed request in, holds no more of them than it may, and is used again when it goes on (R02)', async () => {
      const redis = await aServer()
      const service = await aService(library, redis, { maxPending: 20, localEntries: null })
      expect(await service.verdict(signed())).toBe('allow')
      redis.pause()
      expect(distinct(await verdicts(service, 200))).toEqual([DOWN])
      for (let round = 0; round < 50; round++) expect(await service.verdict(signed())).toBe(DOWN)
      expect(await service.verdict(withGoodToken())).toBe('allow')
      expect(service.lines.changes).toEqual(['error: the replay store is not available: timeout'])
      redis.resume()
      await until(async () => (await redis.command('PING')) === 'PONG')
      // What was held is written now: nonces that are spent, though nobody was let in by them.
      expect(await redis.command('DBSIZE')).toBeLessThanOrEqual(21)
      await recovered(service)
      expect(service.lines.changes).toHaveLength(2)
    })

    it.each([
      [50, 'allow'],
      [900, DOWN],
    ])('one whose answers take %d ms: %s (R03)', async (delayMilliseconds, expected) => {
      const redis = await aServer()
      const proxy = await aProxy(redis.port)
      const service = await aService(library, proxy)
      expect(await service.verdict(signed())).toBe('allow')
      proxy.delayMilliseconds = delayMilliseconds
      expect(distinct(await verdicts(service, 20))).toEqual([expected])
    })

    it('one that restarts empty: this process still knows what it accepted, another does not (R04)', async () => {
      const redis = await aServer()
      const [service, other] = [await aService(library, redis), await aService(library, redis)]
      const requests = times(10, () => signed())
      for (const request of requests) expect(await service.verdict(request)).toBe('allow')
      for (const request of requests) expect(await other.verdict(request)).toBe('replayed')
      await redis.stop()
      await aServer({ port: redis.port })
      await recovered(service)
      await recovered(other)
      const [first, ...rest] = requests
      // The window that the README tells of: to the other the first is new, once.
      expect([await other.verdict(first as ProbeRequest), await other.verdict(first as ProbeRequest)]).toEqual([
        'allow',
        'replayed',
      ])
      for (const request of rest) expect(await service.verdict(request)).toBe('replayed')
    })

    it('one that becomes a replica: nothing is accepted (R05)', async () => {
      const redis = await aServer()
      const service = await aService(library, redis)
      expect(await service.verdict(signed())).toBe('allow')
      await redis.command('REPLICAOF', '127.0.0.1', '1')
      expect(distinct(await verdicts(service, 20))).toEqual([DOWN])
      await redis.command('REPLICAOF', 'NO', 'ONE')
      await recovered(service)
    })

    it('a failover under load: refused with 503 or accepted, and accepted again within seconds (R05)', async () => {
      const deployment: Deployment = await sentinel(FOUND_PROGRAMS[0] ?? 'redis-server')
      onTestFinished(() => deployment.stop())
      const service = await aService(library, deployment)
      const [master] = deployment.servers
      const seen: string[] = []
      const load = async () => {
        for (let round = 0; round < 40; round++) {
          seen.push(...(await verdicts(service, 10)))
          await sleep(10)
        }
      }
      const loading = load()
      await sleep(100)
      await master?.stop()
      await loading
      const start = performance.now()
      await recovered(service)
      expect(distinct(seen)).toEqual(['allow', DOWN].sort())
      expect(performance.now() - start).toBeLessThan(10_000)
    })

    it('a cluster that loses a master lets nothing in again that it accepted (R05)', async () => {
      const deployment = await cluster(FOUND_PROGRAMS[0] ?? 'redis-server')
      onTestFinished(() => deployment.stop())
      const service = await aService(library, deployment)
      const other = await aService(library, deployment, { localEntries: null })
      const requests = times(30, () => signed())
      for (const request of requests) expect(await service.verdict(request)).toBe('allow')
      await deployment.servers[1]?.stop()
      for (const request of requests) expect(await other.verdict(request)).not.toBe('allow')
      // Where it does not have all slots it answers nobody.
      await until(async () => distinct(await verdicts(service, 30)).join() === DOWN)
    })

    it('an answer that is lost: our own write is not read as a replay (R06)', async () => {
      const redis = await aServer()
      const proxy = await aProxy(redis.port)
      const service = await aService(library, proxy, { timeoutSeconds: 5 })
      expect(await service.verdict(signed())).toBe('allow')
      for (let round = 0; round < 5; round++) {
        proxy.cuts = 1
        const request = signed()
        // ioredis sends it again, node-redis does not.
        expect(await service.verdict(request)).toBe(library === 'ioredis' ? 'allow' : DOWN)
        expect(proxy.cuts).toBe(0)
        await recovered(service)
        expect(await service.verdict(request)).toBe('replayed')
      }
    })

    it.each([
      '-READONLY You can’t write against a read only replica.',
      '-LOADING Redis is loading the dataset in memory',
      '-MOVED 1 127.0.0.1:1',
      '-ASK 1 127.0.0.1:1',
      '-CLUSTERDOWN The cluster is down',
      '-MASTERDOWN Link with MASTER is down',
      '-OOM command not allowed when used memory > maxmemory.',
      '-NOSCRIPT No matching script.',
      '-NOAUTH Authentication required.',
      '-NOPERM this user has no permissions',
      '-WRONGTYPE Operation against a key holding the wrong kind of value',
      '-MISCONF Redis is configured to save RDB snapshots',
      '-BUSY Redis is busy running a script.',
      '-TRYAGAIN Multiple keys request during rehashing of slot',
      '-ERR unknown',
      '-OK',
      ':0',
      ':1',
      '+QUEUED',
      '+ok',
      '$0\r\n',
      '*0',
      '*1\r\n+OK',
    ])('the answer %j is not taken for a yes (H09, R08)', async (reply) => {
      const redis = await aServer()
      const proxy = await aProxy(redis.port)
      const service = await aService(library, proxy)
      expect(await service.verdict(signed())).toBe('allow')
      proxy.reply = `${reply}\r\n`
      expect(await service.verdict(signed())).toBe(DOWN)
    })

    it('the answer nil, to everything, is not taken for a yes (H09)', async () => {
      const redis = await aServer()
      const proxy = await aProxy(redis.port)
      const service = await aService(library, proxy)
      expect(await service.verdict(signed())).toBe('allow')
      proxy.reply = '$-1\r\n'
      expect(await service.verdict(signed())).toBe('replayed')
    })

    it('a key of another type is an error, not a nonce that was seen (R08)', async () => {
      const redis = await aServer()
      const service = await aService(library, redis)
      const nonce = 'n'.repeat(20)
      await redis.command('LPUSH', `countersign:replay:{billing ${nonce}}`, 'x')
      expect(await service.verdict(signed(nonce))).toBe(DOWN)
    })

    it('memory that is full: nothing is accepted, and nothing is thrown away (R08)', async () => {
      const redis = await aServer({ lines: ['maxmemory-policy noeviction'] })
      const service = await aService(library, redis, { localEntries: null })
      const before = signed()
      expect(await service.verdict(before)).toBe('allow')
      await redis.command('CONFIG', 'SET', 'maxmemory', '1')
      expect(distinct(await verdicts(service, 20))).toEqual([DOWN])
      expect(service.lines.changes).toEqual(['error: the replay store is not available: oom'])
      await redis.command('CONFIG', 'SET', 'maxmemory', '0')
      await recovered(service)
      expect(await service.verdict(before)).toBe('replayed')
    })

    it('a password that is asked for: nothing is accepted (R08)', async () => {
      const redis = await aServer()
      const proxy = await aProxy(redis.port)
      const service = await aService(library, proxy)
      expect(await service.verdict(signed())).toBe('allow')
      await redis.command('CONFIG', 'SET', 'requirepass', 'secret')
      // Connections of before are let be: this one has to come again.
      proxy.cuts = 1
      await service.verdict(signed())
      for (let round = 0; round < 8; round++) {
        expect(distinct(await verdicts(service, 10))).toEqual([DOWN])
        await sleep(100)
      }
    })

    it('an event loop that was blocked for longer than the deadline refuses nobody for it (R20)', async () => {
      const redis = await aServer()
      const service = await aService(library, redis, { timeoutSeconds: 0.25 })
      expect(await service.verdict(signed())).toBe('allow')
      const waiting = verdicts(service, 100)
      const start = performance.now()
      while (performance.now() - start < 600);
      const later = verdicts(service, 100)
      expect(distinct(await waiting)).toEqual(['allow'])
      expect(distinct(await later)).toEqual(['allow'])
      expect(service.lines.changes).toEqual([])
    })
  })
})
