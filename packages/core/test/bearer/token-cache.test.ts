import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenCache } from '../../src/bearer/token-cache.js'

const tail = 's'.repeat(22)
const entry = (compact: string) => ({ compact, owner: `of ${compact}` })

describe('TokenCache', () => {
  it('answers for the whole token only, also where another ends in the same signature', () => {
    const cache = new TokenCache(10)
    cache.put(entry(`alice.${tail}`))
    expect(cache.get(`alice.${tail}`)).toMatchObject({ owner: `of alice.${tail}` })
    expect(cache.get(`mallory.${tail}`)).toBeUndefined()
    expect(cache.get(tail)).toBeUndefined()
  })

  it('never answers with the entry of another token, whatever was put', () => {
    const compact = fc
      .tuple(fc.constantFrom('a', 'b', 'c', ''), fc.constantFrom('x', 'y', tail))
      .map((parts) => parts.join('.'))
    fc.assert(
      fc.property(fc.array(fc.tuple(compact, fc.boolean())), fc.integer({ min: 0, max: 4 }), (steps, most) => {
        const cache = new TokenCache<{ compact: string; owner: string }>(most)
        for (const [text, isPut] of steps) {
          if (isPut) cache.put(entry(text))
          else expect(cache.get(text)?.owner ?? `of ${text}`).toBe(`of ${text}`)
        }
      }),
    )
  })

  it('keeps at most as many as it may, however many are put', () => {
    const cache = new TokenCache(1000)
    for (let index = 0; index < 100_000; index++) {
      cache.put(entry(`${index}.${String(index).padStart(22, '0')}`))
      if (cache.size > 1000) expect.fail(`${cache.size} entries`)
    }
    expect(cache.size).toBeGreaterThan(499)
  })

  it('keeps what is asked for when the older generation goes, and lets the rest go', () => {
    const cache = new TokenCache(4)
    const at = (index: number) => `${index}.${String(index).padStart(22, '0')}`
    for (const index of [1, 2, 3]) cache.put(entry(at(index)))
    expect(cache.get(at(1))).toBeDefined()
    for (const index of [4, 5]) cache.put(entry(at(index)))
    expect([1, 2, 3, 4, 5].map((index) => cache.get(at(index)) !== undefined)).toEqual([true, false, false, true, true])
  })

  it('with room for none keeps none', () => {
    const cache = new TokenCache(0)
    cache.put(entry(tail))
    expect([cache.size, cache.get(tail)]).toEqual([0, undefined])
  })

  it('counts what was found and what was not, whatever was let go in between', () => {
    const cache = new TokenCache(2)
    expect(cache.health()).toEqual({ entries: 0, hits: 0, misses: 0 })
    cache.get(`alice.${tail}`)
    cache.put(entry(`alice.${tail}`))
    cache.get(`alice.${tail}`)
    cache.get(`mallory.${tail}`)
    expect(cache.health()).toEqual({ entries: 1, hits: 1, misses: 2 })
  })

  it('with room for none has nothing to tell', () => {
    expect(new TokenCache(0).health()).toBeUndefined()
  })
})
