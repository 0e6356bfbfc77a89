import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSecret, equivalents } from '../../src/keys/secret.js'
import { optionOf } from '../kit.js'

describe('checkSecret', () => {
  it('takes bytes as they are and a string as its UTF-8', () => {
    expect(checkSecret('secret', Uint8Array.of(0, 1, 2), 3)).toEqual(Buffer.from([0, 1, 2]))
    expect(checkSecret('secret', 'é', 2)).toEqual(Buffer.from([0xc3, 0xa9]))
  })

  it('takes exactly as many bytes as are needed, and not one less', () => {
    expect(checkSecret('secret', 'x'.repeat(32), 32)).toHaveLength(32)
    expect(optionOf(() => checkSecret('secret', 'x'.repeat(31), 32))).toBe('secret')
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty string', ''],
    ['white space', ' \n\t'],
    ['white space in front, as from a file', ` ${'x'.repeat(32)}`],
    ['a line feed behind, as from a file', `${'x'.repeat(32)}\n`],
    ['no bytes', new Uint8Array()],
    ['zero bytes only', new Uint8Array(32)],
    ['a number', 12_345_678],
    ['a list', [1, 2, 3]],
  ])('refuses %s', (_, secret) => {
    expect(optionOf(() => checkSecret('secret', secret, 1))).toBe('secret')
  })

  it.each(['PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE'])('refuses a %s in PEM, which everybody may have', (kind) => {
    const pem = `-----BEGIN ${kind}-----\n${'A'.repeat(64)}\n-----END ${kind}-----`
    expect(() => checkSecret('secret', pem, 32)).toThrow('secret is a key in PEM')
    expect(() => checkSecret('secret', Buffer.from(pem), 32)).toThrow('secret is a key in PEM')
  })

  it('does not tell the secret in its message', () => {
    expect(() => checkSecret('secret', 'hunter2', 32)).toThrow(/^secret has 7 bytes; at least 32 are needed$/)
  })
})

describe('equivalents', () => {
  const shared = (left: Uint8Array, right: Uint8Array) => {
    const known = new Set(equivalents(Buffer.from(left)))
    return equivalents(Buffer.from(right)).filter((equivalent) => known.has(equivalent))
  }

  it.each(['sha256', 'sha512'])('two secrets share one exactly where HMAC-%s cannot tell them apart', (hash) => {
    const secret = fc.uint8Array({ minLength: 1, maxLength: 140 })
    const pair = fc.tuple(secret, fc.nat(3)).chain(([bytes, way]) => {
      const padded = fc.nat(4).map((zeros) => Buffer.concat([bytes, Buffer.alloc(zeros)]))
      const hashed = fc.constant(createHash(hash).update(bytes).digest())
      return fc.tuple(fc.constant(bytes), way === 0 ? secret : way === 1 ? hashed : padded)
    })
    fc.assert(
      fc.property(pair, ([left, right]) => {
        const same = createHmac(hash, left).update('x').digest().equals(createHmac(hash, right).update('x').digest())
        expect(shared(left, right).some((equivalent) => equivalent.startsWith(`${hash}:`))).toBe(same)
      }),
      { numRuns: 500 },
    )
  })
})
