import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { JwtAlgorithm } from '../../src/key.js'
import { type JwkSet, membersOf, openJwkSet } from '../../src/keys/jwk-set.js'
import { keyPair } from '../kit.js'
import { jwk } from './remote-kit.js'

const read = (
  members: readonly unknown[],
  previous?: JwkSet,
  algorithms: readonly JwtAlgorithm[] = ['ES256', 'RS256'],
) => openJwkSet(members, algorithms, previous)
const kids = ({ entries }: JwkSet) => entries.map(({ key }) => key.kid)

const rsa = (bits: number, publicExponent = 65_537) => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits, publicExponent })
  return { ...publicKey.export({ format: 'jwk' }), alg: 'RS256', kid: 'bad' }
}

/** A modulus of so many bytes, which nobody can sign for. */
const modulus = (bytes: number) => {
  return { kty: 'RSA', n: Buffer.alloc(bytes, 0xff).toString('base64url'), e: 'AQAB', alg: 'RS256', kid: 'bad' }
}

describe('openJwkSet', () => {
  it.each<[string, unknown]>([
    ['use "enc"', jwk('bad', { use: 'enc' })],
    ['key_ops without verify', jwk('bad', { key_ops: ['encrypt'] })],
    ['key_ops that is no list', jwk('bad', { key_ops: 'verify' })],
    ['an algorithm of its own that the issuer does not use', jwk('bad', { alg: 'ES384' })],
    ['an algorithm that does not fit it', jwk('bad', { alg: 'RS256' })],
    ['an alg that is no string', jwk('bad', { alg: 1 })],
    ['a point off its curve', jwk('bad', { y: jwk('another')['y'] })],
    ['a curve that does not exist', jwk('bad', { crv: 'P-257' })],
    ['no coordinates', { kty: 'EC', crv: 'P-256', kid: 'bad' }],
    ['RSA of 1024 bits', rsa(1024)],
    ['RSA with the exponent 3', rsa(2048, 3)],
    ['RSA of 8200 bits', modulus(1025)],
    ['a private half', keyPair('ES256').privateJwk],
    ['a secret', { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url'), kid: 'bad' }],
    [
      'a secret that calls itself ES256',
      { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url'), kid: 'bad', alg: 'ES256' },
    ],
    ['an unknown kty', { kty: 'AKP', kid: 'bad', pub: 'AAAA' }],
    ['no kty', { kid: 'bad' }],
    ['a kid that is a number', jwk('bad', { kid: 1 })],
    ['an empty kid', jwk('bad', { kid: '' })],
    ['a kid of 257 characters', jwk('bad', { kid: 'k'.repeat(257) })],
    ['null', null],
    ['a string', 'key'],
    ['a list', []],
  ])('leaves out a member with %s, and nothing else', (_, bad) => {
    const set = read([bad, jwk('good'), bad])
    expect(kids(set)).toEqual(['good'])
    expect(set.skipped).toBe(2)
    expect(set.problem).toMatch(/^keys\[0\]/)
  })

  it('takes RSA of 2048 to 8192 bits, a kid of 256 characters, and a key without alg that fits one algorithm', () => {
    const { alg: _, ...bare } = jwk('bare')
    const large = { ...modulus(1024), kid: 'large' }
    const set = read([{ ...rsa(2048), kid: 'rsa' }, large, jwk('long', { kid: 'k'.repeat(256) }), bare])
    expect(kids(set)).toEqual(['rsa', 'large', 'k'.repeat(256), 'bare'])
    expect(set.entries.map(({ key }) => key.algorithm)).toEqual(['RS256', 'RS256', 'ES256', 'ES256'])
    expect(set.skipped).toBe(0)
    expect(set.problem).toBeUndefined()
  })

  it('leaves out a key without alg that fits two algorithms of the issuer', () => {
    const { alg: _, ...bare } = rsa(2048)
    const set = read([bare, jwk('good')], undefined, ['RS256', 'PS256', 'ES256'])
    expect(kids(set)).toEqual(['good'])
    expect(set.problem).toContain('alg')
  })

  it('takes no secret, even where somebody asks for one', () => {
    const secret = { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url'), kid: 'a', alg: 'HS256' }
    expect(read([secret], undefined, ['HS256'])).toMatchObject({
      entries: [],
      problem: 'keys[0].kty must not be "oct" in a set that is published',
    })
  })

  it('takes a key once that stands twice', () => {
    const set = read([jwk('a'), jwk('a'), jwk('b')])
    expect(kids(set)).toEqual(['a', 'b'])
  })

  it('leaves out different keys under one kid', () => {
    const set = read([jwk('a'), jwk('b', { kid: 'a' }), jwk('c')])
    expect(kids(set)).toEqual(['c'])
    expect(set.skipped).toBe(2)
    expect(set.problem).toContain('could not tell apart')
  })

  it('leaves out keys without kid that are not the only one of their algorithm', () => {
    const nameless = (name: string) => jwk(name, { kid: undefined })
    expect(kids(read([nameless('a'), nameless('b'), keyPair('RS256').publicJwk]))).toEqual([
      keyPair('RS256').publicJwk.kid,
    ])
    expect(kids(read([nameless('a'), jwk('b')]))).toEqual(['b'])
    const alone = read([nameless('a'), keyPair('RS256').publicJwk])
    expect(alone.keys.find(undefined, 'ES256')).toBe(alone.entries[0]?.key)
  })

  it('keeps the object of a key that stayed, and not that of one that changed', () => {
    const first = read([jwk('a'), jwk('b'), jwk('c')])
    const second = read([jwk('c'), jwk('d', { kid: 'b' }), jwk('a', { use: undefined })], first)
    const object = (set: JwkSet, kid: string) => set.keys.find(kid, 'ES256')
    expect(object(second, 'a')).toBe(object(first, 'a'))
    expect(object(second, 'c')).toBe(object(first, 'c'))
    expect(object(second, 'b')).not.toBe(object(first, 'b'))
    expect(read([jwk('a', { use: 'enc' })], first).entries).toEqual([])
  })

  it.each([[null], [[]], ['keys'], [{}], [{ keys: null }], [{ keys: {} }], [{ keys: 'a' }]])(
    'finds no members in %j',
    (document) => {
      expect(membersOf(document)).toBeUndefined()
    },
  )
})
