import { describe, expect, it } from 'vitest'
import { HMAC_KEY_ID, keyState } from '../src/key.js'

describe('keyState', () => {
  const key = { notBefore: 100, notAfter: 200 }

  it.each([
    [99.999, 'pre-active'],
    [100, 'active'],
    [200, 'active'],
    [200.001, 'deactivated'],
  ])('at %d of a period from 100 to 200 a key is %s', (now, state) => {
    expect(keyState(key, now)).toBe(state)
  })

  it('a key without a period is active always', () => {
    expect([keyState({}, 0), keyState({}, 1e11)]).toEqual(['active', 'active'])
  })
})

describe('HMAC_KEY_ID', () => {
  it.each(['a', 'A-z_0.9:b', 'x'.repeat(128)])('takes %s', (id) => expect(HMAC_KEY_ID.test(id)).toBe(true))
  it.each(['', 'x'.repeat(129), 'a b', 'a\n', 'é', 'a/b'])('refuses %j', (id) =>
    expect(HMAC_KEY_ID.test(id)).toBe(false),
  )
})
