import { describe, expect, it } from 'vitest'
import { memoryRevocation } from '../../src/revocation/memory.js'
import { type RevocableCredentials, RevocationError } from '../../src/revocation/revocation.js'
import { ISSUER, NOW, optionOf } from '../kit.js'

const OTHER = 'https://other.example'
const END = NOW + 600
const SKEW = 300

const TOKEN: RevocableCredentials = {
  scheme: 'bearer',
  issuer: ISSUER,
  tokenId: 't-1',
  subject: 'alice',
  sessionId: 's-1',
  keyId: 'k-1',
  issuedAt: NOW - 10,
}
const SERVICE: RevocableCredentials = { scheme: 'hmac', keyId: 'k-1' }

describe('memoryRevocation', () => {
  it('revokes nothing that it was not told of', () => {
    const store = memoryRevocation()
    store.revoke({ tokenId: 't-2', expiresAt: END })
    store.revoke({ subject: 'bob', issuedBefore: NOW, expiresAt: END })
    expect([
      store.isRevoked(TOKEN, NOW),
      store.isRevoked(SERVICE, NOW),
      store.isRevoked({ scheme: 'hmac' }, NOW),
    ]).toEqual([false, false, false])
  })

  it.each([
    ['jti', { tokenId: 't-1' }],
    ['sid', { sessionId: 's-1' }],
    ['kid', { scheme: 'bearer', keyId: 'k-1' }],
    ['sub', { subject: 'alice', issuedBefore: NOW }],
  ] as const)('revokes a token by its %s, of one issuer or of whichever', (_, by) => {
    for (const [issuer, revoked] of [
      [{}, true],
      [{ issuer: ISSUER }, true],
      [{ issuer: OTHER }, false],
    ] as const) {
      const store = memoryRevocation()
      store.revoke({ ...by, ...issuer, expiresAt: END })
      expect(store.isRevoked(TOKEN, NOW)).toBe(revoked)
    }
  })

  it('keeps the ids of HMAC keys and of verification keys apart', () => {
    const store = memoryRevocation()
    store.revoke({ scheme: 'hmac', keyId: 'k-1' })
    expect([store.isRevoked(SERVICE, NOW), store.isRevoked(TOKEN, NOW)]).toEqual([true, false])
  })

  it('takes no issuer and name for another pair of the same letters', () => {
    const store = memoryRevocation()
    store.revoke({ issuer: 'ab', tokenId: 'c', expiresAt: END })
    expect(store.isRevoked({ scheme: 'bearer', issuer: 'a', tokenId: 'bc' }, NOW)).toBe(false)
    expect(store.isRevoked({ scheme: 'bearer', issuer: 'ab', tokenId: 'c' }, NOW)).toBe(true)
  })

  it.each([
    [NOW - 1, true],
    [NOW, false],
    [NOW + 1, false],
    [undefined, true],
  ])('of a subject revoked as of %#: a token issued at %s is revoked: %s', (issuedAt, revoked) => {
    const store = memoryRevocation()
    store.revoke({ subject: 'alice', issuedBefore: NOW, expiresAt: END })
    expect(store.isRevoked({ ...TOKEN, issuedAt }, NOW)).toBe(revoked)
  })

  it('does not take back what an earlier entry revoked', () => {
    const store = memoryRevocation()
    store.revoke({ subject: 'alice', issuedBefore: NOW, expiresAt: END })
    store.revoke({ subject: 'alice', issuedBefore: NOW - 100, expiresAt: NOW })
    expect(store.isRevoked(TOKEN, END)).toBe(true)
  })

  it('keeps an entry until the last token that it concerns ends by the largest skew, and not longer', () => {
    const store = memoryRevocation()
    store.revoke({ tokenId: 't-1', expiresAt: END })
    expect([END + SKEW, END + SKEW + 1].map((now) => store.isRevoked(TOKEN, now))).toEqual([true, false])
  })

  it('keeps a revoked key for ever where no end is given', () => {
    const store = memoryRevocation()
    store.revoke({ scheme: 'hmac', keyId: 'k-1' })
    expect(store.isRevoked(SERVICE, NOW + 1e9)).toBe(true)
  })

  it('says that it is full rather than forget what still matters, and makes room when something ends', () => {
    const store = memoryRevocation({ maxEntries: 2 })
    store.isRevoked(TOKEN, NOW)
    store.revoke({ tokenId: 't-1', expiresAt: NOW + 10 })
    store.revoke({ tokenId: 't-2', expiresAt: NOW + 10 })
    expect(() => store.revoke({ tokenId: 't-3', expiresAt: END })).toThrow(RevocationError)
    store.revoke({ tokenId: 't-2', expiresAt: NOW + 11 })
    expect(store.isRevoked(TOKEN, NOW)).toBe(true)
    store.isRevoked(TOKEN, NOW + 10 + SKEW + 1)
    store.revoke({ tokenId: 't-3', expiresAt: END })
    expect(store.isRevoked({ ...TOKEN, tokenId: 't-3' }, NOW + 10 + SKEW + 1)).toBe(true)
  })

  it('does not answer for a time whose entries are gone', () => {
    const store = memoryRevocation()
    store.revoke({ tokenId: 't-1', expiresAt: NOW })
    store.isRevoked(TOKEN, NOW + 1000)
    store.revoke({ tokenId: 't-2', expiresAt: NOW + 2000 })
    expect(() => store.isRevoked(TOKEN, NOW)).toThrow(RevocationError)
    expect(store.isRevoked(TOKEN, NOW + SKEW + 1)).toBe(false)
  })

  it.each([
    [{}],
    [{ sub: 'alice', expiresAt: END }],
    [{ tokenId: '', expiresAt: END }],
    [{ tokenId: 't-1' }],
    [{ tokenId: 't-1', expiresAt: END * 1000 }],
    [{ tokenId: 't-1', expiresAt: Number.NaN }],
    [{ tokenId: 't-1', expiresAt: END, issuer: '' }],
    [{ subject: 'alice', expiresAt: END }],
    [{ subject: 'alice', issuedBefore: String(NOW), expiresAt: END }],
    [{ keyId: 'k-1' }],
  ])('refuses %j', (entry) => {
    // What JavaScript would let pass.
    expect(() => memoryRevocation().revoke(entry as never)).toThrow(TypeError)
  })

  it('checks its options', () => {
    expect(optionOf(() => memoryRevocation({ maxEntries: 0 }))).toBe('memoryRevocation.maxEntries')
    expect(optionOf(() => memoryRevocation({ entries: 1 } as object))).toBe('memoryRevocation.entries')
  })
})
