import { createPublicKey, createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.js'
import type { JwtAlgorithm, VerificationKeySource } from '../../src/key.js'
import { type StaticKey, staticJwks, staticKeys } from '../../src/keys/static-keys.js'
import { keyPair, NOW, optionOf } from '../kit.js'

const { privateKey, publicJwk, privateJwk } = keyPair('RS256')
const publicKey = createPublicKey(privateKey)
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const secret = 'x'.repeat(32)
const ec = keyPair('ES256').publicJwk

const open = (source: VerificationKeySource, ...algorithms: JwtAlgorithm[]) =>
  source.open({ clock: systemClock, option: 'keys', algorithms })
const refused = (source: VerificationKeySource, ...algorithms: JwtAlgorithm[]) =>
  optionOf(() => open(source, ...algorithms))

describe('staticKeys', () => {
  it.each<[string, NonNullable<StaticKey['publicKey']>]>([
    ['a PEM text', pem],
    ['a KeyObject', publicKey],
    ['a JWK', publicJwk],
  ])('takes a public key as %s', (_, value) => {
    const keys = open(staticKeys([{ kid: 'a', algorithm: 'RS256', publicKey: value }]), 'RS256')
    expect(keys.find('a', 'RS256', NOW)).toMatchObject({ kid: 'a', algorithm: 'RS256' })
    expect(keys.find('b', 'RS256', NOW)).toBeUndefined()
  })

  it('finds the one key of an algorithm for a token without kid, and none where there are two', () => {
    const one = open(staticKeys([{ algorithm: 'RS256', publicKey: pem }]), 'RS256', 'ES256')
    expect(one.find(undefined, 'RS256', NOW)).toMatchObject({ algorithm: 'RS256' })
    expect(one.find(undefined, 'ES256', NOW)).toBeUndefined()
    const two = open(staticKeys(['a', 'b'].map((kid) => ({ kid, algorithm: 'RS256', publicKey: pem }))), 'RS256')
    expect(two.find(undefined, 'RS256', NOW)).toBeUndefined()
  })

  it('counts the active keys at the edges of their periods', () => {
    const keys = open(
      staticKeys([{ algorithm: 'HS256', secret, notBefore: NOW, notAfter: new Date((NOW + 9) * 1000) }]),
      'HS256',
    )
    expect([NOW - 1, NOW, NOW + 9, NOW + 10].map((now) => keys.health(now).activeKeys)).toEqual([0, 1, 1, 0])
    expect([NOW - 1, NOW, NOW + 9, NOW + 10].map((now) => keys.isUsable(now))).toEqual([false, true, true, false])
  })

  it.each<[string, string, StaticKey[], readonly JwtAlgorithm[]]>([
    ['no key', 'keys', [], ['RS256']],
    ['an algorithm the issuer does not list', 'keys[0].algorithm', [{ algorithm: 'RS256', publicKey: pem }], ['PS256']],
    ['a private PEM', 'keys[0].publicKey', [{ algorithm: 'RS256', publicKey: privatePem }], ['RS256']],
    ['a private KeyObject', 'keys[0].publicKey', [{ algorithm: 'RS256', publicKey: privateKey }], ['RS256']],
    ['a private JWK', 'keys[0].publicKey', [{ algorithm: 'RS256', publicKey: privateJwk }], ['RS256']],
    [
      'a secret KeyObject',
      'keys[0].publicKey',
      [{ algorithm: 'RS256', publicKey: createSecretKey(secret, 'utf8') }],
      ['RS256'],
    ],
    ['a text that is no key', 'keys[0].publicKey', [{ algorithm: 'RS256', publicKey: 'x' }], ['RS256']],
    [
      'a certificate-like text without a key',
      'keys[0].publicKey',
      [{ algorithm: 'RS256', publicKey: '-----BEGIN X-----' }],
      ['RS256'],
    ],
    ['no public key', 'keys[0].publicKey', [{ algorithm: 'RS256' }], ['RS256']],
    ['a secret for RS256', 'keys[0].secret', [{ algorithm: 'RS256', secret }], ['RS256']],
    ['a public key for HS256', 'keys[0].publicKey', [{ algorithm: 'HS256', publicKey: pem }], ['HS256']],
    ['no secret', 'keys[0].secret', [{ algorithm: 'HS256' }], ['HS256']],
    ['an empty secret', 'keys[0].secret', [{ algorithm: 'HS256', secret: '' }], ['HS256']],
    ['31 bytes for HS256', 'keys[0]', [{ algorithm: 'HS256', secret: 'x'.repeat(31) }], ['HS256']],
    ['47 bytes for HS384', 'keys[0]', [{ algorithm: 'HS384', secret: 'x'.repeat(47) }], ['HS384']],
    ['63 bytes for HS512', 'keys[0]', [{ algorithm: 'HS512', secret: 'x'.repeat(63) }], ['HS512']],
    ['a key of another kind', 'keys[0]', [{ algorithm: 'ES256', publicKey: pem }], ['ES256']],
    ['a key of another curve', 'keys[0]', [{ algorithm: 'ES384', publicKey: ec }], ['ES384']],
    ['an empty kid', 'keys[0].kid', [{ kid: '', algorithm: 'RS256', publicKey: pem }], ['RS256']],
    [
      'a period that is none',
      'keys[0].notAfter',
      [{ algorithm: 'RS256', publicKey: pem, notAfter: Number.NaN }],
      ['RS256'],
    ],
    [
      'two keys with one kid',
      'keys',
      [
        { kid: 'a', algorithm: 'RS256', publicKey: pem },
        { kid: 'a', algorithm: 'PS256', publicKey: pem },
      ],
      ['RS256', 'PS256'],
    ],
    [
      'a key without kid beside another of its algorithm',
      'keys',
      [
        { kid: 'a', algorithm: 'RS256', publicKey: pem },
        { algorithm: 'RS256', publicKey: pem },
      ],
      ['RS256'],
    ],
    // @ts-expect-error no such algorithm
    ['the algorithm none', 'keys[0].algorithm', [{ algorithm: 'none', publicKey: pem }], ['RS256']],
    // @ts-expect-error a misspelt option does not compile
    ['an unknown member', 'keys[0].publickey', [{ algorithm: 'RS256', publickey: pem }], ['RS256']],
  ])('refuses %s: %s', (_, option, keys, algorithms) => {
    expect(refused(staticKeys(keys), ...algorithms)).toBe(option)
  })
})

describe('staticJwks', () => {
  it('opens a JWK Set, each key bound to one algorithm', () => {
    const keys = open(staticJwks({ keys: [publicJwk, ec] }), 'RS256', 'ES256')
    expect(keys.find(publicJwk.kid, 'RS256', NOW)).toMatchObject({ algorithm: 'RS256' })
    expect(keys.find(ec.kid, 'ES256', NOW)).toMatchObject({ algorithm: 'ES256' })
    expect(keys.health(NOW)).toMatchObject({ ready: true, keys: 2, activeKeys: 2 })
  })

  it('refuses an empty set, and names the key that is wrong', () => {
    expect(refused(staticJwks({ keys: [] }), 'RS256')).toBe('keys')
    expect(refused(staticJwks({ keys: [publicJwk, { ...ec, use: 'enc' }] }), 'RS256', 'ES256')).toBe('keys.keys[1].use')
    // @ts-expect-error a set has keys
    expect(refused(staticJwks({}), 'RS256')).toBe('keys')
  })
})
