import { describe, expect, it } from 'vitest'
import { checkFreshness } from '../../src/hmac/freshness.js'
import { NOW, reasonOf } from '../kit.js'

const verdict = (offset: number, now = NOW) => reasonOf(() => checkFreshness(String(NOW + offset), now, 300))

describe('checkFreshness', () => {
  it.each([-300, -299, 0, 299, 300])('takes a timestamp %i s away', (offset) => expect(verdict(offset)).toBeUndefined())
  it.each([-301, 301, -86_400, 86_400])('refuses a timestamp %i s away', (offset) => {
    expect(verdict(offset)).toBe('timestamp_out_of_range')
  })

  it('counts whole seconds: a fraction of the clock moves neither edge', () => {
    expect([verdict(-300, NOW + 0.999), verdict(300, NOW + 0.001)]).toEqual([undefined, undefined])
    expect([verdict(-301, NOW + 0.001), verdict(301, NOW + 0.999)]).toEqual([
      'timestamp_out_of_range',
      'timestamp_out_of_range',
    ])
  })
})
