import { describe, expect, it } from 'vitest'
import { memoryRefreshStore, RefreshStoreError } from '../../src/index.js'
import { newRefreshToken } from '../../src/refresh/token.js'
import { testRefreshStore } from './contract.js'

testRefreshStore('memoryRefreshStore', async () => ({ store: memoryRefreshStore(), close: async () => undefined }))

function familyFrom(startedAt: number) {
  const { familyId: id, familyHash, tokenHash } = newRefreshToken()
  const grant = { subject: 'alice', clientId: 'web', audience: ['orders'] }
  return { id, familyHash, tokenHash, grant, startedAt, expiresAt: startedAt + 100, idleSeconds: 50, graceSeconds: 5 }
}

describe('memoryRefreshStore', () => {
  it('is bounded: full of live sessions it starts none, and makes room of those that ended', () => {
    const store = memoryRefreshStore({ maxSessions: 2 })
    store.start(familyFrom(0), 0)
    store.start(familyFrom(10), 10)
    expect(() => store.start(familyFrom(49), 49)).toThrow(RefreshStoreError)
    store.start(familyFrom(50), 50)
    expect(() => store.start(familyFrom(59), 59)).toThrow('The store is full of live sessions')
  })

  it('forgets the subject of a session with it', () => {
    const store = memoryRefreshStore({ maxSessions: 1 })
    store.start(familyFrom(0), 0)
    const family = familyFrom(60)
    store.start(family, 60)
    expect(store.endSubject('alice', 60)).toEqual([family.id])
  })

  it.each([0, 1.5, Number.NaN, 10_000_001])('refuses %d for a number of sessions', (maxSessions) => {
    expect(() => memoryRefreshStore({ maxSessions })).toThrow('memoryRefreshStore.maxSessions')
  })
})
