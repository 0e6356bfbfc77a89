import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MOST_TOKEN_BYTES, parseObject, parseToken } from '../../src/bearer/token.js'
import { reasonOf, segment, token } from '../kit.js'

const jws = (header: unknown, payload: unknown = {}, signature = 'AA') =>
  `${segment(header)}.${segment(payload)}.${signature}`
const refused = (compact: string) => reasonOf(() => parseToken(compact))

describe('parseToken', () => {
  it('takes a compact JWS apart', () => {
    const compact = jws({ alg: 'RS256', kid: 'k', typ: 'JWT', other: 1 }, { sub: 'é' }, 'AAAA')
    const { payload, ...rest } = parseToken(compact)
    expect(rest).toEqual({ compact, header: { alg: 'RS256', kid: 'k', typ: 'JWT' }, signatureLength: 4 })
    expect(payload.toString()).toBe('{"sub":"é"}')
  })

  it('takes 8192 characters, and not one more', () => {
    const fill = (length: number) => `${segment({ alg: 'HS256' })}.`.padEnd(length - 5, 'A').concat('.AAAA')
    expect(refused(fill(MOST_TOKEN_BYTES))).toBe(undefined)
    expect(refused(fill(MOST_TOKEN_BYTES + 1))).toBe('token_too_large')
  })

  it.each([
    '',
    '.',
    '..',
    'a.b',
    'a.b.c.d',
    'a.b.c.',
    '.b.c',
    'a..c',
    '.'.repeat(8192),
    '{"payload":"","signatures":[]}',
    'a b.c.d',
  ])('refuses %j: not three segments', (compact) => expect(refused(compact)).toBe('token_malformed'))

  it('knows one spelling of a token: no character changed or added gives the same token again', () => {
    const good = token()
    const decode = (text: string) =>
      text
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
        .join('|')
    const alphabet = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=! \n.')
    fc.assert(
      fc.property(fc.nat(good.length), alphabet, fc.nat(1), (at, character, drop) => {
        const other = good.slice(0, at) + character + good.slice(at + drop)
        fc.pre(other !== good && decode(other) === decode(good))
        expect(refused(other)).toBe('token_malformed')
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['padding', (text: string) => `${text}=`],
    ['spare bits in the last character', (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'R')],
    ['a line feed behind', (text: string) => `${text}\n`],
    ['a zero width space behind', (text: string) => `${text}\u200b`],
  ])('refuses %s', (_, change) => {
    expect(refused(change(jws({ alg: 'HS256' }, {}, 'AQ')))).toBe('token_malformed')
  })

  it.each<[string, unknown]>([
    ['no JSON', '{'],
    ['a list', [1]],
    ['a text', '"x"'],
    ['null', 'null'],
    ['JSON with a BOM', '\ufeff{"alg":"HS256"}'],
    ['a name twice', '{"alg":"none","alg":"HS256"}'],
    ['a name twice, once escaped', '{"alg":"none","\\u0061lg":"HS256"}'],
    ['no alg', {}],
    ['an empty alg', { alg: '' }],
    ['an alg that is a list', { alg: ['HS256'] }],
    ['an alg that is null', { alg: null }],
    ['a kid that is a number', { alg: 'HS256', kid: 1 }],
    ['a kid that is null', { alg: 'HS256', kid: null }],
    ['an empty kid', { alg: 'HS256', kid: '' }],
    ['a kid of 257 characters', { alg: 'HS256', kid: 'k'.repeat(257) }],
    ['a typ that is a number', { alg: 'HS256', typ: 1 }],
    ['crit', { alg: 'HS256', crit: ['x'], x: 1 }],
    ['an empty crit', { alg: 'HS256', crit: [] }],
    ['b64, also true', { alg: 'HS256', b64: true }],
    ['zip', { alg: 'HS256', zip: 'DEF' }],
    ['a nested token', { alg: 'HS256', cty: 'JWT' }],
    ['a nested token, spelled out', { alg: 'HS256', cty: 'application/jwt' }],
  ])('refuses a header with %s', (_, header) => {
    expect(refused(jws(header))).toBe('token_malformed')
  })

  it('takes a kid of 256 characters', () => {
    expect(refused(jws({ alg: 'HS256', kid: 'k'.repeat(256) }))).toBeUndefined()
  })

  it.each([[Buffer.from([0x7b, 0xff, 0x7d])], [Buffer.from([0xed, 0xa0, 0x80])]])(
    'refuses what is not UTF-8',
    (bytes) => {
      const text = bytes.toString('base64url')
      expect(refused(`${segment({ alg: 'HS256' })}.${text}.AA`)).toBe('token_malformed')
      expect(refused(`${text}.${segment({})}.AA`)).toBe('token_malformed')
    },
  )

  it('reads a header the same the second time, and after a thousand others', () => {
    const compact = jws({ alg: 'HS256', kid: 'again' })
    const before = parseToken(compact).header
    for (let index = 0; index < 1000; index++) parseToken(jws({ alg: 'HS256', kid: `k-${index}` }))
    expect(parseToken(compact).header).toEqual(before)
  })
})

describe('parseObject', () => {
  it.each(['[1]', '"x"', '1', 'null', 'true', '{}x', '{"a":NaN}', '', '{"a":1,"a":2}', "{'a':1}", '{"a":1,}'])(
    'refuses %j',
    (text) => {
      expect(reasonOf(() => parseObject(Buffer.from(text)))).toBe('token_malformed')
    },
  )
})
