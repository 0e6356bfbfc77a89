import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type FindKey, type KeyFunctionOptions, keyFunction } from '../../src/index.js'
import type { HmacKeyLookup } from '../../src/key.js'
import { BoundedCache } from '../../src/keys/bounded-cache.js'
import { bench, caughtWarnings, NOW, now, optionOf, reasonOf, SECRET, signed } from '../kit.js'

const KEY = { client: 'billing', secret: SECRET }
const never = new Promise<undefined>(() => undefined)

/** A lookup over a function, with the ids that it was asked for. */
function lookup(find: (keyId: string) => unknown, options: KeyFunctionOptions = {}) {
  const asked: string[] = []
  const counting = (keyId: string) => {
    asked.push(keyId)
    return find(keyId)
  }
  const keys: HmacKeyLookup = keyFunction(counting as FindKey, options).open({ clock: () => NOW, option: 'keys' })
  return { keys, asked }
}

const standOn = (find: (keyId: string) => unknown, options: KeyFunctionOptions = {}) =>
  bench({ bearer: null, hmac: { keys: keyFunction(find as FindKey, options) } })

let warnings: string[]

beforeEach(() => {
  warnings = caughtWarnings()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('keyFunction', () => {
  it.each([
    ['at once', (key: unknown) => key],
    ['as a promise', (key: unknown) => Promise.resolve(key)],
  ])('verifies with the key that is found %s', async (_, given) => {
    const stand = standOn((id) => given(id === 'billing-1' ? KEY : undefined))
    expect(await stand.verdict(signed())).toBe('allow')
    expect(await stand.verdict(signed({ keyId: 'billing-2' }))).toBe('key_unknown')
    expect(await stand.verdict(signed({ secret: Buffer.alloc(32, 1) }))).toBe('signature_invalid')
  })

  it('decides without waiting once a key is known', async () => {
    const { keys, asked } = lookup(() => Promise.resolve(KEY))
    await keys.find('a', NOW)
    expect(now(keys.find('a', NOW))).toMatchObject({ id: 'a' })
    expect(asked).toEqual(['a'])
  })

  it('asks again when the time of an answer is up, not one second before', () => {
    const { keys, asked } = lookup(() => KEY, { cacheSeconds: 10 })
    for (const at of [0, 9, 10, 19, 20]) now(keys.find('a', NOW + at))
    expect(asked).toHaveLength(3)
  })

  it('remembers that an id does not exist, for its own time', () => {
    const { keys, asked } = lookup(() => null, { missingCacheSeconds: 5 })
    expect([0, 4, 5].map((at) => now(keys.find('a', NOW + at)))).toEqual([undefined, undefined, undefined])
    expect(asked).toHaveLength(2)
  })

  it('lets a removed key die when its time is up', () => {
    let key: unknown = KEY
    const { keys } = lookup(() => key, { cacheSeconds: 10 })
    now(keys.find('a', NOW))
    key = undefined
    expect([9, 10, 11].map((at) => now(keys.find('a', NOW + at))?.id)).toEqual(['a', undefined, undefined])
  })

  it('asks again where the clock was set back', () => {
    const { keys, asked } = lookup(() => KEY)
    now(keys.find('a', NOW))
    now(keys.find('a', NOW - 3600))
    expect(asked).toHaveLength(2)
  })

  it('asks once for requests that come together', async () => {
    let answer: (key: unknown) => void = () => undefined
    const { keys, asked } = lookup(() => new Promise((resolve) => (answer = resolve)))
    const found = Promise.all([1, 2, 3].map(() => keys.find('a', NOW)))
    answer(KEY)
    expect(new Set(await found).size).toBe(1)
    expect(asked).toEqual(['a'])
  })

  it('does not let made-up ids push known keys out, nor ask more than so much at one time', async () => {
    const { keys, asked } = lookup((id) => (id === 'known' ? KEY : id.startsWith('slow') ? never : undefined), {
      maxEntries: 10,
      maxPending: 3,
    })
    now(keys.find('known', NOW))
    for (let count = 0; count < 1000; count++) now(keys.find(`made-up-${count}`, NOW))
    for (let count = 0; count < 3; count++) void keys.find(`slow-${count}`, NOW)
    expect(reasonOf(() => keys.find('slow-4', NOW))).toBe('keys_unavailable')
    now(keys.find('known', NOW))
    expect(asked.filter((id) => id === 'known')).toHaveLength(1)
    expect(asked).toHaveLength(1 + 1000 + 3)
  })

  it.each<[string, unknown]>([
    ['an empty text', ''],
    ['an empty buffer', Buffer.alloc(0)],
    ['a buffer', SECRET],
    ['{}', {}],
    ['a list', []],
    ['true', true],
    ['a number', 1],
    ['a key without a client', { secret: SECRET }],
    ['a key without a secret', { client: 'billing' }],
    ['an empty secret', { client: 'billing', secret: '' }],
    ['an empty buffer as its secret', { client: 'billing', secret: Buffer.alloc(0) }],
    ['a secret of zero bytes', { client: 'billing', secret: Buffer.alloc(32) }],
    ['a short secret', { client: 'billing', secret: 'short' }],
    ['the key of another id', { ...KEY, id: 'billing-2' }],
    ['a key with a member that is not known', { ...KEY, notafter: 1 }],
    ['a key of the profile that names no key', { ...KEY, profile: 'body-timestamp' }],
  ])('verifies nothing with %s, also for a request signed with the empty key: 503', async (_, answer) => {
    for (const given of [answer, Promise.resolve(answer)]) {
      for (const secret of [SECRET, Buffer.alloc(0), Buffer.alloc(32), Buffer.from('short')]) {
        expect(await standOn(() => given).verdict(signed({ secret }))).toBe('keys_unavailable')
      }
    }
    expect(warnings.join()).not.toContain('short')
  })

  it.each([undefined, null])('takes %s for "no such key": 401', async (answer) => {
    expect(await standOn(() => answer).verdict(signed({ secret: Buffer.alloc(0) }))).toBe('key_unknown')
  })

  it('refuses with 503 where the function throws or rejects, and warns once until it answers again', async () => {
    let broken = true
    const find = (id: string) => {
      if (!broken) return KEY
      if (id === 'billing-1') throw new Error('the secret is c2VjcmV0')
      return Promise.reject(new TypeError('gone'))
    }
    const stand = standOn(find)
    expect(await stand.verdict(signed())).toBe('keys_unavailable')
    expect(await stand.verdict(signed({ keyId: 'billing-2' }))).toBe('keys_unavailable')
    expect(await stand.verifier.health()).toMatchObject({ ready: false })
    expect(warnings).toEqual(['a key function gave no answer: Error'])
    broken = false
    stand.now += 1
    expect(await stand.verdict(signed({ timestamp: stand.now }))).toBe('allow')
    expect(await stand.verifier.health()).toMatchObject({
      ready: true,
      schemes: [{ keys: [{ keys: 1, activeKeys: 1 }] }],
    })
  })

  it('leaves an id alone for a second that there was no answer for', () => {
    const { keys, asked } = lookup(() => {
      throw new Error('gone')
    })
    expect([0, 0.9, 1, 1.5].map((at) => reasonOf(() => keys.find('a', NOW + at)))).toEqual(
      Array(4).fill('keys_unavailable'),
    )
    expect(asked).toHaveLength(2)
  })

  it('refuses in time where the function never settles, and forgets the question', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] })
    const stand = standOn(() => never, { timeoutSeconds: 0.2 })
    let verdict: string | undefined
    void stand.verdict(signed()).then((word) => {
      verdict = word
    })
    await vi.advanceTimersByTimeAsync(199)
    expect(verdict).toBeUndefined()
    await vi.advanceTimersByTimeAsync(2)
    expect(verdict).toBe('keys_unavailable')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('a rejection that comes too late is no unhandled rejection, and a key that comes too late is not used', async () => {
    const unhandled: unknown[] = []
    const keep = (reason: unknown) => {
      unhandled.push(reason)
    }
    process.on('unhandledRejection', keep)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] })
    const { keys } = lookup(
      (id) =>
        new Promise((resolve, reject) => {
          setTimeout(() => (id === 'late' ? resolve(KEY) : reject(new Error('late'))), 1000)
        }),
      { timeoutSeconds: 0.2 },
    )
    const refused = Promise.allSettled([keys.find('late', NOW), keys.find('rejected', NOW)])
    await vi.advanceTimersByTimeAsync(1001)
    expect((await refused).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    vi.useRealTimers()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', keep)
    expect(unhandled).toEqual([])
    expect(reasonOf(() => keys.find('late', NOW))).toBe('keys_unavailable')
  })

  it('hands the last use of a key on when it is asked for again', () => {
    const { keys } = lookup(() => KEY, { cacheSeconds: 1 })
    const first = now(keys.find('a', NOW))
    const second = now(keys.find('a', NOW + 1))
    expect(second).not.toBe(first)
    expect(second?.use).toBe(first?.use)
  })

  it('serves no profile that names no key', async () => {
    expect(await lookup(() => KEY).keys.bodyTimestampKeys(NOW)).toEqual([])
  })

  it('obeys the window and status of what is found', async () => {
    const stand = standOn((id) => (id === 'old' ? { ...KEY, notAfter: NOW - 1 } : { ...KEY, status: 'compromised' }))
    expect(await stand.verdict(signed({ keyId: 'old' }))).toBe('key_inactive')
    expect(await stand.verdict(signed({ keyId: 'stolen' }))).toBe('key_inactive')
  })

  it('checks its options', () => {
    expect(optionOf(() => keyFunction('x' as never))).toBe('keyFunction')
    for (const name of ['cacheSeconds', 'missingCacheSeconds', 'timeoutSeconds', 'maxEntries', 'maxPending'] as const) {
      expect(optionOf(() => keyFunction(() => null, { [name]: Number.NaN }))).toBe(`keyFunction.${name}`)
    }
    expect(optionOf(() => keyFunction(() => null, { ttl: 1 } as object))).toBe('keyFunction.ttl')
  })
})

describe('BoundedCache', () => {
  it('keeps the youngest, and no more than its number', () => {
    const cache = new BoundedCache<number>(2)
    cache.put('a', 1, NOW, 10)
    cache.put('b', 2, NOW, 10)
    cache.put('a', 3, NOW, 10)
    cache.put('c', 4, NOW, 10)
    expect(['a', 'b', 'c'].map((name) => cache.get(name, NOW)?.value)).toEqual([3, undefined, 4])
    expect(cache.size).toBe(2)
  })
})
