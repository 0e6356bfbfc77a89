import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  nextKeyAt,
  planStep,
  publishedAt,
  type Schedule,
  type ScheduledKey,
  signingKeyAt,
} from '../../src/keys/plan.js'

const SCHEDULE: Schedule = { rotateSeconds: 10_000, publishAheadSeconds: 1000, keepSeconds: 600 }
const key = (kid: string, more: Partial<ScheduledKey> = {}): ScheduledKey => ({ kid, notBefore: 0, ...more })
const kidsOf = (keys: readonly ScheduledKey[]) => keys.map(({ kid }) => kid)

describe('the schedule of signing keys', () => {
  it('begins with a key that signs at once', () => {
    expect(planStep([], 5, SCHEDULE)).toEqual({ create: 5, ends: new Map(), drop: new Set() })
  })

  it.each([
    ['a second too soon', 8999, undefined],
    ['in time', 9000, { create: 10_000, ends: new Map([['one', 10_600]]), drop: new Set() }],
    [
      'late, but published as long as ever',
      9500,
      { create: 10_500, ends: new Map([['one', 11_100]]), drop: new Set() },
    ],
    ['after a month without anybody', 50_000, { create: 51_000, ends: new Map([['one', 51_600]]), drop: new Set() }],
  ])('makes the next key ahead of its time: %s', (_, now, step) => {
    expect(planStep([key('one')], now, SCHEDULE)).toEqual(step)
  })

  it('waits while the next key waits', () => {
    const keys = [key('one', { notAfter: 10_600 }), key('two', { notBefore: 10_000 })]
    expect(planStep(keys, 9999, SCHEDULE)).toBeUndefined()
    expect(nextKeyAt(keys, 9999)?.kid).toBe('two')
  })

  it.each([
    [9999, 'one', ['one', 'two']],
    [10_000, 'two', ['one', 'two']],
    [10_600, 'two', ['one', 'two']],
    [10_601, 'two', ['two']],
  ])('at %d signs with %s and publishes %s', (now, current, published) => {
    const keys = [key('one', { notAfter: 10_600 }), key('two', { notBefore: 10_000 })]
    expect(signingKeyAt(keys, now, SCHEDULE)?.kid).toBe(current)
    expect(kidsOf(publishedAt(keys, now))).toEqual(published)
  })

  it('drops a key when its last token is over', () => {
    const keys = [key('one', { notAfter: 10_600 }), key('two', { notBefore: 10_000 })]
    expect(planStep(keys, 10_600, SCHEDULE)).toBeUndefined()
    expect(planStep(keys, 10_601, SCHEDULE)).toMatchObject({ drop: new Set(['one']) })
  })

  it('neither signs with, publishes nor counts on a key that was withdrawn, and drops none: that is somebody’s record', () => {
    const keys = [key('one', { status: 'compromised', notAfter: 10 })]
    expect(signingKeyAt(keys, 100, SCHEDULE)).toBeUndefined()
    expect(publishedAt(keys, 100)).toEqual([])
    expect(planStep(keys, 100, SCHEDULE)).toEqual({ create: 100, ends: new Map(), drop: new Set() })
  })

  it('does not sign with a key whose token would outlive it, unless there is no other', () => {
    const keys = [key('one'), key('two', { notBefore: 100, notAfter: 1000 })]
    expect(signingKeyAt(keys, 399, SCHEDULE)?.kid).toBe('two')
    expect(signingKeyAt(keys, 400, SCHEDULE)?.kid).toBe('one')
    expect(signingKeyAt(keys.slice(1), 400, SCHEDULE)?.kid).toBe('two')
  })

  it('replaces in time a key that somebody set an end to', () => {
    expect(planStep([key('one', { notAfter: 5000 })], 3400, SCHEDULE)).toMatchObject({ create: 4400 })
    // Too late for the whole time of publication: as much of it as there is.
    expect(planStep([key('one', { notAfter: 5000 })], 4000, SCHEDULE)).toMatchObject({ create: 4400 })
    expect(planStep([key('one', { notAfter: 5000 })], 4900, SCHEDULE)).toMatchObject({ create: 4900 })
  })

  it('tells two keys of one moment apart by name, so that every process comes to the same', () => {
    expect(signingKeyAt([key('a'), key('b')], 1, SCHEDULE)?.kid).toBe('b')
    expect(signingKeyAt([key('b'), key('a')], 1, SCHEDULE)?.kid).toBe('b')
  })
})

/** Takes the step that is due, as a storage does. */
function advance(keys: readonly ScheduledKey[], now: number, makeKid: () => string): readonly ScheduledKey[] {
  const step = planStep(keys, now, SCHEDULE)
  if (step === undefined) return keys
  const kept = keys
    .filter(({ kid }) => !step.drop.has(kid))
    .map((kept) => ({ ...kept, notAfter: step.ends.get(kept.kid) ?? kept.notAfter }))
  return step.create === undefined ? kept : [...kept, { kid: makeKid(), notBefore: step.create }]
}

describe('whenever the steps are taken', () => {
  it('there is a key to sign with, verifiers had the time to learn of it, and it stays until its last token is over', () => {
    const gaps = fc.array(fc.oneof(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 30_000 })), {
      minLength: 1,
      maxLength: 60,
    })
    fc.assert(
      fc.property(gaps, (gaps) => {
        let made = 0
        let keys: readonly ScheduledKey[] = []
        const publishedFrom = new Map<string, number>()
        const signedUntil = new Map<string, number>()
        let now = 0
        for (const gap of gaps) {
          keys = advance(keys, now, () => `key-${made++}`)
          for (const { kid } of publishedAt(keys, now)) if (!publishedFrom.has(kid)) publishedFrom.set(kid, now)
          // Whatever signs between this step and the next one.
          for (const at of [now, now + Math.floor(gap / 2), now + gap - 1]) {
            const current = signingKeyAt(keys, at, SCHEDULE)
            if (current === undefined) throw new Error(`nothing to sign with at ${at}`)
            const since = publishedFrom.get(current.kid) as number
            if (current.kid !== 'key-0') expect(at - since).toBeGreaterThanOrEqual(SCHEDULE.publishAheadSeconds)
            signedUntil.set(current.kid, at)
            const published = new Set(kidsOf(publishedAt(keys, at)))
            for (const [kid, until] of signedUntil)
              if (at < until + SCHEDULE.keepSeconds) expect(published).toContain(kid)
          }
          now += gap
        }
        // And none is kept for ever: the current one, the next, and those before whose tokens live.
        expect(keys.length).toBeLessThanOrEqual(3)
      }),
      { numRuns: 500 },
    )
  })
})
