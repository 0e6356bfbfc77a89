import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { userKeys } from '../../src/users/keys.js'
import { seal, unseal } from '../../src/users/seal.js'
import { canonicalName } from '../../src/users/user.js'

describe('the keys beside the store', () => {
  it('are three, always the same of one key, all different of another', () => {
    const [one, again, other] = [userKeys('a'.repeat(32)), userKeys('a'.repeat(32)), userKeys('b'.repeat(32))]
    expect(again).toEqual(one)
    const all = [one, other].flatMap(({ pepper, seal, device }) =>
      [pepper, seal, device].map((key) => key.toString('hex')),
    )
    expect(new Set(all).size).toBe(6)
  })

  it('need 32 bytes, and not 31', () => {
    expect(() => userKeys('a'.repeat(31))).toThrow('USERS_KEY needs at least 32 bytes')
  })
})

describe('what is sealed', () => {
  const key = randomBytes(32)

  it('opens for its owner', () => {
    expect(unseal(seal('a secret', 'ada', key), 'ada', key)).toBe('a secret')
    expect(seal('a secret', 'ada', key)).not.toBe(seal('a secret', 'ada', key))
  })

  it.each([
    ['for somebody else', 'rob', key],
    ['with another key', 'ada', randomBytes(32)],
  ])('does not open %s', (_what, owner, with_) => {
    const sealed = seal('a secret', 'ada', key)
    expect(() => unseal(sealed, owner, with_)).toThrow()
  })

  it('does not open where a bit is another, or bytes are missing', () => {
    const bytes = Buffer.from(seal('a secret', 'ada', key), 'base64url')
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(() => unseal(changed.toString('base64url'), 'ada', key)).toThrow()
    }
    expect(() => unseal(bytes.subarray(0, -1).toString('base64url'), 'ada', key)).toThrow()
    expect(() => unseal('', 'ada', key)).toThrow()
  })
})

describe('a name', () => {
  it('has one spelling', () => {
    expect(['ada', 'ADA', 'ａｄａ'].map(canonicalName)).toEqual(['ada', 'ada', 'ada'])
  })

  it('has 64 characters at most', () => {
    expect(canonicalName('a'.repeat(64))).toBe('a'.repeat(64))
    expect(canonicalName('a'.repeat(65))).toBeUndefined()
  })

  it.each([
    '',
    ' ada',
    'ada ',
    'a b',
    '.ada',
    'web:gateway',
    'gateway',
    'ada\n',
    'ada\u2028',
    'аda',
    '__proto__',
    'a/b',
    'a"b',
  ])('is not %j', (typed) => {
    expect(canonicalName(typed)).toBeUndefined()
  })
})
