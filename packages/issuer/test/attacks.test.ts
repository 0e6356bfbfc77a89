import { describe, expect, it } from 'vitest'
import { type Decision, memoryRefreshStore, type RefreshStore, type SessionTokens } from '../src/index.js'
import { ALICE, type Bench, bench, NOW, partsOf, serviceOf, wordOf } from './kit.js'

/* What is tried with refresh tokens: family O of the attack list, and the faults of their store. */

async function refresh(at: Bench, refreshToken: string, more: object = {}): Promise<Decision<SessionTokens>> {
  return at.issuer.refresh({ refreshToken, clientId: 'web', ...more })
}

async function tokensBy(at: Bench, refreshToken: string): Promise<SessionTokens> {
  const decision = await refresh(at, refreshToken)
  if (decision.outcome === 'deny') throw new Error(decision.reason)
  return decision.tokens
}

const reasonOf = (decision: Decision<unknown>) => (decision.outcome === 'deny' ? decision.reason : 'allow')

describe('a stolen refresh token', () => {
  it('used by the thief first: the owner’s next use finds it out, and the thief has nothing left', async () => {
    const at = await bench()
    const service = serviceOf(at)
    const owner = await at.issuer.startSession(ALICE)
    const thief = await tokensBy(at, owner.refreshToken)
    at.clock.now += 200
    expect(reasonOf(await refresh(at, owner.refreshToken))).toBe('refresh_token_reused')
    expect(reasonOf(await refresh(at, thief.refreshToken))).toBe('session_revoked')
    expect(await wordOf(service, thief.accessToken)).toBe('token_revoked')
  })

  it('used by the owner first: the thief’s use finds it out', async () => {
    const at = await bench()
    const stolen = (await at.issuer.startSession(ALICE)).refreshToken
    const owner = await tokensBy(at, stolen)
    at.clock.now += 200
    expect(reasonOf(await refresh(at, stolen))).toBe('refresh_token_reused')
    expect(reasonOf(await refresh(at, owner.refreshToken))).toBe('session_revoked')
  })

  it('used by both within the grace gives both the same token: the first of the next uses but one finds it out', async () => {
    const at = await bench()
    const stolen = (await at.issuer.startSession(ALICE)).refreshToken
    const [owner, thief] = [await tokensBy(at, stolen), await tokensBy(at, stolen)]
    expect(thief.refreshToken).toBe(owner.refreshToken)
    expect(at.audit.last).toMatchObject({ outcome: 'allow', retried: true })
    at.clock.now += 200
    await tokensBy(at, thief.refreshToken)
    at.clock.now += 200
    expect(reasonOf(await refresh(at, owner.refreshToken))).toBe('refresh_token_reused')
  })

  it('of two generations ago gives nothing and ends the session, within the grace too', async () => {
    const at = await bench()
    const stolen = (await at.issuer.startSession(ALICE)).refreshToken
    const { refreshToken } = await tokensBy(at, (await tokensBy(at, stolen)).refreshToken)
    expect(reasonOf(await refresh(at, stolen))).toBe('refresh_token_reused')
    expect(reasonOf(await refresh(at, refreshToken))).toBe('session_revoked')
  })

  it('is no good to another client, costs its owner nothing, and an old one is found out there as well', async () => {
    const at = await bench()
    const first = (await at.issuer.startSession(ALICE)).refreshToken
    expect(reasonOf(await refresh(at, first, { clientId: 'evil' }))).toBe('client_mismatch')
    const second = await tokensBy(at, first)
    at.clock.now += 60
    expect(reasonOf(await refresh(at, first, { clientId: 'evil' }))).toBe('refresh_token_reused')
    expect(reasonOf(await refresh(at, second.refreshToken))).toBe('session_revoked')
  })
})

describe('asking for more than was granted', () => {
  it.each([
    ['scopes', { scopes: ['read', 'admin'] }, 'scope_widened', 'invalid_scope'],
    ['an audience that the issuer has', { audience: 'billing' }, 'audience_not_allowed', 'invalid_target'],
    ['no audience', { audience: [] }, 'audience_not_allowed', 'invalid_target'],
  ])('%s: is refused, and the token is still good', async (_, more, reason, error) => {
    const at = await bench()
    const { refreshToken } = await at.issuer.startSession(ALICE)
    expect(await refresh(at, refreshToken, more)).toMatchObject({ outcome: 'deny', reason, error, status: 400 })
    expect(reasonOf(await refresh(at, refreshToken))).toBe('allow')
  })

  it('a narrow refresh narrows one access token, not the session', async () => {
    const at = await bench()
    const { refreshToken } = await at.issuer.startSession(ALICE)
    const narrow = await refresh(at, refreshToken, { scopes: ['read'], audience: 'orders' })
    if (narrow.outcome === 'deny') throw new Error(narrow.reason)
    expect(partsOf(narrow.tokens.accessToken)[1]).toMatchObject({ scope: 'read', aud: 'orders' })
    const { accessToken } = await tokensBy(at, narrow.tokens.refreshToken)
    expect(partsOf(accessToken)[1]).toMatchObject({ scope: 'read write', aud: ['orders', 'inventory'] })
  })
})

describe('what the subject may do now', () => {
  it('is asked at each refresh: roles as it says, scopes never beyond the granted ones', async () => {
    let entitlements: { roles: string[]; scopes: string[] } | null = {
      roles: ['orders:read'],
      scopes: ['write', 'admin'],
    }
    const at = await bench({ refresh: { store: memoryRefreshStore(), entitlements: async () => entitlements } })
    const first = await at.issuer.startSession(ALICE)
    const second = await tokensBy(at, first.refreshToken)
    expect(partsOf(second.accessToken)[1]).toMatchObject({ roles: ['orders:read'], scope: 'write' })
    entitlements = null
    expect(reasonOf(await refresh(at, second.refreshToken))).toBe('session_revoked')
    expect(await wordOf(serviceOf(at), second.accessToken)).toBe('token_revoked')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['forgets its answer', () => undefined as never],
    ['never answers', () => new Promise<never>(() => undefined)],
  ])('where that %s nothing is issued, and nothing used up', async (_, entitlements) => {
    let isDown = true
    const store = memoryRefreshStore()
    const asked = () => (isDown ? entitlements() : {})
    const at = await bench({ refresh: { store, entitlements: asked, timeoutSeconds: 0.05 } })
    const { refreshToken } = await at.issuer.startSession(ALICE)
    expect(await refresh(at, refreshToken)).toMatchObject({ reason: 'entitlements_unavailable', status: 503 })
    isDown = false
    expect(reasonOf(await refresh(at, refreshToken))).toBe('allow')
  })
})

describe('a made-up refresh token', () => {
  it.each([
    ['nothing', () => ''],
    ['no text', () => 5 as never],
    ['an access token', ({ accessToken }: SessionTokens) => accessToken],
    ['the session’s id', ({ sessionId }: SessionTokens) => sessionId],
    ['one with a bit more', ({ refreshToken }: SessionTokens) => `${refreshToken}A`],
    [
      'one in another spelling',
      ({ refreshToken }: SessionTokens) => `${refreshToken.slice(0, -1)}${refreshToken.endsWith('B') ? 'C' : 'B'}`,
    ],
    ['one with a space', ({ refreshToken }: SessionTokens) => ` ${refreshToken}`],
  ])('%s is none, and changes nothing', async (_, make) => {
    const at = await bench()
    const session = await at.issuer.startSession(ALICE)
    expect(await refresh(at, make(session))).toMatchObject({
      reason: 'refresh_token_malformed',
      error: 'invalid_grant',
    })
    expect(reasonOf(await refresh(at, session.refreshToken))).toBe('allow')
  })

  it('with the id of a session, which every service that gets its tokens knows, ends nothing', async () => {
    const at = await bench()
    const session = await at.issuer.startSession(ALICE)
    const { sid } = partsOf(session.accessToken)[1]
    const forged = Buffer.concat([Buffer.from(String(sid), 'base64url'), Buffer.alloc(48, 1)]).toString('base64url')
    expect(reasonOf(await refresh(at, forged))).toBe('refresh_token_unknown')
    expect(await at.issuer.endSession({ refreshToken: forged })).toEqual({ outcome: 'allow', sessions: [] })
    expect(reasonOf(await refresh(at, session.refreshToken))).toBe('allow')
  })

  it('all that is wrong with a token reads the same', async () => {
    const at = await bench()
    const first = await at.issuer.startSession(ALICE)
    const second = await tokensBy(at, first.refreshToken)
    await tokensBy(at, second.refreshToken)
    const replies = [
      await refresh(at, 'malformed'),
      await refresh(at, Buffer.alloc(64, 1).toString('base64url')),
      await refresh(at, second.refreshToken, { clientId: 'evil' }),
      await refresh(at, first.refreshToken),
      await refresh(at, second.refreshToken),
    ].map((decision) => (decision.outcome === 'deny' ? [decision.status, decision.error, decision.description] : []))
    expect(new Set(replies.map(String))).toEqual(new Set(['400,invalid_grant,The refresh token is not valid']))
  })

  it('a refresh token is no credential of a request', async () => {
    const at = await bench()
    const { refreshToken } = await at.issuer.startSession(ALICE)
    expect(await wordOf(serviceOf(at), refreshToken)).toBe('token_malformed')
  })
})

describe('a store that fails', () => {
  const memory = memoryRefreshStore()
  const failing = (use: RefreshStore['use']): RefreshStore => ({
    start: (family, now) => memory.start(family, now),
    find: (id, now) => memory.find(id, now),
    end: (id, now) => memory.end(id, now),
    endSubject: (subject, now) => memory.endSubject(subject, now),
    use,
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['never answers', () => new Promise<never>(() => undefined)],
    ['answers nonsense', () => ({ outcome: 'yes' }) as never],
    ['answers nothing', () => undefined as never],
  ])('and %s gives no token: 503, in time', async (_, use) => {
    const at = await bench({ refresh: { store: failing(use), timeoutSeconds: 0.05 } })
    const { refreshToken } = await at.issuer.startSession(ALICE)
    const startedAt = performance.now()
    expect(await refresh(at, refreshToken)).toMatchObject({
      outcome: 'deny',
      reason: 'refresh_store_unavailable',
      status: 503,
      error: 'temporarily_unavailable',
    })
    expect(performance.now() - startedAt).toBeLessThan(2000)
    expect(at.audit.last).toMatchObject({
      event: 'auth.refresh',
      outcome: 'error',
      reason: 'refresh_store_unavailable',
    })
  })
})

describe('what is written and said', () => {
  it('has no token in it, nor a part of one', async () => {
    const at = await bench({ exchange: [{ actor: 'orders', targets: ['inventory'] }] })
    const first = await at.issuer.startSession(ALICE)
    const second = await tokensBy(at, first.refreshToken)
    const said: unknown[] = [
      await at.issuer.exchange({
        subjectToken: `${second.accessToken.slice(0, -8)}AAAAAAAA`,
        actor: 'orders',
        audience: 'inventory',
      }),
    ]
    await at.issuer.exchange({ subjectToken: second.accessToken, actor: 'orders', audience: 'inventory' })
    at.clock.now += 60
    said.push(
      await refresh(at, first.refreshToken),
      await refresh(at, second.refreshToken),
      await refresh(at, 'secret text that is none'),
    )
    said.push(await at.issuer.endSession({ refreshToken: second.refreshToken }), await at.issuer.revokeSubject('alice'))
    const text = JSON.stringify([said, at.audit.records])
    expect(at.audit.records.map(({ event }) => event)).toEqual([
      'auth.refresh',
      'auth.exchange',
      'auth.exchange',
      'auth.refresh',
      'auth.refresh',
      'auth.refresh',
      'auth.logout',
      'auth.revoke',
    ])
    expect(text).not.toContain('secret text')
    for (const token of [first.refreshToken, second.refreshToken]) {
      const bytes = Buffer.from(token, 'base64url')
      for (const secret of [bytes.subarray(16, 32), bytes.subarray(32)])
        expect(text).not.toContain(secret.toString('base64url').slice(0, 12))
    }
    for (const token of [first.accessToken, second.accessToken]) expect(text).not.toContain(token.slice(-40))
  })

  it('tells the request that it came with', async () => {
    const at = await bench()
    const { refreshToken } = await at.issuer.startSession(ALICE)
    const from = { method: 'POST', route: '/token', ip: '192.0.2.7', requestId: 'r-1', framework: 'express' }
    await at.issuer.refresh({ refreshToken, clientId: 'web' }, from)
    expect(at.audit.last).toMatchObject({
      event: 'auth.refresh',
      v: 1,
      outcome: 'allow',
      issuer: 'https://id.example',
      ...from,
    })
    expect(at.audit.last?.durationUs).toBeGreaterThanOrEqual(0)
    expect(NOW).toBe(at.clock.now)
  })
})
