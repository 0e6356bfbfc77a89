import { describe, expect, it } from 'vitest'
import { type CheckedClaims, type ClaimRules, checkClaims, checkTimes, checkType } from '../../src/bearer/claims.js'
import { AUDIENCE, claims, ISSUER, NOW, reasonOf } from '../kit.js'

const RULES: ClaimRules = { issuer: ISSUER, audience: AUDIENCE, tokenType: 'any', expiryRequired: true }
const refused = (more: Readonly<Record<string, unknown>>, rules: Partial<ClaimRules> = {}) =>
  reasonOf(() => checkClaims(JSON.parse(JSON.stringify(claims(more))), { ...RULES, ...rules }))

describe('checkType', () => {
  const verdict = (typ: string | undefined, required: 'any' | 'at+jwt') =>
    reasonOf(() => checkType({ alg: 'RS256', kid: undefined, typ }, required))

  it.each(['at+jwt', 'application/at+jwt', 'AT+JWT'])('takes %s always', (typ) => {
    expect([verdict(typ, 'any'), verdict(typ, 'at+jwt')]).toEqual([undefined, undefined])
  })

  it.each(['JWT', 'jwt', undefined])('takes %s unless access tokens are asked for strictly', (typ) => {
    expect([verdict(typ, 'any'), verdict(typ, 'at+jwt')]).toEqual([undefined, 'token_type_invalid'])
  })

  it.each(['', 'logout+jwt', 'dpop+jwt', 'application/jwt', 'at+jwt ', 'xat+jwt'])('refuses %j', (typ) => {
    expect(verdict(typ, 'any')).toBe('token_type_invalid')
  })
})

describe('checkClaims', () => {
  it('returns the claims that decide', () => {
    expect(checkClaims(claims({ nbf: 1, iat: 2.5, jti: 't' }), RULES)).toEqual({
      subject: 'alice',
      expiresAt: NOW + 600,
      notBefore: 1,
      issuedAt: 2.5,
      tokenId: 't',
    })
  })

  it.each([
    undefined,
    '',
    ISSUER.slice(0, -1),
    `${ISSUER}/`,
    ISSUER.toUpperCase(),
    'http://id.example',
    `${ISSUER}.evil`,
    [ISSUER],
    1,
    null,
  ])('refuses iss %j', (iss) => expect(refused({ iss })).toBe('issuer_invalid'))

  it.each([
    undefined,
    '',
    'order',
    'orders ',
    'Orders',
    [],
    ['other'],
    [['orders']],
    ['orders', 1],
    { orders: 1 },
    null,
    1,
    'orders other',
  ])('refuses aud %j', (aud) => expect(refused({ aud })).toBe('audience_invalid'))

  it.each(['orders', ['orders'], ['other', 'orders']])('takes aud %j', (aud) =>
    expect(refused({ aud })).toBeUndefined(),
  )

  it.each([
    ['', 'claim_invalid'],
    [1, 'claim_invalid'],
    [['u'], 'claim_invalid'],
    [null, 'claim_invalid'],
    ['s'.repeat(1025), 'claim_invalid'],
  ])('refuses sub %j with %s', (sub, reason) => expect(refused({ sub })).toBe(reason))

  it('takes a sub and a jti of 1024 characters, and refuses a jti of one more or of another type', () => {
    expect(refused({ sub: 's'.repeat(1024), jti: 'j'.repeat(1024) })).toBeUndefined()
    expect(refused({ jti: 'j'.repeat(1025) })).toBe('claim_invalid')
    expect(refused({ jti: 1 })).toBe('claim_invalid')
  })

  it('asks for sub and exp', () => {
    expect([refused({ sub: undefined }), refused({ exp: undefined })]).toEqual(['claim_missing', 'claim_missing'])
    expect(refused({ exp: undefined }, { expiryRequired: false })).toBeUndefined()
  })

  it.each(['exp', 'nbf', 'iat'])('refuses %s that is no number', (name) => {
    for (const value of ['1700000000', '', true, {}, [], null])
      expect(refused({ [name]: value }), String(value)).toBe('claim_invalid')
  })

  it.each(['exp', 'nbf', 'iat'])('refuses %s of 1e400, which is infinite once parsed', (name) => {
    const text = JSON.stringify(claims({ [name]: 'HUGE' })).replace('"HUGE"', '1e400')
    expect(reasonOf(() => checkClaims(JSON.parse(text), { ...RULES, expiryRequired: false }))).toBe('claim_invalid')
  })

  it('leaves issuer and audience out only where null says so', () => {
    expect(refused({ iss: 'x', aud: undefined }, { issuer: null, audience: null })).toBeUndefined()
  })

  it('finds no claim on a prototype', () => {
    expect(reasonOf(() => checkClaims(JSON.parse('{"__proto__":{"iss":"x"}}'), RULES))).toBe('issuer_invalid')
  })
})

describe('checkTimes', () => {
  const ALIVE: CheckedClaims = {
    subject: 's',
    expiresAt: undefined,
    notBefore: undefined,
    issuedAt: undefined,
    tokenId: undefined,
  }
  const verdict = (more: Partial<CheckedClaims>, maxAgeSeconds: number | null = null, skewSeconds = 30) =>
    reasonOf(() => checkTimes({ ...ALIVE, ...more }, NOW, { skewSeconds, maxAgeSeconds }))

  it.each<[string, Partial<CheckedClaims>, string | undefined]>([
    ['exp one second short of the skew', { expiresAt: NOW - 29 }, undefined],
    ['exp at the skew: on or after it is expired', { expiresAt: NOW - 30 }, 'token_expired'],
    ['nbf at the skew', { notBefore: NOW + 30 }, undefined],
    ['nbf one second beyond', { notBefore: NOW + 31 }, 'token_not_yet_valid'],
    ['iat at the skew', { issuedAt: NOW + 30 }, undefined],
    ['iat one second beyond', { issuedAt: NOW + 31 }, 'token_not_yet_valid'],
  ])('%s: %s', (_, more, reason) => {
    expect(verdict(more)).toBe(reason)
  })

  it('without skew a token ends at exp and not a second before', () => {
    expect([verdict({ expiresAt: NOW + 1 }, null, 0), verdict({ expiresAt: NOW }, null, 0)]).toEqual([
      undefined,
      'token_expired',
    ])
  })

  it('refuses a token issued longer ago than is allowed, with the skew, and one that does not say when', () => {
    expect(verdict({ issuedAt: NOW - 630 }, 600)).toBeUndefined()
    expect(verdict({ issuedAt: NOW - 631 }, 600)).toBe('token_too_old')
    expect(verdict({}, 600)).toBe('claim_missing')
  })
})
