import type { RevocableCredentials, RevocationEntry, RevocationStore } from '@countersign/core'
import { describe, expect, it } from 'vitest'

const ISSUER = 'https://id.example'
const OTHER = 'https://other.example'
const SKEW = 300

/**
 * What every revocation store promises, wherever it remembers.
 *
 * @param open - a store that knows nothing, whose data nobody else has
 */
export function revocationStoreContract(open: () => RevocationStore): void {
  const now = Math.floor(Date.now() / 1000)
  const end = now + 600

  const token: RevocableCredentials = {
    scheme: 'bearer',
    issuer: ISSUER,
    tokenId: 't-1',
    subject: 'alice',
    sessionId: 's-1',
    keyId: 'k-1',
    issuedAt: now - 10,
  }
  const service: RevocableCredentials = { scheme: 'hmac', keyId: 'k-1' }

  describe('as a revocation store', () => {
    it('revokes nothing that it was not told of', async () => {
      const store = open()
      await store.revoke({ tokenId: 't-2', expiresAt: end })
      await store.revoke({ subject: 'bob', issuedBefore: now, expiresAt: end })
      expect(await store.isRevoked(token, now)).toBe(false)
      expect(await store.isRevoked(service, now)).toBe(false)
      expect(await store.isRevoked({ scheme: 'hmac' }, now)).toBe(false)
    })

    it.each([
      ['jti', { tokenId: 't-1' }],
      ['sid', { sessionId: 's-1' }],
      ['kid', { scheme: 'bearer', keyId: 'k-1' }],
      ['sub', { subject: 'alice', issuedBefore: now }],
    ] as const)('revokes a token by its %s, of one issuer or of whichever', async (_, by) => {
      for (const [issuer, revoked] of [
        [{}, true],
        [{ issuer: ISSUER }, true],
        [{ issuer: OTHER }, false],
      ] as const) {
        const store = open()
        await store.revoke({ ...by, ...issuer, expiresAt: end })
        expect(await store.isRevoked(token, now)).toBe(revoked)
      }
    })

    it('keeps the ids of HMAC keys and of verification keys apart', async () => {
      const store = open()
      await store.revoke({ scheme: 'hmac', keyId: 'k-1' })
      expect(await store.isRevoked(service, now)).toBe(true)
      expect(await store.isRevoked(token, now)).toBe(false)
    })

    it('takes no issuer and id for another pair of the same letters', async () => {
      const store = open()
      await store.revoke({ issuer: 'ab', tokenId: 'c', expiresAt: end })
      expect(await store.isRevoked({ scheme: 'bearer', issuer: 'a', tokenId: 'bc' }, now)).toBe(false)
      expect(await store.isRevoked({ scheme: 'bearer', issuer: 'ab', tokenId: 'c' }, now)).toBe(true)
    })

    it.each(['{}', '{a}', 'a b', 'a\r\nb', 'ä€😀'])('takes %j for an id', async (tokenId) => {
      const store = open()
      await store.revoke({ issuer: tokenId, tokenId, expiresAt: end })
      expect(await store.isRevoked({ scheme: 'bearer', issuer: tokenId, tokenId }, now)).toBe(true)
      expect(await store.isRevoked({ scheme: 'bearer', issuer: tokenId, tokenId: `${tokenId} ` }, now)).toBe(false)
    })

    it.each([
      [-1, true],
      [-0.5, true],
      [0, false],
      [1, false],
      [undefined, true],
    ])('of a subject: a token issued %s seconds after the revocation is revoked: %s', async (after, revoked) => {
      const store = open()
      await store.revoke({ subject: 'alice', issuedBefore: now, expiresAt: end })
      const issuedAt = after === undefined ? undefined : now + after
      expect(await store.isRevoked({ ...token, issuedAt }, now)).toBe(revoked)
    })

    it('does not take back what an earlier entry revoked', async () => {
      const store = open()
      await store.revoke({ subject: 'alice', issuedBefore: now, expiresAt: end })
      await store.revoke({ subject: 'alice', issuedBefore: now - 100, expiresAt: now })
      expect(await store.isRevoked(token, end)).toBe(true)
    })

    it('takes what a later entry adds', async () => {
      const store = open()
      await store.revoke({ subject: 'alice', issuedBefore: now - 100, expiresAt: now })
      expect(await store.isRevoked(token, now)).toBe(false)
      await store.revoke({ subject: 'alice', issuedBefore: now + 0.25, expiresAt: end })
      expect(await store.isRevoked({ ...token, issuedAt: now }, end)).toBe(true)
    })

    it('keeps an entry until the last token that it concerns ends by the largest skew, and not longer', async () => {
      const store = open()
      await store.revoke({ tokenId: 't-1', expiresAt: end })
      expect(await store.isRevoked(token, end + SKEW)).toBe(true)
      expect(await store.isRevoked(token, end + SKEW + 1)).toBe(false)
    })

    it('keeps a revoked key for ever where no end is given, and where one is given afterwards', async () => {
      const store = open()
      await store.revoke({ scheme: 'hmac', keyId: 'k-1' })
      await store.revoke({ scheme: 'hmac', keyId: 'k-1', expiresAt: now })
      expect(await store.isRevoked(service, now + 1e9)).toBe(true)
    })

    it('does not answer for a time whose entries are gone', async () => {
      const store = open()
      await store.revoke({ tokenId: 't-1', expiresAt: now })
      await store.isRevoked(token, now + 1000)
      await store.revoke({ tokenId: 't-2', expiresAt: now + 2000 })
      await expect((async () => store.isRevoked(token, now))()).rejects.toThrow('The clock went back')
    })

    it.each([
      [{}],
      [{ sub: 'alice', expiresAt: end }],
      [{ tokenId: '', expiresAt: end }],
      [{ tokenId: 't-1' }],
      [{ tokenId: 't-1', expiresAt: end * 1000 }],
      [{ tokenId: 't-1', expiresAt: Number.NaN }],
      [{ tokenId: 't-1', expiresAt: end, issuer: '' }],
      [{ subject: 'alice', expiresAt: end }],
      [{ subject: 'alice', issuedBefore: String(now), expiresAt: end }],
      [{ keyId: 'k-1' }],
    ])('refuses %j', async (entry) => {
      // What JavaScript would let pass.
      await expect((async () => open().revoke(entry as unknown as RevocationEntry))()).rejects.toThrow(TypeError)
    })

    it('is ready', async () => {
      expect((await open().ready?.(now)) ?? true).toBe(true)
    })
  })
}
