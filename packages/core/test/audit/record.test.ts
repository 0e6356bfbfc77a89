import { describe, expect, it } from 'vitest'
import { capped, outcomeOf } from '../../src/audit/record.js'
import { REASONS } from '../../src/reason.js'

describe('capped', () => {
  it('leaves 256 characters and cuts what is longer', () => {
    expect([capped('x'.repeat(256)).length, capped('x'.repeat(257)).length]).toEqual([256, 256])
  })
})

describe('outcomeOf', () => {
  it('is anonymous where nobody was verified and nothing refused', () => {
    expect(outcomeOf(undefined, null)).toBe('anonymous')
  })

  it('is an error where the fault is ours, a denial where it is theirs', () => {
    for (const reason of Object.keys(REASONS) as (keyof typeof REASONS)[]) {
      const { status } = REASONS[reason]
      expect(outcomeOf(reason, null), reason).toBe(status >= 500 ? 'error' : 'deny')
    }
  })
})
