import { channel } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ATTEMPT_CHANNEL, JWKS_CHANNEL, KEY_CHANNEL, keyFile, remoteJwks, STORE_CHANNEL } from '@countersign/core'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { bearing, bench, caughtWarnings, issuer, keyPair, token, view } from '../../core/test/kit.js'
import { collected } from './kit.js'

const orders = bench({ verifier: { audit: null } })
const good = { verifiers: { orders: orders.verifier } }

afterEach(() => {
  vi.restoreAllMocks()
})

describe('JWK Sets', () => {
  it('are counted by what came of asking for them, and have an age', async () => {
    caughtWarnings()
    let status = 200
    const server = createServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ keys: [keyPair('ES256').publicJwk] }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
    const late: (() => void)[] = []
    let seconds = 0
    const runtime = {
      monotonic: () => seconds,
      random: () => 0,
      after: (_: number, act: () => void) => {
        late.push(act)
        return () => {}
      },
    }
    const keys = remoteJwks(`${url}?secret=1`, { runtime, refreshSeconds: 100, maxStaleSeconds: 1000 })
    const self = bench({ verifier: { audit: null }, hmac: null, bearer: { issuers: [issuer({ keys })] } })
    onTestFinished(() => self.verifier.close())
    const { scrape } = collected({ verifiers: { orders: self.verifier } })
    expect(await self.verdict(bearing(token()))).toBe('allow')

    seconds = 70
    const fresh = await scrape()
    expect(fresh.value('countersign_jwks_refreshes_total', { source: url, outcome: 'refreshed' })).toBe(1)
    expect(fresh.value('countersign_keys_age_seconds', { issuer: 'https://id.example' })).toBe(70)
    expect(fresh.value('countersign_keys_stale')).toBe(0)

    status = 500
    seconds = 150
    // A scrape asks how the verifier is, and that asks for keys that are due.
    await vi.waitFor(async () => {
      const stale = await scrape()
      expect(stale.value('countersign_jwks_refreshes_total', { outcome: 'status' })).toBe(1)
      expect(stale.value('countersign_keys_stale')).toBe(1)
      expect(JSON.stringify(stale.series)).not.toContain('secret')
    })
  })

  it('of more than a hundred sources share the name other', async () => {
    const { scrape } = collected(good)
    const refreshed = { event: 'jwks.refreshed', v: 1 }
    for (let index = 0; index < 120; index++) {
      for (let time = 0; time < 2; time++) {
        channel(JWKS_CHANNEL).publish({ ...refreshed, source: `https://${index}.example/jwks` })
      }
    }
    const { series, value } = await scrape()
    expect(series.filter(({ name }) => name === 'countersign_jwks_refreshes_total')).toHaveLength(101)
    expect(value('countersign_jwks_refreshes_total', { source: 'https://99.example/jwks' })).toBe(2)
    expect(value('countersign_jwks_refreshes_total', { source: 'other' })).toBe(40)
  })
})

describe('key files', () => {
  it('that are not taken are counted', async () => {
    caughtWarnings()
    const self = bench({ verifier: { audit: null }, bearer: null, hmac: { keys: keyFile('/nowhere/keys.json') } })
    onTestFinished(() => self.verifier.close())
    const { scrape } = collected({ verifiers: { orders: self.verifier } })
    await self.verifier.warmup().catch(() => {})
    const refused = { source: 'key file /nowhere/keys.json', outcome: 'refused' }
    expect((await scrape()).value('countersign_key_loads_total', refused)).toBeGreaterThan(0)
  })
})

describe('stores', () => {
  const operation = (more: object) =>
    channel(STORE_CHANNEL).publish({ event: 'store.operation', v: 1, store: 'replay', durationSeconds: 0.002, ...more })
  const state = (event: string) => channel(STORE_CHANNEL).publish({ event, v: 1, store: 'replay', failure: 'timeout' })

  it('have a latency, by what came of asking them', async () => {
    const { scrape } = collected(good)
    operation({ outcome: 'ok' })
    operation({ outcome: 'ok' })
    operation({ outcome: 'failed', failure: 'timeout', durationSeconds: 0.25 })
    operation({ outcome: 'refused', failure: 'breaker', durationSeconds: 0 })
    const { value } = await scrape()
    const labels = { store: 'replay', outcome: 'ok' }
    expect(value('countersign_store_operations_total', { ...labels, failure: 'none' })).toBe(2)
    expect(value('countersign_store_operations_total', { outcome: 'failed', failure: 'timeout' })).toBe(1)
    expect(value('countersign_store_operations_total', { outcome: 'refused', failure: 'breaker' })).toBe(1)
    expect(value('countersign_store_operation_duration_seconds_bucket', { ...labels, le: '0.001' })).toBe(0)
    expect(value('countersign_store_operation_duration_seconds_bucket', { ...labels, le: '0.0025' })).toBe(2)
  })

  it('have a breaker: closed when one answers, open from when it is left alone until it answers again', async () => {
    const { scrape } = collected(good)
    const isOpen = async () => (await scrape()).value('countersign_store_breaker_open', { store: 'replay' })
    expect(await isOpen()).toBeUndefined()
    operation({ outcome: 'ok' })
    expect(await isOpen()).toBe(0)
    state('store.unavailable')
    operation({ outcome: 'refused', failure: 'breaker' })
    expect(await isOpen()).toBe(1)
    // An answer that was on its way when the breaker opened does not close it.
    operation({ outcome: 'ok' })
    expect(await isOpen()).toBe(1)
    state('store.recovered')
    expect(await isOpen()).toBe(0)
  })

  it('that invent names and failures leave a bounded number of series', async () => {
    const { scrape } = collected(good)
    for (let index = 0; index < 1000; index++) {
      operation({ store: `store-${index}`, outcome: `outcome-${index}`, failure: `failure-${index}` })
    }
    const { series } = await scrape()
    const operations = series.filter(({ name }) => name === 'countersign_store_operations_total')
    expect(operations.length).toBeLessThanOrEqual(41)
    expect(operations.reduce((sum, { value }) => sum + value, 0)).toBe(1000)
  })
})

describe('a message that is none', () => {
  const told = (name: string) => `a message of ${name} could not be counted: TypeError`

  it.each([
    // What no verifier made is not looked at.
    [ATTEMPT_CHANNEL, []],
    [JWKS_CHANNEL, [told(JWKS_CHANNEL)]],
    [KEY_CHANNEL, [told(KEY_CHANNEL)]],
    [STORE_CHANNEL, [told(STORE_CHANNEL)]],
  ])('on %s ends nothing: it is told once, and what comes after it is counted', async (name, expected) => {
    const warnings = caughtWarnings()
    const { scrape } = collected(good)
    const strange = [null, undefined, 7, 'text', {}, { event: 'store.operation', store: 's', durationSeconds: 'x' }]
    for (const message of strange) channel(name).publish(message)
    expect(warnings).toEqual(expected)
    channel(STORE_CHANNEL).publish({
      event: 'store.operation',
      v: 1,
      store: 'replay',
      outcome: 'ok',
      durationSeconds: 1,
    })
    await orders.verdict(view())
    const { value } = await scrape()
    expect(value('countersign_attempts_total')).toBe(1)
    expect(value('countersign_store_operations_total', { store: 'replay' })).toBe(1)
  })
})
