import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Breaker } from '../src/breaker.js'

function aBreaker(failureLimit = 3, openSeconds = 10) {
  const time = { now: 1000, random: 0 }
  const breaker = new Breaker(failureLimit, openSeconds, { monotonic: () => time.now, random: () => time.random })
  return { breaker, time }
}

const fail = (breaker: Breaker) => breaker.failed('normal')

describe('a breaker', () => {
  it('opens at the failure that reaches the limit, and says so once', () => {
    const { breaker } = aBreaker(3)
    expect([fail(breaker), fail(breaker), breaker.admit()]).toEqual([false, false, 'normal'])
    expect([fail(breaker), fail(breaker)]).toEqual([true, false])
    expect(breaker.admit()).toBeUndefined()
  })

  it('counts failures in a row only', () => {
    const { breaker } = aBreaker(3)
    for (let round = 0; round < 5; round++) {
      expect([fail(breaker), fail(breaker), breaker.succeeded('normal')]).toEqual([false, false, false])
    }
    expect(breaker.admit()).toBe('normal')
  })

  it.each([
    [0, 9.99, undefined],
    [0, 10, 'probe'],
    [0.99, 14.9, undefined],
    [0.99, 15, 'probe'],
  ])('with the chance %s admits after %s seconds: %s', (random, seconds, admission) => {
    const { breaker, time } = aBreaker(1, 10)
    time.random = random
    fail(breaker)
    time.now += seconds
    expect(breaker.admit()).toBe(admission)
  })

  it('lets one question through, not two, and closes when it is answered', () => {
    const { breaker, time } = aBreaker(1, 10)
    fail(breaker)
    time.now += 10
    expect([breaker.admit(), breaker.admit()]).toEqual(['probe', undefined])
    expect(breaker.succeeded('probe')).toBe(true)
    expect([breaker.admit(), breaker.admit()]).toEqual(['normal', 'normal'])
  })

  it('stays open for as long again when that question fails, and says nothing', () => {
    const { breaker, time } = aBreaker(1, 10)
    fail(breaker)
    time.now += 10
    expect([breaker.admit(), breaker.failed('probe')]).toEqual(['probe', false])
    time.now += 9.99
    expect(breaker.admit()).toBeUndefined()
    time.now += 0.01
    expect(breaker.admit()).toBe('probe')
  })

  it('is not closed by an answer to what was asked before it opened', () => {
    const { breaker } = aBreaker(1, 10)
    breaker.admit()
    fail(breaker)
    expect([breaker.succeeded('normal'), breaker.admit()]).toEqual([false, undefined])
  })

  it('opens and closes in turn, and while it is open has one question under way at most', () => {
    const step = fc.record({ wait: fc.nat(20), isOk: fc.boolean(), isLate: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), (steps, limit) => {
        const { breaker, time } = aBreaker(limit, 10)
        const underWay: ('normal' | 'probe')[] = []
        let isOpen = false
        for (const { wait, isOk, isLate } of steps) {
          time.now += wait
          const admission = breaker.admit()
          if (admission !== undefined) {
            underWay.push(admission)
            expect(admission).toBe(isOpen ? 'probe' : 'normal')
          }
          expect(underWay.filter((asked) => asked === 'probe').length).toBeLessThanOrEqual(1)
          const settled = isLate ? undefined : underWay.shift()
          if (settled === undefined) continue
          const hasChanged = isOk ? breaker.succeeded(settled) : breaker.failed(settled)
          if (!hasChanged) continue
          expect(isOpen).toBe(isOk)
          isOpen = !isOpen
        }
      }),
    )
  })
})
