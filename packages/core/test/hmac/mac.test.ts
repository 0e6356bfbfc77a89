import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyTimestampMac, requestMac } from '../../src/hmac/mac.js'
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
    expect(requestMac('sha256', key, text)).toBe(row.sha256)
    expect(requestMac('sha512', key, text)).toBe(row.sha512)
  })

  it('is the HMAC over the UTF-8 of any text', () => {
    fc.assert(
      fc.property(
        anySecret,
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('sha256', 'sha512'),
        (secret, text, hash) => {
          const expected = createHmac(hash, secret).update(Buffer.from(text)).digest()
          expect(requestMac(hash, secretKey(secret), text)).toBe(expected.toString('hex'))
        },
      ),
    )
  })
})

describe('bodyTimestampMac', () => {
  it.each(cases)(
    'gives the MAC of RFC 4231 section $id over body and nothing behind it',
    ({ keyHex, dataHex, sha256 }) => {
      expect(bodyTimestampMac(secretKey(Buffer.from(keyHex, 'hex')), Buffer.from(dataHex, 'hex'), '')).toBe(sha256)
    },
  )

  it('is the HMAC over the bytes of the body, followed at once by the digits', () => {
    fc.assert(
      fc.property(anySecret, fc.uint8Array(), (secret, body) => {
        const expected = createHmac('sha256', secret)
          .update(Buffer.concat([body, Buffer.from('1700000000')]))
          .digest()
        expect(bodyTimestampMac(secretKey(secret), body, '1700000000')).toBe(expected.toString('hex'))
      }),
    )
  })
})
