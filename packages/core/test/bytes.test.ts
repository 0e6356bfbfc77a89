import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalHexInConstantTime, hasCanonicalTail, isCanonicalBase64url } from '../src/bytes.js'

const bytes = fc.uint8Array({ maxLength: 64 })

describe('equalHexInConstantTime', () => {
  const mac = createHmac('sha256', 'key').update('text').digest()
  const hex = mac.toString('hex')
  const longHex = createHmac('sha512', 'key').update('text').digest('hex')

  it('holds for the one spelling: lower-case digits, all of them', () => {
    expect(equalHexInConstantTime(hex, hex)).toBe(true)
    expect(equalHexInConstantTime(longHex, longHex)).toBe(true)
    expect(equalHexInConstantTime(longHex, `${longHex.slice(0, -1)}x`)).toBe(false)
  })

  it('fails for every text one digit away', () => {
    fc.assert(
      fc.property(fc.nat(hex.length - 1), fc.constantFrom(...'0123456789abcdef'), (at, digit) => {
        fc.pre(hex.charAt(at) !== digit)
        expect(equalHexInConstantTime(hex, hex.slice(0, at) + digit + hex.slice(at + 1))).toBe(false)
      }),
    )
  })

  it.each([
    ['upper case', hex.toUpperCase()],
    ['a prefix', `0x${hex}`],
    ['base64', mac.toString('base64')],
    ['base64url', mac.toString('base64url')],
    ['nothing', ''],
    ['one digit less', hex.slice(0, -1)],
    ['one byte less', hex.slice(0, -2)],
    ['one digit more', `${hex}0`],
    ['one byte more', `${hex}00`],
    ['a line feed behind', `${hex}\n`],
    ['a space before', ` ${hex}`],
    [
      'a character that Latin-1 would fold into the digit',
      `${String.fromCharCode(hex.charCodeAt(0) + 256)}${hex.slice(1)}`,
    ],
    ['the word undefined', 'undefined'],
  ])('fails for %s', (_, received) => {
    expect(equalHexInConstantTime(hex, received)).toBe(false)
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
