import { createVerifier, hmac, keyRing, memoryReplayStore, memoryRevocation, type Verifier } from '@countersign/core'
import { memoryThrottle } from '@countersign/core/throttle'
import { describe, expect, it } from 'vitest'
import { bearing, bench, billing, caughtWarnings, issuer, NOW, signed, token } from '../../core/test/kit.js'
import { collected } from './kit.js'

const secretOf = (index: number) => Buffer.alloc(32, `secret ${index}`)
const ringOf = (count: number) =>
  keyRing(Array.from({ length: count }, (_, index) => billing({ id: `key-${index}`, secret: secretOf(index) })))
const signedBy = (index: number) => signed({ keyId: `key-${index}`, secret: secretOf(index) })

const quiet = { audit: null, revocation: memoryRevocation() }

describe('readiness', () => {
  it('is told of each verifier, scheme and store', async () => {
    const { scrape } = collected({ verifiers: { orders: bench({ verifier: quiet }).verifier } })
    const { value } = await scrape()
    expect([
      value('countersign_ready', { verifier: 'orders' }),
      value('countersign_scheme_ready', { verifier: 'orders', scheme: 'hmac' }),
      value('countersign_scheme_ready', { scheme: 'bearer' }),
      value('countersign_store_ready', { store: 'replay' }),
      value('countersign_store_ready', { store: 'revocation' }),
    ]).toEqual([1, 1, 1, 1, 1])
  })

  it('is told as it is at the scrape: a store that is full is not ready', async () => {
    const self = bench({ verifier: quiet, hmac: { replay: memoryReplayStore({ maxEntries: 1 }) } })
    const { scrape } = collected({ verifiers: { orders: self.verifier } })
    await self.verdict(signed())
    const { value } = await scrape()
    expect([
      value('countersign_ready'),
      value('countersign_scheme_ready', { scheme: 'hmac' }),
      value('countersign_scheme_ready', { scheme: 'bearer' }),
      value('countersign_store_ready', { store: 'replay' }),
      value('countersign_store_ready', { store: 'revocation' }),
    ]).toEqual([0, 0, 1, 0, 1])
  })

  it('tells of what counts failures, and of those that were throttled', async () => {
    const self = bench({ verifier: { audit: null, throttle: memoryThrottle({ failuresPerAddress: 1 }) } })
    const { scrape } = collected({ verifiers: { orders: self.verifier } })
    for (let index = 0; index < 30; index++) await self.verdict(bearing('not.a.token'))
    const { value } = await scrape()
    expect(value('countersign_store_ready', { store: 'throttle' })).toBe(1)
    expect(value('countersign_attempts_total', { outcome: 'deny', reason: 'token_malformed' })).toBe(1)
    // Each of them, however many of their records were written.
    expect(value('countersign_attempts_total', { outcome: 'deny', reason: 'throttled' })).toBe(29)
  })

  it('says nothing of stores that are not there', async () => {
    const { scrape } = collected({ verifiers: { orders: bench({ verifier: { audit: null }, hmac: null }).verifier } })
    expect((await scrape()).series.filter(({ name }) => name === 'countersign_store_ready')).toEqual([])
  })

  it('of a verifier that cannot say how it is, is no: the others are scraped all the same, and it is told once', async () => {
    const warnings = caughtWarnings()
    const broken: Verifier = Object.assign(Object.create(bench().verifier), {
      health: () => Promise.reject(new RangeError('of a secret text')),
    })
    const { scrape } = collected({ verifiers: { broken, orders: bench({ verifier: quiet }).verifier } })
    await scrape()
    const { value } = await scrape()
    expect(value('countersign_ready', { verifier: 'broken' })).toBe(0)
    expect(value('countersign_ready', { verifier: 'orders' })).toBe(1)
    expect(value('countersign_keys', { verifier: 'orders', scheme: 'hmac' })).toBe(1)
    expect(warnings).toEqual(['the verifier broken cannot say how it is: RangeError'])
  })

  it('asks a verifier once for all the gauges of a scrape', async () => {
    const { verifier } = bench({ verifier: quiet })
    let asked = 0
    const counted: Verifier = Object.assign(Object.create(verifier), {
      health: () => {
        asked++
        return verifier.health()
      },
    })
    const { scrape } = collected({ verifiers: { orders: counted } })
    await scrape()
    expect(asked).toBe(1)
    await scrape()
    expect(asked).toBe(2)
  })
})

describe('keys', () => {
  it('are counted by set, by issuer where there are issuers', async () => {
    const keys = keyRing([billing(), billing({ id: 'old', secret: Buffer.alloc(32, 7), notAfter: NOW - 1 })])
    const { scrape } = collected({ verifiers: { orders: bench({ verifier: quiet, hmac: { keys } }).verifier } })
    const { value } = await scrape()
    expect(value('countersign_keys', { scheme: 'hmac', issuer: 'none' })).toBe(2)
    expect(value('countersign_keys_active', { scheme: 'hmac', issuer: 'none' })).toBe(1)
    expect(value('countersign_keys', { scheme: 'bearer', issuer: 'https://id.example' })).toBe(1)
  })

  it('that do not come from elsewhere have no age and are not stale', async () => {
    const { scrape } = collected({ verifiers: { orders: bench({ verifier: quiet }).verifier } })
    const { value } = await scrape()
    expect([value('countersign_keys_age_seconds'), value('countersign_keys_stale')]).toEqual([undefined, undefined])
  })

  it('were last used when they were: in Unix seconds, by id, and not at all where they were not', async () => {
    const self = bench({ verifier: quiet, hmac: { keys: ringOf(3) } })
    const { scrape } = collected({ verifiers: { orders: self.verifier } })
    await self.verdict(signedBy(1))
    self.now = NOW + 7
    await self.verdict(bearing(token()))
    const { series, value } = await scrape()
    expect(value('countersign_key_last_use_timestamp_seconds', { key: 'key-1' })).toBe(NOW)
    expect(value('countersign_key_last_use_timestamp_seconds', { scheme: 'bearer' })).toBe(NOW + 7)
    expect(series.filter(({ name }) => name === 'countersign_key_last_use_timestamp_seconds')).toHaveLength(2)
  })

  it('that nobody knows are in no series', async () => {
    const self = bench({ verifier: quiet })
    const { scrape } = collected({ verifiers: { orders: self.verifier } })
    await self.verdict(signed({ keyId: 'made-up' }))
    expect((await scrape()).value('countersign_key_last_use_timestamp_seconds')).toBeUndefined()
  })

  it.each([
    [2, 'key-1', 'other'],
    [3, 'key-1', 'key-2'],
  ])('beyond the first %i share one series', async (mostKeys, ...names) => {
    const self = bench({ verifier: quiet, bearer: null, hmac: { keys: ringOf(3) } })
    const { scrape } = collected({ verifiers: { orders: self.verifier }, mostKeys })
    for (const index of [1, 2]) await self.verdict(signedBy(index))
    const uses = (await scrape()).series.filter(({ name }) => name === 'countersign_key_last_use_timestamp_seconds')
    expect(uses.map(({ labels }) => labels['key'])).toEqual(names)
  })

  it('beyond the first hundred share one series, with the last use of any', async () => {
    const self = bench({ verifier: quiet, bearer: null, hmac: { keys: ringOf(130) } })
    const { scrape } = collected({ verifiers: { orders: self.verifier } })
    const other = async () => (await scrape()).value('countersign_key_last_use_timestamp_seconds', { key: 'other' })
    expect(await other()).toBeUndefined()
    await self.verdict(signedBy(100))
    self.now = NOW + 5
    await self.verdict(signedBy(129))
    self.now = NOW + 9
    await self.verdict(signedBy(99))
    expect(await other()).toBe(NOW + 5)
  })

  it('that are gone have no series any more', async () => {
    let ids = ['a', 'b']
    const { verifier } = bench({ verifier: quiet })
    const changing: Verifier = Object.assign(Object.create(verifier), {
      health: async () => ({
        ready: true,
        schemes: [
          {
            scheme: 'hmac',
            ready: true,
            keys: [{ ready: true, keys: 2, activeKeys: 2, details: ids.map((id) => ({ id, lastUsedAt: NOW })) }],
          },
        ],
      }),
    })
    const { scrape } = collected({ verifiers: { orders: changing } })
    const keys = async () => (await scrape()).series.flatMap(({ labels }) => labels['key'] ?? [])
    expect(await keys()).toEqual(['a', 'b'])
    ids = ['b', 'x'.repeat(200)]
    expect(await keys()).toEqual(['b', 'x'.repeat(128)])
  })
})

describe('the token cache', () => {
  it('counts what it found and what it did not', async () => {
    const self = bench({ verifier: quiet })
    const { scrape } = collected({ verifiers: { orders: self.verifier } })
    const compact = token()
    for (let index = 0; index < 3; index++) await self.verdict(bearing(compact))
    for (const { value } of [await scrape(), await scrape()]) {
      expect(value('countersign_token_cache_lookups_total', { result: 'hit' })).toBe(2)
      expect(value('countersign_token_cache_lookups_total', { result: 'miss' })).toBe(1)
      expect(value('countersign_token_cache_entries')).toBe(1)
    }
  })

  it('says nothing where it is off', async () => {
    const { verifier } = bench({ verifier: quiet, bearer: { issuers: [issuer()], tokenCacheEntries: 0 } })
    const { scrape } = collected({ verifiers: { orders: verifier } })
    expect((await scrape()).series.filter(({ name }) => name.includes('token_cache'))).toEqual([])
  })
})

describe('a verifier with one scheme', () => {
  it('has nothing of the other', async () => {
    const verifier = createVerifier({
      audience: 'orders',
      schemes: [hmac({ keys: keyRing([billing()]), replay: null })],
      audit: null,
    })
    const { scrape } = collected({ verifiers: { orders: verifier } })
    expect((await scrape()).series.filter(({ labels }) => labels['scheme'] === 'bearer')).toEqual([])
  })
})
