import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyTimestampMac, macMatches, requestMac } from '../../src/hmac/mac.js'
import { secretKey } from '../../src/keys/secret.js'

interface Rfc4231 {
  readonly cases: readonly { readonly id: string; keyHex: string; dataHex: string; sha256: string; sha512: string }[]
}
const { cases }: Rfc4231 = JSON.parse(readFileSync(new URL('rfc4231.json', import.meta.url), 'utf8'))
const isAscii = (hex: string) => Buffer.from(hex, 'hex').every((byte) => byte < 0x80)

const anySecret = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes))

describe('requestMac', () => {
  it.each(cases.filter(({ dataHex }) => isAscii(dataHex)))('gives the MACs of RFC 4231 section $id', (row) => {
    const key = secretKey(Buffer.from(row.keyHex, 'hex'))
    const text = Buffer.from(row.dataHex, 'hex').toString()
    expect(requestMac('sha256', key, text).toString('hex')).toBe(row.sha256)
    expect(requestMac('sha512', key, text).toString('hex')).toBe(row.sha512)
  })

  it('is the HMAC over the UTF-8 of any text', () => {
    fc.assert(
      fc.property(
        anySecret,
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('sha256', 'sha512'),
        (secret, text, hash) => {
          const expected = createHmac(hash, secret).update(Buffer.from(text)).digest()
          expect(requestMac(hash, secretKey(secret), text).equals(expected)).toBe(true)
        },
      ),
    )
  })
})

describe('bodyTimestampMac', () => {
  it.each(cases)(
    'gives the MAC of RFC 4231 section $id over body and nothing behind it',
    ({ keyHex, dataHex, sha256 }) => {
      expect(
        bodyTimestampMac(secretKey(Buffer.from(keyHex, 'hex')), Buffer.from(dataHex, 'hex'), '').toString('hex'),
      ).toBe(sha256)
    },
  )

  it('is the HMAC over the bytes of the body, followed at once by the digits', () => {
    fc.assert(
      fc.property(anySecret, fc.uint8Array(), (secret, body) => {
        const expected = createHmac('sha256', secret)
          .update(Buffer.concat([body, Buffer.from('1700000000')]))
          .digest()
        expect(bodyTimestampMac(secretKey(secret), body, '1700000000').equals(expected)).toBe(true)
      }),
    )
  })
})

describe('macMatches', () => {
  const mac = createHmac('sha256', 'key').update('text').digest()
  const hex = mac.toString('hex')

  it('holds for the one spelling: lower-case digits, all of them', () => {
    expect(macMatches(mac, hex)).toBe(true)
  })

  it('fails for every text one digit away', () => {
    fc.assert(
      fc.property(fc.nat(hex.length - 1), fc.constantFrom(...'0123456789abcdef'), (at, digit) => {
        fc.pre(hex.charAt(at) !== digit)
        expect(macMatches(mac, hex.slice(0, at) + digit + hex.slice(at + 1))).toBe(false)
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
    ['the word undefined', 'undefined'],
  ])('fails for %s', (_, received) => {
    expect(macMatches(mac, received)).toBe(false)
  })
})
