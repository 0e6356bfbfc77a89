import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bearing, bench, hmacHeaders, signed, token, view } from '../../core/test/kit.js'
import { collected } from './kit.js'

const quiet = { verifier: { audit: null } }

describe('attempts', () => {
  it('are counted by scheme, outcome and reason, also where nothing is logged', async () => {
    const orders = bench(quiet)
    const { scrape } = collected({ verifiers: { orders: orders.verifier } })
    const replayed = signed()
    const old = signed({ timestamp: 1_600_000_000 })
    for (const request of [bearing(token()), bearing(token()), replayed, replayed, old, view()]) {
      await orders.verdict(request)
    }
    const { value } = await scrape()
    const attempts = (labels: Record<string, string>) => value('countersign_attempts_total', labels)
    expect(attempts({ scheme: 'bearer', outcome: 'allow', reason: 'none', verifier: 'orders' })).toBe(2)
    expect(attempts({ scheme: 'hmac', outcome: 'allow' })).toBe(1)
    expect(attempts({ scheme: 'hmac', outcome: 'deny', reason: 'replayed' })).toBe(1)
    expect(attempts({ scheme: 'hmac', outcome: 'deny', reason: 'timestamp_out_of_range' })).toBe(1)
    expect(attempts({ scheme: 'none', outcome: 'deny', reason: 'missing_credentials' })).toBe(1)
  })

  it('are counted on from scrape to scrape', async () => {
    const orders = bench(quiet)
    const { scrape } = collected({ verifiers: { orders: orders.verifier } })
    const total = async () => (await scrape()).value('countersign_attempts_total')
    expect(await total()).toBeUndefined()
    for (const expected of [1, 2, 3]) {
      await orders.verdict(view())
      expect([await total(), await total()]).toEqual([expected, expected])
    }
  })

  it('take the time that they took, in seconds', async () => {
    const orders = bench(quiet)
    const { scrape } = collected({ verifiers: { orders: orders.verifier }, durationBucketsSeconds: [1e-9, 60] })
    await orders.verdict(signed())
    const { value } = await scrape()
    const labels = { verifier: 'orders', scheme: 'hmac', outcome: 'allow' }
    expect(value('countersign_attempt_duration_seconds_bucket', { ...labels, le: '1e-9' })).toBe(0)
    expect(value('countersign_attempt_duration_seconds_bucket', { ...labels, le: '60' })).toBe(1)
    expect(value('countersign_attempt_duration_seconds_count', labels)).toBe(1)
    expect(value('countersign_attempt_duration_seconds_sum', labels)).toBeGreaterThan(1e-6)
    expect(value('countersign_attempt_duration_seconds_sum', labels)).toBeLessThan(1)
  })

  it('that were replayed are there from the start, with 0, so that the first one is an increase', async () => {
    const orders = bench(quiet)
    const { scrape } = collected({ verifiers: { orders: orders.verifier } })
    const replays = async () => (await scrape()).value('countersign_replays_total', { verifier: 'orders' })
    expect(await replays()).toBe(0)
    const request = signed()
    await orders.verdict(request)
    expect(await replays()).toBe(0)
    await orders.verdict(request)
    expect(await replays()).toBe(1)
  })

  it('of a framework that nobody knows are of another', async () => {
    const orders = bench(quiet)
    const { scrape } = collected({ verifiers: { orders: orders.verifier } })
    for (const framework of ['fastify', 'express', 'node:http', 'koa', 'x'.repeat(1000)]) {
      await orders.verdict({ ...view(), framework })
    }
    const { value } = await scrape()
    const counts = ['fastify', 'express', 'node:http', 'other', 'koa'].map((framework) =>
      value('countersign_attempts_total', { framework }),
    )
    expect(counts).toEqual([1, 1, 1, 2, undefined])
  })
})

describe('several verifiers', () => {
  it('have each their own label', async () => {
    const [orders, admin] = [bench(quiet), bench(quiet)]
    const { scrape } = collected({ verifiers: { orders: orders.verifier, admin: admin.verifier } })
    for (const self of [orders, orders, admin]) await self.verdict(view())
    const { value } = await scrape()
    expect(['orders', 'admin'].map((verifier) => value('countersign_attempts_total', { verifier }))).toEqual([2, 1])
  })

  it('may have each their own registry, and one that no collector was given is in none', async () => {
    const [orders, admin, other] = [bench(quiet), bench(quiet), bench(quiet)]
    const registries = [
      collected({ verifiers: { orders: orders.verifier } }),
      collected({ verifiers: { admin: admin.verifier } }),
    ]
    for (const self of [orders, admin, admin, other]) await self.verdict(view())
    const scrapes = await Promise.all(registries.map(({ scrape }) => scrape()))
    expect(scrapes.map(({ value }) => value('countersign_attempts_total'))).toEqual([1, 2])
  })
})

/** Every value of it says so, wherever it turns up. */
const MARK = 'MARK0'
const text = fc.string({ unit: 'binary', maxLength: 40 })
const marked = text.map((rest) => MARK + rest)
const fields = fc.constantFrom('authorization', 'x-hmac-key-id', 'x-hmac-sha256', 'x-hmac-nonce', 'x-hmac-timestamp')
const hostile = fc.record({
  method: marked,
  target: marked.map((rest) => `/${rest}`),
  framework: fc.oneof(fc.constant('fastify'), marked),
  headers: fc.oneof(
    fc.array(fc.tuple(fields, marked)).map((list) => list.flat()),
    fc.record({ iss: marked, kid: marked, typ: text }).map(({ iss, kid, typ }) => {
      return ['authorization', `Bearer ${token({ iss }, { kid, typ })}`]
    }),
    fc.record({ sub: marked, aud: marked, exp: fc.integer() }).map((claims) => {
      return ['authorization', `Bearer ${token(claims)}`]
    }),
    fc
      .tuple(fc.stringMatching(/^[A-Za-z0-9._:-]{1,40}$/), fc.boolean())
      .map(([keyId, isKnown]) => hmacHeaders({ keyId: isKnown ? 'billing-1' : MARK + keyId, nonce: MARK + keyId })),
  ),
})

describe('what a request says', () => {
  it('is the value of no label, and ten thousand hostile requests leave a bounded number of series', async () => {
    const orders = bench(quiet)
    const { scrape } = collected({ verifiers: { orders: orders.verifier } })
    const before = (await scrape()).series.length
    for (const { framework, ...parts } of fc.sample(hostile, 10_000)) {
      await orders.verdict({ ...view(parts), framework })
    }
    const { series } = await scrape()
    const attempts = series.filter(({ name }) => name === 'countersign_attempts_total')
    expect(attempts.reduce((sum, { value }) => sum + value, 0)).toBe(10_000)
    expect(new Set(attempts.map(({ labels }) => labels['reason'])).size).toBeGreaterThan(5)
    // Some 20 kinds of attempts, and 16 lines of the histogram for each of four pairs of scheme and outcome.
    expect(series.length - before).toBeLessThan(120)
    expect(JSON.stringify(series)).not.toContain(MARK)
  }, 60_000)
})
