import { describe, expect, it } from 'vitest'
import { bearing, bench, now, optionOf, signed, token } from './kit.js'

describe('the clock', () => {
  it('is read once for each attempt, so that every check agrees on the time', () => {
    let readings = 0
    const { verifier } = bench({ verifier: { clock: () => 1_700_000_000 + readings++ } })
    now(verifier.verify(bearing(token()), 'authenticated'))
    expect(readings).toBe(1)
  })

  it.each<[string, () => number]>([
    ['NaN', () => Number.NaN],
    ['infinity', () => Number.POSITIVE_INFINITY],
    [
      'an exception',
      () => {
        throw new Error('no clock')
      },
    ],
  ])('that answers %s denies with internal, and lets nothing in', (_, clock) => {
    const { verifier, audit } = bench({ verifier: { clock } })
    for (const request of [bearing(token()), signed()]) {
      expect(now(verifier.verify(request, 'authenticated'))).toMatchObject({ reason: 'internal', status: 500 })
    }
    expect(audit.reasons).toEqual(['internal', 'internal'])
  })

  it('that is no function stops the start', () => {
    const clock: unknown = 1_700_000_000
    // The cast stands for a caller without types.
    expect(optionOf(() => bench({ verifier: { clock: clock as () => number } }))).toBe('clock')
  })
})
