import { register as global, Registry } from 'prom-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bench, optionOf, view } from '../../core/test/kit.js'
import { type CollectMetricsOptions, collectMetrics } from '../src/index.js'
import { collected, readScrape } from './kit.js'

const { verifier } = bench({ verifier: { audit: null } })
const other = bench({ verifier: { audit: null } }).verifier
const good = { verifiers: { orders: verifier } }

describe('collectMetrics', () => {
  it.each<[option: string, wrong: object]>([
    ['verifiers', { verifiers: undefined }],
    ['verifiers', { verifiers: {} }],
    ['verifiers', { verifiers: { '': verifier } }],
    ['verifiers.orders', { verifiers: { orders: {} } }],
    ['verifiers.orders', { verifiers: { orders: null } }],
    ['verifiers.again', { verifiers: { orders: verifier, again: verifier } }],
    ['register', { register: {} }],
    ['register', { register: null }],
    ['prefix', { prefix: 'a-b' }],
    ['prefix', { prefix: '1' }],
    ['prefix', { prefix: null }],
    ['durationBucketsSeconds', { durationBucketsSeconds: [] }],
    ['durationBucketsSeconds', { durationBucketsSeconds: [0, 1] }],
    ['durationBucketsSeconds', { durationBucketsSeconds: [1, 1] }],
    ['durationBucketsSeconds', { durationBucketsSeconds: [1, Number.POSITIVE_INFINITY] }],
    ['durationBucketsSeconds', { durationBucketsSeconds: null }],
    ['mostKeys', { mostKeys: -1 }],
    ['mostKeys', { mostKeys: 101 }],
    ['mostKeys', { mostKeys: 1.5 }],
    ['misspelt', { misspelt: true }],
  ])('refuses a wrong %s: %o', (option, wrong) => {
    const register = new Registry()
    expect(optionOf(() => collectMetrics({ register, ...good, ...wrong } as CollectMetricsOptions))).toBe(option)
    expect(register.getMetricsAsArray()).toEqual([])
  })

  it('stops the start of a second collector on one registry, and leaves the first as it was', async () => {
    const { register, scrape } = collected(good)
    const names = register.getMetricsAsArray().map(({ name }) => name)
    expect(optionOf(() => collectMetrics({ register, verifiers: { other } }))).toBe('register')
    expect(register.getMetricsAsArray().map(({ name }) => name)).toEqual(names)
    await verifier.verify(view(), 'authenticated')
    expect((await scrape()).value('countersign_attempts_total')).toBe(1)
  })

  it('takes a second one under another prefix', async () => {
    const { register } = collected(good)
    const second = collectMetrics({ register, verifiers: { other }, prefix: 'other_' })
    onTestFinished(() => second.close())
    const { value } = readScrape(await register.metrics())
    expect([value('countersign_ready', { verifier: 'orders' }), value('other_ready', { verifier: 'other' })]).toEqual([
      1, 1,
    ])
  })

  it('uses the global registry of prom-client where none is given', async () => {
    const collector = collectMetrics(good)
    onTestFinished(() => collector.close())
    expect(readScrape(await global.metrics()).value('countersign_ready', { verifier: 'orders' })).toBe(1)
  })

  it('serves OpenMetrics too', async () => {
    const register = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>()
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    const collector = collectMetrics({ ...good, register })
    onTestFinished(() => collector.close())
    const text = await register.metrics()
    expect(text).toContain('countersign_replays_total{verifier="orders"} 0')
    expect(text).toMatch(/# EOF\n$/)
  })
})

describe('close', () => {
  it('stops counting and leaves nothing in the registry, which takes another collector then', async () => {
    const { register, collector } = collected(good)
    collector.close()
    expect(await register.metrics()).toBe('\n')
    await verifier.verify(view(), 'authenticated')
    const again = collectMetrics({ ...good, register })
    onTestFinished(() => again.close())
    expect(readScrape(await register.metrics()).value('countersign_attempts_total')).toBeUndefined()
  })

  it('does nothing the second time: not to the collector that came after', async () => {
    const { register, collector } = collected(good)
    collector.close()
    const again = collectMetrics({ ...good, register })
    onTestFinished(() => again.close())
    collector.close()
    expect(readScrape(await register.metrics()).value('countersign_ready')).toBe(1)
  })
})
