import { describe, expect, it, vi } from 'vitest'
import { FOUND_PROGRAMS } from '../../conformance/src/redis/server.js'
import { bench, signed } from '../../core/test/kit.js'
import { redisConnection, redisReplayStore } from '../../redis/src/index.js'
import { aClient, aServer } from '../../redis/test/kit.js'
import { collected } from './kit.js'

if (FOUND_PROGRAMS.length === 0)
  console.warn('SKIPPED: redis-server is not installed here, and what needs it is not tested')

describe.skipIf(FOUND_PROGRAMS.length === 0)('a store over a real Redis', () => {
  it('has its latency, its failures and its breaker in the metrics, while it answers, hangs and answers again', async () => {
    const server = await aServer()
    const { client } = await aClient('ioredis', server)
    const redis = redisConnection({ client, log: null, timeoutSeconds: 0.5, openSeconds: 0.2, failureLimit: 2 })
    const self = bench({ verifier: { audit: null }, bearer: null, hmac: { replay: redisReplayStore(redis) } })
    const { scrape } = collected({ verifiers: { orders: self.verifier } })
    const allowed = () =>
      vi.waitFor(async () => expect(await self.verdict(signed())).toBe('allow'), { timeout: 10_000 })

    await allowed()
    const well = await scrape()
    expect(well.value('countersign_store_operations_total', { store: 'replay', outcome: 'ok', failure: 'none' })).toBe(
      1,
    )
    expect(well.value('countersign_store_operation_duration_seconds_count', { store: 'replay', outcome: 'ok' })).toBe(1)
    expect(well.value('countersign_store_breaker_open', { store: 'replay' })).toBe(0)

    server.pause()
    const down = await vi.waitFor(
      async () => {
        expect(await self.verdict(signed())).toBe('replay_store_unavailable')
        const found = await scrape()
        expect(found.value('countersign_store_breaker_open', { store: 'replay' })).toBe(1)
        return found
      },
      { timeout: 10_000 },
    )
    expect(down.value('countersign_store_operations_total', { outcome: 'failed', failure: 'timeout' })).toBeGreaterThan(
      0,
    )
    expect(down.value('countersign_store_ready', { store: 'replay' })).toBe(0)
    expect(down.value('countersign_ready')).toBe(0)
    const refusals = { outcome: 'error', reason: 'replay_store_unavailable' }
    expect(down.value('countersign_attempts_total', refusals)).toBeGreaterThan(1)

    server.resume()
    await allowed()
    const again = await scrape()
    expect(again.value('countersign_store_breaker_open', { store: 'replay' })).toBe(0)
    expect(again.value('countersign_ready')).toBe(1)
  }, 40_000)
})
