import { fileURLToPath } from 'node:url'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { blocksOf, knownOptions, optionsOf, tableRowsOf } from '../../../.config/readme/blocks.js'
import { SECRET_HEX, signedHeaders } from '../../../.config/readme/credentials.js'
import { type Program, Scratch } from '../../../.config/readme/scratch.js'
import { bench } from '../../core/test/kit.js'
import { collectMetrics } from '../src/index.js'
import { readScrape } from './kit.js'
import { isInstalled, promtool } from './promtool.js'

const FOLDER = new URL('..', import.meta.url)
const README = fileURLToPath(new URL('README.md', FOLDER))
const BODY = '{"amount":1000}'
const hasPromtool = isInstalled('promtool')

const scratch = new Scratch(FOLDER)
let complaints: string
beforeAll(async () => {
  complaints = await scratch.compile(blocksOf(README, 'ts'))
})
afterAll(() => scratch.remove())

const { verifier } = bench()

describe('the README', () => {
  it('has code that compiles', () => {
    expect(complaints).toBe('')
  })

  it('lists the options of collectMetrics', () => {
    const options = { verifiers: { orders: verifier }, misspelt: true }
    expect(optionsOf(README)).toEqual(knownOptions(() => collectMetrics(options)))
  })

  it('lists every metric with its type and labels, and no other', () => {
    const register = new Registry()
    const collector = collectMetrics({ verifiers: { orders: verifier }, register })
    const exported = register.getMetricsAsArray().map((metric) => {
      // prom-client keeps both, and its types say neither.
      const { type, labelNames } = metric as unknown as { type: string; labelNames: readonly string[] }
      return [metric.name, type, labelNames.join(' ')]
    })
    collector.close()
    const listed = tableRowsOf(README)
      .filter(([name]) => name?.startsWith('`countersign_'))
      .map(([name = '', type, labels = '']) => [name.replaceAll('`', ''), type, labels.replaceAll(/[`,]/g, '')])
    expect(listed.toSorted()).toEqual(exported.toSorted())
  })
})

describe.each([
  ['fastify', '1.js'],
  ['express', '2.js'],
])('the quick start with %s', (framework, file) => {
  let program: Program
  let metricsUrl: string
  beforeAll(async () => {
    const environment = { PORT: '0', METRICS_PORT: '0', BILLING_SECRET_HEX: SECRET_HEX }
    program = await scratch.start(file, environment)
    const [, port] = await program.printed(/metrics at .*?(?:127\.0\.0\.1:|port: ?)(\d+)/s)
    metricsUrl = `http://127.0.0.1:${port}/metrics`
  })

  const send = async (headers: Record<string, string>) => {
    const { status } = await fetch(`${program.url}/orders`, { method: 'POST', headers, body: BODY })
    return status
  }
  const good = () => signedHeaders('billing-2026-11', 'orders', 'POST', '/orders', BODY)

  it('counts the good and the bad requests that it was sent', async () => {
    const replayed = good()
    const forged = { ...good(), 'x-hmac-sha256': '0'.repeat(64) }
    const unknown = signedHeaders('nobody', 'orders', 'POST', '/orders', BODY)
    const statuses: number[] = []
    for (const headers of [
      good(),
      good(),
      replayed,
      replayed,
      forged,
      unknown,
      { 'content-type': 'application/json' },
    ]) {
      statuses.push(await send(headers))
    }
    expect(statuses).toEqual([200, 200, 200, 401, 401, 401, 401])

    const { value } = await vi.waitFor(async () => {
      const scrape = readScrape(await (await fetch(metricsUrl)).text())
      expect(scrape.value('countersign_attempts_total', { outcome: 'allow' })).toBe(3)
      return scrape
    })
    const attempts = (scheme: string, reason: string) =>
      value('countersign_attempts_total', { verifier: 'orders', framework, scheme, reason })
    expect(attempts('hmac', 'none')).toBe(3)
    expect(attempts('hmac', 'replayed')).toBe(1)
    expect(attempts('hmac', 'signature_invalid')).toBe(1)
    expect(attempts('hmac', 'key_unknown')).toBe(1)
    expect(attempts('none', 'missing_credentials')).toBe(1)
    expect(value('countersign_replays_total')).toBe(1)
    expect(value('countersign_attempt_duration_seconds_count', { scheme: 'hmac', outcome: 'allow' })).toBe(3)
    expect(value('countersign_ready')).toBe(1)
    const lastUse = value('countersign_key_last_use_timestamp_seconds', { key: 'billing-2026-11' }) ?? 0
    expect(Math.abs(lastUse - Date.now() / 1000)).toBeLessThan(30)
  })

  it('counts no scrape as an attempt, and has no metrics on the port of the service', async () => {
    const count = async () => {
      const { series } = readScrape(await (await fetch(metricsUrl)).text())
      return series
        .filter(({ name }) => name === 'countersign_attempts_total')
        .reduce((sum, { value }) => sum + value, 0)
    }
    const before = await count()
    expect([await count(), await count()]).toEqual([before, before])
    const { status } = await fetch(`${program.url}/metrics`)
    expect([401, 404]).toContain(status)
  })

  it('serves the text format, with nothing of the secret in it', async () => {
    const response = await fetch(metricsUrl)
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    expect(await response.text()).not.toContain(SECRET_HEX.slice(0, 16))
  })

  it.skipIf(!hasPromtool)('serves what promtool has nothing to say against', async () => {
    const text = await (await fetch(metricsUrl)).text()
    expect(promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' })
    expect(promtool(['check', 'metrics'], text.replace('# HELP countersign_ready', '# HLEP x')).code).not.toBe(0)
  })
})
