import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeHex, equalInConstantTime, hasCanonicalTail, isCanonicalBase64url } from '../src/bytes.js'

const bytes = fc.uint8Array({ maxLength: 64 })

describe('equalInConstantTime', () => {
  it('tells equal bytes from any others, also of another length', () => {
    fc.assert(
      fc.property(bytes, bytes, (left, right) => {
        expect(equalInConstantTime(left, Uint8Array.from(left))).toBe(true)
        expect(equalInConstantTime(left, right)).toBe(Buffer.compare(left, right) === 0)
      }),
    )
  })
})

describe('decodeHex', () => {
  it('reads back the lower-case spelling of all bytes', () => {
    fc.assert(fc.property(bytes, (value) => decodeHex(Buffer.from(value).toString('hex'))?.equals(value)))
  })

  it('knows one spelling only: whatever it decodes is the lower-case spelling of what it decoded', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEFxX \n'), maxLength: 8 })
    fc.assert(fc.property(text, (candidate) => (decodeHex(candidate)?.toString('hex') ?? candidate) === candidate))
  })

  it.each(['A0', 'a', 'abc', '0xab', 'ab ', 'ab\n', '0g', 'ａ0'])('refuses %j', (text) => {
    expect(decodeHex(text)).toBeUndefined()
  })
})

describe('isCanonicalBase64url', () => {
  it('takes the one spelling of all bytes', () => {
    fc.assert(fc.property(bytes, (value) => isCanonicalBase64url(Buffer.from(value).toString('base64url'))))
  })

  it('refuses every text one character away that decodes to the same bytes', () => {
    const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.! \n']
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 16 }), (value) => {
        const text = Buffer.from(value).toString('base64url')
        for (let at = 0; at <= text.length; at++) {
          for (const character of alphabet) {
            for (const other of [
              text.slice(0, at) + character + text.slice(at + 1),
              text.slice(0, at) + character + text.slice(at),
            ]) {
              if (other === text || !Buffer.from(other, 'base64url').equals(value)) continue
              expect(isCanonicalBase64url(other), `${other} beside ${text}`).toBe(false)
            }
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    ['a length of 4n+1', 'AAAAA'],
    ['padding', 'AA=='],
    ['the other alphabet', '+/+/'],
    ['spare bits set in two characters', 'AB'],
    ['spare bits set in three characters', 'AAB'],
    ['a line feed at the end', 'AAAA\n'],
  ])('refuses %s', (_, text) => {
    expect(isCanonicalBase64url(text)).toBe(false)
  })
})

describe('hasCanonicalTail', () => {
  it.each(['', 'AA', 'AQ', 'AAA', 'AAE', 'AAAA', 'AAAAAA'])('takes %j', (text) =>
    expect(hasCanonicalTail(text)).toBe(true),
  )
  it.each(['A', 'AR', 'AB', 'AAC', 'AAAAA'])('refuses %j', (text) => expect(hasCanonicalTail(text)).toBe(false))
})
