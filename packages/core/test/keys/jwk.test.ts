import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { JwtAlgorithm } from '../../src/key.js'
import { importJwk, type Jwk } from '../../src/keys/jwk.js'
import { keyPair, optionOf } from '../kit.js'

const RS256 = keyPair('RS256').publicJwk
const ES256 = keyPair('ES256').publicJwk
const { alg: _alg, ...rsaWithoutAlg } = RS256
const oct = (bytes: number, more: Partial<Jwk> = {}): Jwk => ({
  kty: 'oct',
  k: Buffer.alloc(bytes, 1).toString('base64url'),
  ...more,
})
const refused = (jwk: Jwk, ...allowed: JwtAlgorithm[]) => optionOf(() => importJwk('keys[0]', jwk, allowed))

describe('importJwk', () => {
  it('binds a key to its alg, among the algorithms of the issuer', () => {
    expect(importJwk('keys[0]', RS256, ['PS256', 'RS256'])).toMatchObject({
      algorithm: 'RS256',
      kid: RS256.kid,
      signatureLength: 342,
    })
  })

  it('binds a key without alg to the one algorithm of the issuer that fits', () => {
    expect(importJwk('keys[0]', { ...rsaWithoutAlg, kty: 'RSA' }, ['ES256', 'PS256'])).toMatchObject({
      algorithm: 'PS256',
    })
    expect(importJwk('keys[0]', oct(64), ['HS512'])).toMatchObject({ algorithm: 'HS512', kid: undefined })
  })

  it('ignores members it does not know (RFC 7517 section 4)', () => {
    expect(refused({ ...ES256, x5c: [], nonsense: 1 }, 'ES256')).toBeUndefined()
  })

  it('takes use sig, and key_ops with verify', () => {
    expect(refused({ ...ES256, use: 'sig', key_ops: ['sign', 'verify'] }, 'ES256')).toBeUndefined()
  })

  it.each<[string, string, Jwk, readonly JwtAlgorithm[]]>([
    ['a key to encrypt with', 'keys[0].use', { ...ES256, use: 'enc' }, ['ES256']],
    ['a key that may not verify', 'keys[0].key_ops', { ...ES256, key_ops: ['encrypt'] }, ['ES256']],
    ['no operations', 'keys[0].key_ops', { ...ES256, key_ops: [] }, ['ES256']],
    ['an alg the issuer does not list', 'keys[0].alg', RS256, ['PS256']],
    ['the alg none', 'keys[0].alg', { ...RS256, alg: 'none' }, ['RS256']],
    ['an alg in another case', 'keys[0].alg', { ...RS256, alg: 'rs256' }, ['RS256']],
    ['an alg of another kind of key', 'keys[0]', { ...ES256, alg: 'RS256' }, ['RS256']],
    ['an alg of another curve', 'keys[0]', { ...ES256, alg: 'ES384' }, ['ES384']],
    ['a public key as a secret', 'keys[0]', { ...RS256, alg: 'HS256' }, ['HS256']],
    ['a key that fits nothing', 'keys[0]', { kty: 'oct', k: oct(32)['k'] }, ['RS256']],
    ['a key without alg that fits twice', 'keys[0].alg', { ...rsaWithoutAlg, kty: 'RSA' }, ['RS256', 'PS256']],
    ['a private RSA key', 'keys[0]', keyPair('RS256').privateJwk, ['RS256']],
    ['a private EC key', 'keys[0]', keyPair('ES256').privateJwk, ['ES256']],
    ['a private OKP key', 'keys[0]', keyPair('EdDSA').privateJwk, ['EdDSA']],
    ['a secret that is too short', 'keys[0]', oct(31), ['HS256']],
    ['an empty secret', 'keys[0].k', oct(0), ['HS256']],
    ['a secret in base64', 'keys[0].k', oct(32, { k: `${'+'.repeat(43)}=` }), ['HS256']],
    ['no secret', 'keys[0].k', { kty: 'oct' }, ['HS256']],
    ['a key that is none', 'keys[0]', { kty: 'RSA', n: 'x' }, ['RS256']],
    ['an unknown kty', 'keys[0]', { kty: 'PQC' }, ['RS256']],
    ['an empty kid', 'keys[0].kid', { ...ES256, kid: '' }, ['ES256']],
  ])('refuses %s: %s', (_, option, jwk, allowed) => {
    expect(refused(jwk, ...allowed)).toBe(option)
  })

  it('refuses RSA keys below 2048 bits', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    expect(refused({ kty: 'RSA', ...publicKey.export({ format: 'jwk' }) } as Jwk, 'RS256')).toBe('keys[0]')
  })

  it.each([null, 'text', 1, undefined])('refuses %j in place of a key', (value) => {
    // The cast stands for a document that was fetched.
    expect(refused(value as unknown as Jwk, 'RS256')).toBe('keys[0]')
  })

  it('tells nothing of a key in its message', () => {
    const { privateJwk } = keyPair('ES256')
    expect(() => importJwk('keys[0]', privateJwk, ['ES256'])).toThrow(
      /^keys\[0\] is a private key; a verifier needs the public one$/,
    )
  })
})
