import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { JwtAlgorithm } from '../../src/key.js'
import { checkStrength, fits, isSymmetric, JWT_ALGORITHMS, signatureLength } from '../../src/keys/algorithms.js'
import { keyPair, mint, optionOf } from '../kit.js'

const secret = (bytes: number) => createSecretKey(Buffer.alloc(bytes, 1))
const LEAST: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }
const keyFor = (algorithm: JwtAlgorithm): KeyObject => {
  const least = LEAST[algorithm]
  return least === undefined ? createPublicKey(keyPair(algorithm).privateKey) : secret(least)
}
/** What goes with one key: RSA serves six algorithms, a curve one. */
const family = (algorithm: string) => algorithm.replace(/^(HS|RS|PS)...$/, '$1').replace(/^PS$/, 'RS')

describe('the table of algorithms', () => {
  it('holds these and no other: no none, no ES256K, no RSA1_5', () => {
    expect([...JWT_ALGORITHMS].sort().join(' ')).toBe(
      'ES256 ES384 ES512 EdDSA HS256 HS384 HS512 PS256 PS384 PS512 RS256 RS384 RS512',
    )
  })

  it.each(JWT_ALGORITHMS)('%s fits a key of its own kind and curve, and no other', (algorithm) => {
    for (const other of JWT_ALGORITHMS) {
      expect(fits(algorithm, keyFor(other)), other).toBe(family(algorithm) === family(other))
    }
  })

  it('an RSASSA-PSS key serves PS only (RFC 7518 section 3.5)', () => {
    const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
    expect([fits('PS256', publicKey), fits('RS256', publicKey)]).toEqual([true, false])
  })

  it('Ed448 is not Ed25519, nor is X25519', () => {
    expect(fits('EdDSA', generateKeyPairSync('ed448').publicKey)).toBe(false)
    expect(fits('EdDSA', generateKeyPairSync('x25519').publicKey)).toBe(false)
  })

  it.each(JWT_ALGORITHMS.filter((name) => !isSymmetric(name)))('knows how long a signature by %s is', (algorithm) => {
    const token = mint(keyPair(algorithm).privateKey, { alg: algorithm }, {})
    expect(signatureLength(algorithm, keyFor(algorithm))).toBe(token.split('.')[2]?.length)
  })

  it.each([
    ['HS256', 43],
    ['HS384', 64],
    ['HS512', 86],
  ] as const)('knows how long a MAC by %s is: %i characters', (algorithm, length) => {
    expect(signatureLength(algorithm, keyFor(algorithm))).toBe(length)
  })
})

describe('checkStrength', () => {
  const rsa = (modulusLength: number, publicExponent = 65537) =>
    generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey

  it.each(Object.entries(LEAST) as [JwtAlgorithm, number][])(
    '%s needs %i bytes, and not one less',
    (algorithm, least) => {
      expect(optionOf(() => checkStrength('key', algorithm, secret(least)))).toBeUndefined()
      expect(optionOf(() => checkStrength('key', algorithm, secret(least - 1)))).toBe('key')
    },
  )

  it('RSA keys have at least 2048 bits, and 65537 as their exponent', () => {
    expect(optionOf(() => checkStrength('key', 'RS256', rsa(2048)))).toBeUndefined()
    expect(optionOf(() => checkStrength('key', 'RS256', rsa(2040)))).toBe('key')
    expect(optionOf(() => checkStrength('key', 'PS256', rsa(2048, 3)))).toBe('key')
  })

  it('asks nothing more of keys whose curve says it all', () => {
    for (const algorithm of ['ES256', 'EdDSA'] as const) {
      expect(optionOf(() => checkStrength('key', algorithm, keyFor(algorithm)))).toBeUndefined()
    }
  })
})
