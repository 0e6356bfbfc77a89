import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryReplayStore, ReplayStoreError } from '../../src/hmac/replay.js'
import { NOW, optionOf } from '../kit.js'

const outcome = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    if (error instanceof ReplayStoreError) return 'cannot say'
    throw error
  }
}

describe('memoryReplayStore', () => {
  it('takes an id once, until its last second has passed', () => {
    const store = memoryReplayStore()
    expect(store.claim('a', NOW + 300, NOW)).toBe(true)
    expect(store.claim('a', NOW + 300, NOW)).toBe(false)
    expect(store.claim('a', NOW + 300, NOW + 300)).toBe(false)
    expect(store.claim('b', NOW + 300, NOW)).toBe(true)
  })

  it('forgets ids whose time is over, within two minutes', () => {
    const store = memoryReplayStore({ maxEntries: 1 })
    expect(store.claim('a', NOW + 300, NOW)).toBe(true)
    expect(outcome(() => store.claim('b', NOW + 600, NOW + 300))).toBe('cannot say')
    expect(store.claim('b', NOW + 720, NOW + 420)).toBe(true)
  })

  it('throws when it is full of live ids, and still knows each of them', () => {
    const store = memoryReplayStore({ maxEntries: 1000 })
    for (let index = 0; index < 1000; index++) expect(store.claim(`id-${index}`, NOW + 300, NOW)).toBe(true)
    expect(() => store.claim('one more', NOW + 300, NOW)).toThrow(ReplayStoreError)
    for (let index = 0; index < 1000; index++) expect(store.claim(`id-${index}`, NOW + 300, NOW)).toBe(false)
    expect([store.ready?.(NOW), store.ready?.(NOW + 400)]).toEqual([false, true])
  })

  it('cannot say, where the clock was set back into a time that is forgotten', () => {
    const store = memoryReplayStore()
    expect(store.claim('a', NOW + 300, NOW)).toBe(true)
    expect(store.claim('b', NOW + 1300, NOW + 1000)).toBe(true)
    expect(outcome(() => store.claim('a', NOW + 300, NOW))).toBe('cannot say')
    expect(outcome(() => store.claim('c', NOW + 300, NOW))).toBe('cannot say')
  })

  it('never takes an id twice while it is live, whichever way the clock moves, and never holds more than it may', () => {
    const claim = fc.record({ id: fc.nat(12), move: fc.integer({ min: -900, max: 900 }) })
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (steps, maxEntries) => {
        const store = memoryReplayStore({ maxEntries })
        const taken = new Set<number>()
        let now = NOW
        let latest = NOW
        for (const { id, move } of steps) {
          now += move
          // A request has one timestamp, so an id always comes with the same end.
          const expiresAt = NOW + id * 60 + 7
          const wentBack = now < latest
          latest = Math.max(latest, now)
          if (now > expiresAt) continue
          const answer = outcome(() => store.claim(String(id), expiresAt, now))
          if (taken.has(id)) expect(answer).not.toBe(true)
          else if (!wentBack && taken.size < maxEntries) expect(answer).toBe(true)
          if (answer !== true) continue
          taken.add(id)
          const live = [...taken].filter((other) => NOW + other * 60 + 7 >= latest)
          expect(live.length).toBeLessThanOrEqual(maxEntries)
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([0, -1, 1.5, Number.NaN, 16_000_001])('refuses maxEntries: %d', (maxEntries) => {
    expect(optionOf(() => memoryReplayStore({ maxEntries }))).toBe('memoryReplayStore.maxEntries')
  })

  it('refuses a misspelt option', () => {
    // @ts-expect-error it does not compile either
    expect(optionOf(() => memoryReplayStore({ maxEntry: 1 }))).toBe('memoryReplayStore.maxEntry')
  })
})
