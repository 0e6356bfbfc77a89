import { type ChildProcess, spawn } from 'node:child_process'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { remoteJwks, STORE_CHANNEL } from '@countersign/core'
import { countersign as expressAuth } from '@countersign/express'
import countersign from '@countersign/fastify'
import { collectMetrics } from '@countersign/prometheus'
import express from 'express'
import fastify from 'fastify'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Bench, bench, issuer, keyPair, token } from '../../../packages/core/test/kit.js'
import { isInstalled, promtool } from '../../../packages/prometheus/test/promtool.js'
import { DASHBOARD, legendOf, plainQuery, readPanels } from '../src/dashboard.js'
import { drawPage, pageSize } from '../src/draw.js'
import { photograph } from '../src/photograph.js'
import { linesOf } from '../src/query.js'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const hasPrometheus = isInstalled('prometheus')
const hasPromtool = isInstalled('promtool')
const hasChromium = isInstalled(process.env['CHROMIUM'] ?? 'chromium')

const QUERIES = readPanels().flatMap(({ title, targets }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
)

/** Every name that a scrape can have, and its labels. */
function exportedMetrics(): ReadonlyMap<string, readonly string[]> {
  const register = new Registry()
  const collector = collectMetrics({ verifiers: { orders: bench().verifier }, register })
  const metrics = register.getMetricsAsArray()
  collector.close()
  return new Map(
    metrics.flatMap((metric) => {
      // prom-client keeps both, and its types say neither.
      const { name, type, labelNames } = metric as unknown as { name: string; type: string; labelNames: string[] }
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      return suffixes.map((suffix) => [name + suffix, labelNames] as const)
    }),
  )
}

describe('the dashboard', () => {
  const exported = exportedMetrics()

  it.each(QUERIES)('asks in "$title" for metrics and labels that there are: $expr', ({ expr, legendFormat }) => {
    const names = [...expr.matchAll(/\bcountersign_\w+/g)].map(([name]) => name)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !exported.has(name))).toEqual([])
    // `le` is of every histogram, `service` and `instance` of the scrape configuration.
    const known = ['le', 'service', 'instance', ...names.flatMap((name) => exported.get(name) ?? [])]
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '))
    const matched = [...expr.matchAll(/[{,]\s*(\w+)[=!]/g)].map(([, label]) => label)
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label)
    expect([...grouped, ...matched, ...shown].filter((label) => !known.includes(label ?? ''))).toEqual([])
    // What is summed away cannot be shown.
    expect(shown.filter((label) => !grouped.includes(label ?? ''))).toEqual([])
  })

  it('asks the data source that is provisioned', () => {
    const uids = [...readFileSync(DASHBOARD, 'utf8').matchAll(/"uid": "(\w+)"/g)].map(([, uid]) => uid)
    const provisioned = readFileSync(here('../grafana/provisioning/datasources/prometheus.yml'), 'utf8')
    expect([...new Set(uids)].sort()).toEqual(['countersign', 'prometheus'])
    expect(provisioned).toContain('uid: prometheus')
  })

  it('has no two panels with one id or in one place', () => {
    const { panels }: { panels: { id: number }[] } = JSON.parse(readFileSync(DASHBOARD, 'utf8'))
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = readPanels().flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
  })

  it.skipIf(!hasPromtool)('has queries that promtool reads', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-rules-'))
    const rules = QUERIES.map(({ expr }, index) => ({ record: `panel:${index}`, expr: plainQuery(expr, '30s') }))
    // Whatever is JSON is YAML.
    writeFileSync(join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'panels', rules }] }))
    const { code, said } = promtool(['check', 'rules', join(folder, 'rules.yml')])
    rmSync(folder, { recursive: true })
    expect([code, said]).toEqual([0, expect.stringContaining(`${QUERIES.length} rules found`)])
  })

  it('writes a legend from labels, and leaves out what is not there', () => {
    expect(legendOf('{{store}} {{outcome}}', { store: 'replay', outcome: 'ok' })).toBe('replay ok')
    expect(legendOf('{{store}} {{outcome}}', { store: 'replay' })).toBe('replay')
  })
})

describe.skipIf(!hasPromtool)('the configuration', () => {
  it('is taken by promtool, alerts included', () => {
    const { code, said } = promtool(['check', 'config', here('../prometheus/prometheus.yml')])
    expect([code, said]).toEqual([0, expect.stringContaining('7 rules found')])
  })

  it('has alerts that fire when they should, and not before', () => {
    const { code, said } = promtool(['test', 'rules', here('alerts.yml')])
    expect([code, said]).toEqual([0, expect.stringContaining('SUCCESS')])
  })
})

describe('the alerts', () => {
  it('ask for metrics that there are', () => {
    const exported = exportedMetrics()
    const expressions = readFileSync(here('../prometheus/alerts.yml'), 'utf8').split('annotations:')
    const asked = expressions.flatMap((part) => [...part.matchAll(/countersign_\w+/g)].map(([name]) => name))
    expect(asked.length).toBeGreaterThan(7)
    expect(asked.filter((name) => !exported.has(name))).toEqual([])
  })
})

interface QueryAnswer {
  readonly status: string
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] }
}

interface RulesAnswer {
  readonly data: {
    readonly groups: readonly { readonly rules: readonly { readonly health: string; readonly state: string }[] }[]
  }
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe.skipIf(!hasPrometheus)('a real Prometheus that scrapes two running services', () => {
  const closers: (() => unknown)[] = []
  const folder = mkdtempSync(join(tmpdir(), 'countersign-prometheus-'))
  let prometheus: ChildProcess
  let url: string
  let ordersUrl: string
  let inventoryUrl: string

  const listen = async (server: ReturnType<typeof createServer>) => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => server.close())
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const serveMetrics = (service: string, { verifier }: Bench) => {
    const register = new Registry()
    const collector = collectMetrics({ verifiers: { [service]: verifier }, register })
    closers.push(() => collector.close())
    return listen(
      createServer(async (_, response) => {
        response.setHeader('content-type', register.contentType)
        response.end(await register.metrics())
      }),
    )
  }
  const query = async (expr: string): Promise<number | undefined> => {
    const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expr })}`)
    const { status, data } = (await response.json()) as QueryAnswer
    expect(status).toBe('success')
    const [first] = data.result
    return first === undefined ? undefined : Number(first.value[1])
  }
  const send = async (service: string, compact?: string) => {
    const headers = compact === undefined ? {} : { authorization: `Bearer ${compact}` }
    return (await fetch(`${service}/orders`, { headers })).status
  }
  const fresh = () => token({ exp: Math.floor(Date.now() / 1000) + 600, jti: String(Math.random()) })

  beforeAll(async () => {
    const jwks = await listen(
      createServer((_, response) => response.end(JSON.stringify({ keys: [keyPair('ES256').publicJwk] }))),
    )
    const clock = () => Date.now() / 1000
    const options = () => ({
      verifier: { audit: null, clock },
      bearer: { issuers: [issuer({ keys: remoteJwks(`http://${jwks}/jwks.json`) })] },
    })
    const [orders, inventory] = [bench(options()), bench(options())]
    closers.push(
      () => orders.verifier.close(),
      () => inventory.verifier.close(),
    )

    const app = fastify()
    closers.push(() => app.close())
    await app.register(countersign, { verifier: orders.verifier })
    app.get('/orders', () => 'orders')
    ordersUrl = await app.listen({ port: 0, host: '127.0.0.1' })

    const auth = expressAuth({ verifier: inventory.verifier })
    inventoryUrl = `http://${await listen(createServer(express().get('/orders', auth(), (_req, res) => void res.send('x'))))}`

    const scraped = [
      { targets: [await serveMetrics('orders', orders)], labels: { service: 'orders' } },
      { targets: [await serveMetrics('inventory', inventory)], labels: { service: 'inventory' } },
    ]
    const configuration = {
      global: { scrape_interval: '500ms', scrape_timeout: '400ms', evaluation_interval: '500ms' },
      rule_files: [here('../prometheus/alerts.yml')],
      scrape_configs: [{ job_name: 'countersign', static_configs: scraped }],
    }
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    prometheus = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    )
    await vi.waitFor(async () => expect((await fetch(`${url}/-/ready`)).status).toBe(200), {
      timeout: 20_000,
      interval: 200,
    })
  }, 40_000)

  afterAll(async () => {
    if (prometheus?.exitCode === null) {
      prometheus.kill('SIGTERM')
      await once(prometheus, 'exit')
    }
    for (const close of closers) await close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('answers as many attempts as were made, by service, outcome and reason', async () => {
    const again = fresh()
    const statuses: number[] = []
    for (const compact of [fresh(), again, again, 'not.a.token', undefined])
      statuses.push(await send(ordersUrl, compact))
    for (const compact of [fresh(), token({ exp: 1 })]) statuses.push(await send(inventoryUrl, compact))
    expect(statuses).toEqual([200, 200, 200, 401, 401, 200, 401])

    const count = (labels: string) => query(`sum(countersign_attempts_total{${labels}})`)
    await vi.waitFor(
      async () => {
        expect(await count('service="orders", framework="fastify"')).toBe(5)
        expect(await count('service="inventory", framework="express"')).toBe(2)
      },
      { timeout: 10_000, interval: 250 },
    )
    expect(await count('service="orders", outcome="allow"')).toBe(3)
    expect(await count('service="orders", reason="token_malformed"')).toBe(1)
    expect(await count('service="orders", reason="missing_credentials", scheme="none"')).toBe(1)
    expect(await count('service="inventory", reason="token_expired"')).toBe(1)
    expect(await query('sum(countersign_attempt_duration_seconds_count)')).toBe(7)
    expect(await query('countersign_token_cache_lookups_total{service="orders", result="hit"}')).toBe(1)
    expect(await query('sum(countersign_jwks_refreshes_total{service="orders", outcome="refreshed"})')).toBeGreaterThan(
      0,
    )
    expect(await query('min(countersign_ready)')).toBe(1)
    expect(
      await query('histogram_quantile(0.5, sum by (le) (countersign_attempt_duration_seconds_bucket))'),
    ).toBeLessThan(1)
  })

  it('takes every alert, and has none that fires', async () => {
    const expected = Array.from({ length: 7 }, () => 'ok inactive')
    await vi.waitFor(
      async () => {
        const { data } = (await (await fetch(`${url}/api/v1/rules`)).json()) as RulesAnswer
        const rules = data.groups.flatMap((group) => group.rules)
        expect(rules.map(({ health, state }) => `${health} ${state}`)).toEqual(expected)
      },
      { timeout: 10_000, interval: 250 },
    )
  })

  it('answers every query of the dashboard, with data, and the page draws them all', async () => {
    const began = Date.now()
    const stored = { event: 'store.operation', v: 1, store: 'replay', durationSeconds: 0.001 }
    // A rate needs several scrapes between which something happened.
    while (Date.now() - began < 4000) {
      await send(ordersUrl, fresh())
      await send(inventoryUrl)
      channel(STORE_CHANNEL).publish({ ...stored, outcome: 'ok' })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const to = Math.floor(Date.now() / 1000)
    const span = { from: to - 20, to, stepSeconds: 1, rateInterval: '3s' }
    const panels = readPanels()
    const drawn = await Promise.all(panels.map(async (panel) => [panel, await linesOf(url, panel, span)] as const))
    expect(drawn.filter(([, lines]) => lines.length === 0).map(([{ title }]) => title)).toEqual([])

    const page = drawPage('Countersign', drawn, span)
    for (const shown of [
      'orders bearer fastify',
      'inventory none express',
      'missing_credentials',
      'replay',
      '>yes<',
      '>closed<',
    ]) {
      expect(page).toContain(shown)
    }
    expect(page).not.toMatch(/NaN|Infinity|undefined|https?:\/\/(?!www\.w3\.org|127\.0\.0\.1|id\.example)/)
    if (!hasChromium) return
    const picture = join(folder, 'picture.png')
    const size = pageSize(panels)
    await photograph(page, size, picture)
    const bytes = readFileSync(picture)
    expect(bytes.subarray(1, 4).toString()).toBe('PNG')
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([size.width, size.height])
    if (process.env['KEEP_PICTURE'] !== undefined) writeFileSync(process.env['KEEP_PICTURE'], bytes)
  }, 60_000)
})
