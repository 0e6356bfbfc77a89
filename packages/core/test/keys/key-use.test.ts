import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KEY_CHANNEL, keyRing, staticKeys } from '../../src/index.js'
import { bearing, bench, billing, caughtWarnings, issuer, keyPair, NOW, signed, token } from '../kit.js'

const HOUR = 3600
const DAY = 86_400

const events: unknown[] = []
const keep = (message: unknown) => {
  events.push(message)
}

beforeEach(() => {
  events.length = 0
  subscribe(KEY_CHANNEL, keep)
})

afterEach(() => {
  unsubscribe(KEY_CHANNEL, keep)
  vi.restoreAllMocks()
})

const hmacBench = (...more: Parameters<typeof billing>) =>
  bench({ bearer: null, hmac: { keys: keyRing([billing(...more)]) } })
const signedAt = (timestamp: number) => signed({ timestamp: Math.floor(timestamp) })

describe('the last use of a key', () => {
  it('is told in health, by id and client, without the secret', async () => {
    const stand = hmacBench()
    const details = async () => (await stand.verifier.health()).schemes[0]?.keys[0]?.details
    expect(await details()).toEqual([{ id: 'billing-1', client: 'billing', state: 'active' }])
    expect(await stand.verdict(signed())).toBe('allow')
    expect(await details()).toEqual([{ id: 'billing-1', client: 'billing', state: 'active', lastUsedAt: NOW }])
  })

  it('moves with every use, also of a token that was verified before', async () => {
    const stand = bench({ hmac: null })
    const lastUsedAt = async () => (await stand.verifier.health()).schemes[0]?.keys[0]?.details?.[0]?.lastUsedAt
    const compact = token()
    expect(await stand.verdict(bearing(compact))).toBe('allow')
    stand.now += 7
    expect(await stand.verdict(bearing(compact))).toBe('allow')
    expect(await lastUsedAt()).toBe(NOW + 7)
  })

  it('does not move for a request whose MAC is wrong: an attacker cannot keep a key looking used', async () => {
    const stand = hmacBench()
    expect(await stand.verdict(signed({ secret: Buffer.alloc(32, 1) }))).toBe('signature_invalid')
    expect((await stand.verifier.health()).schemes[0]?.keys[0]?.details?.[0]).not.toHaveProperty('lastUsedAt')
    expect(events).toEqual([])
  })

  it('is published with id, client and state', async () => {
    const stand = hmacBench({ notBefore: NOW - DAY, notAfter: NOW + DAY })
    await stand.verdict(signed())
    expect(events).toEqual([
      {
        event: 'key.used',
        v: 1,
        id: 'billing-1',
        client: 'billing',
        state: 'active',
        notBefore: NOW - DAY,
        notAfter: NOW + DAY,
        lastUsedAt: NOW,
      },
    ])
  })

  it('is published with kid and issuer for a verification key', async () => {
    const stand = bench({ hmac: null })
    await stand.verdict(bearing(token()))
    expect(events).toMatchObject([
      { event: 'key.used', id: keyPair('ES256').publicJwk.kid, issuer: 'https://id.example' },
    ])
  })

  it('is published at most once a minute, one second inside and at its end', async () => {
    const stand = hmacBench()
    for (const at of [0, 1, 59, 60, 61, 119, 120]) {
      stand.now = NOW + at
      await stand.verdict(signedAt(stand.now))
    }
    expect(events.map((event) => (event as { lastUsedAt: number }).lastUsedAt - NOW)).toEqual([0, 60, 120])
  })

  it('is published again where the clock was set back', async () => {
    const stand = hmacBench()
    await stand.verdict(signedAt(stand.now))
    stand.now -= HOUR
    await stand.verdict(signedAt(stand.now))
    expect(events).toHaveLength(2)
  })

  it('is published at the interval that the verifier was given', async () => {
    const stand = bench({ bearer: null, verifier: { keyReportSeconds: 1 } })
    for (const at of [0, 1, 2]) {
      stand.now = NOW + at
      await stand.verdict(signedAt(stand.now))
    }
    expect(events).toHaveLength(3)
  })

  it('is published for a key that is refused, so that a client that missed the rotation is seen', async () => {
    const stand = hmacBench({ status: 'deactivated' })
    expect(await stand.verdict(signed())).toBe('key_inactive')
    expect(events).toMatchObject([{ id: 'billing-1', state: 'deactivated', lastUsedAt: NOW }])
  })

  it('names no secret', async () => {
    const secret = 'a secret of thirty-two characters or so'
    const stand = hmacBench({ secret })
    await stand.verdict(signed({ secret: Buffer.from(secret) }))
    expect(events).toHaveLength(1)
    expect(JSON.stringify([events, await stand.verifier.health()])).not.toContain(secret)
  })
})

describe('the status of a key', () => {
  const OTHER = billing({ id: 'billing-2', secret: Buffer.alloc(32, 7) })

  it.each([
    ['active', 'allow'],
    ['deactivated', 'key_inactive'],
    ['compromised', 'key_inactive'],
  ] as const)('%s: a well-signed request gets %s', async (status, verdict) => {
    const stand = bench({ bearer: null, hmac: { keys: keyRing([billing({ status }), OTHER]) } })
    expect(await stand.verdict(signed())).toBe(verdict)
  })

  it.each([
    ['active', 'allow'],
    ['deactivated', 'key_inactive'],
    ['compromised', 'key_inactive'],
  ] as const)('%s on a verification key: a good token gets %s', async (status, verdict) => {
    const { publicJwk } = keyPair('ES256')
    const keys = staticKeys([{ kid: publicJwk.kid, algorithm: 'ES256', publicKey: publicJwk, status }])
    const stand = bench({ hmac: null, bearer: { issuers: [issuer({ keys })] } })
    expect(await stand.verdict(bearing(token()))).toBe(verdict)
  })

  it('does not keep a key alive beyond its window', async () => {
    const stand = bench({
      bearer: null,
      hmac: { keys: keyRing([billing({ status: 'active', notAfter: NOW - 1 }), OTHER]) },
    })
    expect(await stand.verdict(signed())).toBe('key_inactive')
  })

  it('a gap between windows is our fault, 503; a key that somebody ended is not', async () => {
    expect(await hmacBench({ notAfter: NOW - 1 }).verdict(signed())).toBe('keys_unavailable')
    expect(await hmacBench({ status: 'compromised' }).verdict(signed())).toBe('key_inactive')
  })
})

describe('the warning that a key in use ends soon', () => {
  /** The seconds before its end at which a key of the given life, used every minute or oftener, is warned of. */
  async function warnedBeforeEnd(
    life: number,
    more: { readonly notBefore?: number } = { notBefore: NOW },
    from = 0,
  ): Promise<number[]> {
    const warnings = caughtWarnings()
    const stand = hmacBench({ ...more, notAfter: NOW + life })
    const at: number[] = []
    const step = Math.max(1, Math.floor(life / 20_000))
    for (let age = from; age <= life; age += age > life - HOUR ? Math.min(step, 30) : step) {
      stand.now = NOW + age
      const before = warnings.length
      await stand.verdict(signedAt(stand.now))
      if (warnings.length > before) at.push(life - age)
    }
    return at
  }

  it('comes in the last fifth of its life, and not one second before', async () => {
    const warnings = caughtWarnings()
    const stand = hmacBench({ notBefore: NOW, notAfter: NOW + 10 * HOUR })
    stand.now = NOW + 8 * HOUR - 1
    await stand.verdict(signedAt(stand.now))
    expect(warnings).toEqual([])
    stand.now += 61
    await stand.verdict(signedAt(stand.now))
    expect(warnings).toEqual(['key billing-1 of billing is still used and ends in 119 minutes'])
  })

  it('comes oftener towards the end, at most once a minute, some twenty times for a key of a day', async () => {
    const at = await warnedBeforeEnd(DAY)
    expect(at[0]).toBeLessThanOrEqual(DAY / 5)
    expect(at.length).toBeGreaterThan(10)
    expect(at.length).toBeLessThan(30)
    const gaps = at.slice(1).map((before, index) => (at[index] ?? 0) - before)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(60)
    expect(gaps[0]).toBeGreaterThan(50 * 60)
    expect(gaps.at(-1)).toBeLessThan(5 * 60)
  })

  it('comes at most once a day while the end is weeks away', async () => {
    const at = await warnedBeforeEnd(365 * DAY, { notBefore: NOW }, 290 * DAY)
    const early = at.filter((before) => before > 5 * DAY)
    expect(early.length).toBeGreaterThan(60)
    expect(early.length).toBeLessThanOrEqual(73)
    expect(at.length).toBeLessThan(110)
  })

  it('comes in the last week where nobody said when the key began', async () => {
    const at = await warnedBeforeEnd(30 * DAY, {})
    expect(at[0]).toBeLessThanOrEqual(7 * DAY)
    expect(at[0]).toBeGreaterThan(6.9 * DAY)
  })

  it('does not come for a key that nobody uses, that has no end, or that has ended', async () => {
    const warnings = caughtWarnings()
    const stand = hmacBench({ notBefore: NOW - DAY, notAfter: NOW + HOUR })
    await stand.verdict(signed({ secret: Buffer.alloc(32, 1) }))
    await hmacBench().verdict(signed())
    await hmacBench({ notBefore: NOW - DAY, notAfter: NOW - 1 }).verdict(signed())
    expect(warnings).toEqual([])
  })

  it('comes for a verification key as well', async () => {
    const warnings = caughtWarnings()
    const { publicJwk } = keyPair('ES256')
    const keys = staticKeys([
      { kid: publicJwk.kid, algorithm: 'ES256', publicKey: publicJwk, notBefore: NOW - DAY, notAfter: NOW + 90 },
    ])
    const stand = bench({ hmac: null, bearer: { issuers: [issuer({ keys })] } })
    await stand.verdict(bearing(token()))
    expect(warnings).toEqual([`verification key ${publicJwk.kid} is still used and ends in 90 seconds`])
  })
})
