import { describe, expect, it } from 'vitest'
import type { Decision } from '../src/index.js'
import { ALICE, bench, NOW, serviceOf, wordOf } from './kit.js'

const WEB = { clientId: 'web' }

function tokensOf<T>(decision: Decision<T>): T {
  if (decision.outcome === 'deny') throw new Error(decision.reason)
  return decision.tokens
}

const reasonOf = (decision: Decision<unknown>) => (decision.outcome === 'deny' ? decision.reason : 'allow')

describe('a session', () => {
  it('begins with an access token of RFC 9068 and an opaque refresh token', async () => {
    const at = await bench()
    const session = await at.issuer.startSession(ALICE)
    expect(session.refreshToken).toMatch(/^[A-Za-z0-9_-]{86}$/)
    expect(session).toMatchObject({
      expiresAt: NOW + 300,
      expiresInSeconds: 300,
      refreshExpiresAt: NOW + 86_400,
      subject: 'alice',
    })
    expect(await wordOf(serviceOf(at), session.accessToken)).toBe('allow')
  })

  it('goes on by refreshing: every use gives another token, and the one before is over', async () => {
    const at = await bench()
    const first = await at.issuer.startSession(ALICE)
    at.clock.now += 200
    const second = tokensOf(await at.issuer.refresh({ ...WEB, refreshToken: first.refreshToken }))
    at.clock.now += 200
    const third = tokensOf(await at.issuer.refresh({ ...WEB, refreshToken: second.refreshToken }))
    expect(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size).toBe(3)
    expect(new Set([first, second, third].map(({ sessionId }) => sessionId)).size).toBe(1)
    expect(await wordOf(serviceOf(at), third.accessToken)).toBe('allow')
  })

  it.each([
    ['within the grace a lost answer can be asked for again', 10, 'allow'],
    ['a second later that is reuse', 11, 'refresh_token_reused'],
  ])('%s', async (_, seconds, word) => {
    const at = await bench()
    const first = await at.issuer.startSession(ALICE)
    const lost = tokensOf(await at.issuer.refresh({ ...WEB, refreshToken: first.refreshToken }))
    at.clock.now += seconds
    const again = await at.issuer.refresh({ ...WEB, refreshToken: first.refreshToken })
    expect(reasonOf(again)).toBe(word)
    if (again.outcome === 'allow') expect(again.tokens.refreshToken).toBe(lost.refreshToken)
  })

  it('reuse ends the session: the live refresh token, the access tokens, and the log says so', async () => {
    const at = await bench()
    const service = serviceOf(at)
    const first = await at.issuer.startSession(ALICE)
    const second = tokensOf(await at.issuer.refresh({ ...WEB, refreshToken: first.refreshToken }))
    at.clock.now += 60
    expect(await at.issuer.refresh({ ...WEB, refreshToken: first.refreshToken })).toMatchObject({
      outcome: 'deny',
      reason: 'refresh_token_reused',
      status: 400,
      error: 'invalid_grant',
    })
    expect(at.audit.last).toMatchObject({
      event: 'auth.refresh',
      v: 1,
      outcome: 'deny',
      reason: 'refresh_token_reused',
      revoked: 'session',
      principal: 'alice',
      client: 'web',
      sessionId: first.sessionId,
    })
    expect(reasonOf(await at.issuer.refresh({ ...WEB, refreshToken: second.refreshToken }))).toBe('session_revoked')
    expect(await wordOf(service, first.accessToken)).toBe('token_revoked')
    expect(await wordOf(service, second.accessToken)).toBe('token_revoked')
  })

  it('a token is old as soon as its successor was used, however short the time', async () => {
    const at = await bench()
    const first = await at.issuer.startSession(ALICE)
    const second = tokensOf(await at.issuer.refresh({ ...WEB, refreshToken: first.refreshToken }))
    await at.issuer.refresh({ ...WEB, refreshToken: second.refreshToken })
    expect(reasonOf(await at.issuer.refresh({ ...WEB, refreshToken: first.refreshToken }))).toBe('refresh_token_reused')
  })

  it.each([
    ['a second before', 86_399, 'allow'],
    ['and then', 86_400, 'refresh_token_expired'],
  ])('ends when nobody refreshed for a day: %s', async (_, seconds, word) => {
    const at = await bench()
    const first = await at.issuer.startSession(ALICE)
    at.clock.now += seconds
    expect(reasonOf(await at.issuer.refresh({ ...WEB, refreshToken: first.refreshToken }))).toBe(word)
  })
})
