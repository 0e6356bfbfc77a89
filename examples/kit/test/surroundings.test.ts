import { createVerifier, hmac, keyRing, memoryReplayStore } from '@countersign/core'
import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { serveMetrics } from '../src/metrics.js'
import { openStores } from '../src/stores.js'
import { withSurroundings } from '../src/surroundings.js'

const NOBODY = 'redis://127.0.0.1:1'
const silent = pino({ level: 'silent' })

const freePort = async (): Promise<number> => {
  const { port, close } = await serveMetrics(0, '127.0.0.1')
  close()
  return port
}

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('the stores of a service', () => {
  it('are its own where no Redis is named, which the log says once', async () => {
    const lines: string[] = []
    const stores = await openStores('orders', pino({}, { write: (line) => void lines.push(line) }), undefined)
    expect(await stores.replay.claim('a', 10, 1)).toBe(true)
    expect(await stores.replay.claim('a', 10, 1)).toBe(false)
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
      'REDIS_URL is not set: nonces are remembered in this process only',
    ])
  })

  it('prevent the start where the Redis that is named cannot be reached', async () => {
    await expect(openStores('orders', silent, NOBODY)).rejects.toThrow('Redis cannot be reached')
  })
})

describe('the metrics of a service', () => {
  it('are served as text, and nothing else is', async () => {
    const metrics = await serveMetrics(0, '127.0.0.1')
    const keys = keyRing([{ id: 'a', client: 'a', secret: 'x'.repeat(32) }])
    const verifier = createVerifier({
      audience: 'orders',
      schemes: [hmac({ keys, replay: memoryReplayStore() })],
      audit: null,
    })
    metrics.observe('orders', verifier)
    const answer = await fetch(`http://127.0.0.1:${metrics.port}/metrics`)
    expect(await answer.text()).toContain('countersign_ready{verifier="orders"} 1')
    expect(answer.headers.get('content-type')).toContain('text/plain')
    expect((await fetch(`http://127.0.0.1:${metrics.port}/`)).status).toBe(404)
    expect((await fetch(`http://127.0.0.1:${metrics.port}/metrics`, { method: 'POST' })).status).toBe(404)
    metrics.close()
    await verifier.close()
  })
})

describe('a service in its surroundings', () => {
  it('is closed first, and its metrics, asked for until then, after it', async () => {
    const port = await freePort()
    vi.stubEnv('METRICS_PORT', String(port))
    const metrics = () => fetch(`http://127.0.0.1:${port}/metrics`)
    const service = await withSurroundings('orders', silent, async () => {
      const close = async (): Promise<void> => {
        expect((await metrics()).status).toBe(200)
      }
      return { url: 'http://127.0.0.1:1', leave() {}, close }
    })
    await service.close()
    await expect(metrics()).rejects.toThrow('fetch failed')
  })

  it('that cannot be started has none', async () => {
    const port = await freePort()
    vi.stubEnv('METRICS_PORT', String(port))
    const started = withSurroundings('orders', silent, () => Promise.reject(new Error('no')))
    await expect(started).rejects.toThrow('no')
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow('fetch failed')
  })

  it('says which port is wrong', async () => {
    vi.stubEnv('METRICS_PORT', 'http')
    const started = withSurroundings('orders', silent, () => Promise.reject(new Error('not reached')))
    await expect(started).rejects.toThrow('settings: METRICS_PORT must be a number from 0 to 65535')
  })
})
