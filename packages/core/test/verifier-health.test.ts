import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { keyRing, memoryReplayStore, type ReplayStore, type Revocation } from '../src/index.js'
import { bearing, bench, billing, NOW, signed, token } from './kit.js'

const storeThat = (ready: () => boolean | Promise<boolean>, more: Partial<ReplayStore> = {}): ReplayStore => ({
  claim: () => true,
  ready,
  ...more,
})

describe('health', () => {
  it('tells of keys and stores, scheme by scheme, and no key', async () => {
    const { verifier } = bench()
    const keys = { ready: true, keys: 1, activeKeys: 1 }
    expect(await verifier.health()).toMatchObject({
      ready: true,
      schemes: [
        { scheme: 'hmac', ready: true, keys: [keys], replayStore: { ready: true } },
        { scheme: 'bearer', ready: true, keys: [{ issuer: 'https://id.example', ...keys }] },
      ],
    })
  })

  it('goes with the clock: not ready once every key is past its end', async () => {
    const self = bench({ bearer: null, hmac: { keys: keyRing([billing({ notAfter: NOW })]) } })
    expect((await self.verifier.health()).ready).toBe(true)
    self.now = NOW + 1
    expect(await self.verifier.health()).toMatchObject({
      ready: false,
      schemes: [{ keys: [{ keys: 1, activeKeys: 0 }] }],
    })
  })

  it.each<[string, () => boolean | Promise<boolean>]>([
    ['answers no', () => false],
    ['answers no later', () => Promise.resolve(false)],
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
  ])('is not ready where the replay store %s', async (_, ready) => {
    const { verifier } = bench({ bearer: null, hmac: { replay: storeThat(ready) } })
    expect(await verifier.health()).toMatchObject({ ready: false, schemes: [{ replayStore: { ready: false } }] })
    await expect(verifier.warmup()).rejects.toThrow('Not ready to verify: hmac')
  })

  it('becomes ready again when a full store has room, without a request', async () => {
    const self = bench({ bearer: null, hmac: { replay: memoryReplayStore({ maxEntries: 1 }) } })
    expect(await self.verdict(signed())).toBe('allow')
    expect((await self.verifier.health()).ready).toBe(false)
    self.now = NOW + 400
    expect((await self.verifier.health()).ready).toBe(true)
  })

  it('counts the tokens that were remembered, and those that were not', async () => {
    const self = bench({ hmac: null })
    const tokenCache = async () => (await self.verifier.health()).schemes[0]?.tokenCache
    expect(await tokenCache()).toEqual({ entries: 0, hits: 0, misses: 0 })
    const compact = token()
    for (const request of [bearing(compact), bearing(compact), bearing('not.a.token')]) await self.verdict(request)
    expect(await tokenCache()).toEqual({ entries: 1, hits: 1, misses: 2 })
  })

  it('says nothing of a token cache that is off', async () => {
    const { verifier } = bench({ bearer: { tokenCacheEntries: 0 } })
    expect((await verifier.health()).schemes.filter((scheme) => 'tokenCache' in scheme)).toEqual([])
  })

  it('tells of a hundred keys one by one, and of one more together with all others', async () => {
    const ring = (count: number) => {
      const secret = (index: number) => Buffer.alloc(32, `secret ${index}`)
      return keyRing(
        Array.from({ length: count }, (_, index) => billing({ id: `key-${index}`, secret: secret(index) })),
      )
    }
    const keysOf = async (count: number, used?: number) => {
      const self = bench({ bearer: null, hmac: { keys: ring(count) } })
      if (used !== undefined)
        expect(await self.verdict(signed({ keyId: `key-${used}`, secret: Buffer.alloc(32, `secret ${used}`) }))).toBe(
          'allow',
        )
      return (await self.verifier.health()).schemes[0]?.keys[0]
    }
    expect(await keysOf(100)).not.toHaveProperty('others')
    expect((await keysOf(101))?.others).toEqual({ keys: 1 })
    const health = await keysOf(120, 110)
    expect([health?.details?.length, health?.others]).toEqual([100, { keys: 20, lastUsedAt: NOW }])
  })

  it('says nothing of a replay store where replay is not refused', async () => {
    const { verifier } = bench({ bearer: null, hmac: { replay: null } })
    expect((await verifier.health()).schemes[0]).not.toHaveProperty('replayStore')
  })
})

describe('warmup and close', () => {
  it('warmup resolves where everything is there', async () => {
    await expect(bench().verifier.warmup()).resolves.toBeUndefined()
  })

  it('close reaches the replay store, once however often it is called', async () => {
    let closed = 0
    const close = async () => {
      closed++
    }
    const { verifier } = bench({ hmac: { replay: storeThat(() => true, { close }) } })
    await Promise.all([verifier.close(), verifier.close()])
    await verifier.close()
    expect(closed).toBe(1)
  })

  it('is not ready from the call of close on, while stores are still being closed', async () => {
    const { verifier } = bench({ hmac: { replay: storeThat(() => true, { close: () => new Promise(() => {}) }) } })
    expect((await verifier.health()).ready).toBe(true)
    verifier.close().catch(() => {})
    expect((await verifier.health()).ready).toBe(false)
  })

  it.each<[string, () => Promise<void>]>([
    ['hangs', () => new Promise(() => {})],
    ['rejects', () => Promise.reject(new Error('down'))],
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
  ])('close names a store that %s, within 5 seconds, and closes the others', async (_, close) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    let others = 0
    const revocation: Revocation = { isRevoked: () => false, close: () => void others++ }
    const { verifier } = bench({ hmac: { replay: storeThat(() => true, { close }) }, verifier: { revocation } })
    const closed = expect(verifier.close()).rejects.toThrow('Not closed: hmac')
    await vi.advanceTimersByTimeAsync(5000)
    await closed
    expect(others).toBe(1)
  })

  it('close waits for a store that takes just under 5 seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const close = () => new Promise<void>((resolve) => setTimeout(resolve, 4999))
    const { verifier } = bench({ hmac: { replay: storeThat(() => true, { close }) } })
    const closed = expect(verifier.close()).resolves.toBeUndefined()
    await vi.advanceTimersByTimeAsync(5000)
    await closed
  })
})
