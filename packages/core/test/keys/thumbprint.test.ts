import { describe, expect, it } from 'vitest'
import { jwkThumbprint } from '../../src/keys/thumbprint.js'
import { keyPair, optionOf } from '../kit.js'

describe('jwkThumbprint', () => {
  it('is that of RFC 7638 section 3.1', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W' +
      '-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08q' +
      'NLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    expect(jwkThumbprint({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' })).toBe(
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    )
  })

  it('is that of RFC 8037 appendix A.3', () => {
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    expect(jwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x })).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  it.each(['RS256', 'ES256', 'EdDSA'] as const)(
    'is the same for both halves of a pair, whatever else they say: %s',
    (alg) => {
      const { privateJwk, publicJwk } = keyPair(alg)
      expect(jwkThumbprint({ ...privateJwk, kid: 'another', use: 'sig' })).toBe(jwkThumbprint(publicJwk))
      expect(jwkThumbprint(publicJwk)).toMatch(/^[A-Za-z0-9_-]{43}$/)
    },
  )

  it('is not made of a secret, nor of what is no key', () => {
    expect(optionOf(() => jwkThumbprint({ kty: 'oct', k: 'c2VjcmV0' }))).toBe('jwk.kty')
    expect(optionOf(() => jwkThumbprint({ kty: '__proto__' }))).toBe('jwk.kty')
    expect(optionOf(() => jwkThumbprint({ kty: 'RSA', n: 'AQAB' }))).toBe('jwk.e')
    expect(optionOf(() => jwkThumbprint({ kty: 'EC', crv: 'P-256', x: 'AQAB', y: 1 }))).toBe('jwk.y')
  })
})
