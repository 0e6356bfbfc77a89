import { describe, expect, it } from 'vitest'
import { bearerToken } from '../../src/http/authorization.js'
import { reasonOf } from '../kit.js'

describe('bearerToken', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('takes the scheme name written %s', (name) => {
    expect(bearerToken(`${name} abc.def.ghi`)).toBe('abc.def.ghi')
  })

  it.each(['Basic abc', 'Token abc', 'JWT abc', 'Bearerx abc', 'Bearer-2 abc', 'Bear', 'Digest', '', ' Bearer abc'])(
    'leaves %j to other schemes',
    (value) => {
      expect(bearerToken(value)).toBeUndefined()
    },
  )

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer  abc',
    'Bearer\tabc',
    'Bearer,abc',
    'Bearer=abc',
    'Bearer \tabc',
    'Bearer:abc',
  ])('refuses %j, where exactly one space and a token have to follow', (value) => {
    expect(reasonOf(() => bearerToken(value))).toBe('malformed_credentials')
  })
})
