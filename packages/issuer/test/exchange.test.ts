import { ConfigurationError, memoryRevocation } from '@countersign/core'
import { describe, expect, it } from 'vitest'
import type { Decision, ExchangeRequest, TokenIssuerOptions } from '../src/index.js'
import { ALICE, type Bench, bench, decide, NOW, partsOf, serviceOf, wordOf } from './kit.js'

const RULES = [
  { actor: 'orders', targets: ['inventory', 'billing'] },
  { actor: 'stock', audience: 'inventory', targets: ['billing'] },
]

const start = (options: Partial<TokenIssuerOptions> = {}) => bench({ exchange: RULES, ...options })

async function userToken(at: Bench, more: Partial<typeof ALICE> = {}): Promise<string> {
  return (await at.issuer.startSession({ ...ALICE, claims: { tenant: 'acme' }, ...more })).accessToken
}

function reasonOf(decision: Decision<unknown>): string {
  return decision.outcome === 'deny' ? decision.reason : 'allow'
}

async function exchanged(at: Bench, request: ExchangeRequest): Promise<string> {
  const decision = await at.issuer.exchange(request)
  if (decision.outcome === 'deny') throw new Error(decision.reason)
  return decision.tokens.accessToken
}

describe('token exchange', () => {
  it('gives the service that was called a token for the next one: the same subject, itself as the actor', async () => {
    const at = await start()
    const subjectToken = await userToken(at)
    const token = await exchanged(at, { subjectToken, actor: 'orders', audience: 'inventory' })
    const [, before] = partsOf(subjectToken)
    const [header, claims] = partsOf(token)
    expect(header).toMatchObject({ typ: 'at+jwt' })
    expect(claims).toEqual({
      ...before,
      aud: 'inventory',
      jti: claims['jti'],
      client_id: 'orders',
      act: { sub: 'orders' },
    })
    expect(claims['jti']).not.toBe(before['jti'])
    expect(claims['tenant']).toBe('acme')
    const decision = await decide(serviceOf(at, 'inventory'), token, { anyRole: ['orders:read'] })
    expect(decision).toMatchObject({ outcome: 'allow', auth: { principal: { id: 'alice' } } })
    expect(await wordOf(serviceOf(at, 'orders'), token)).toBe('audience_invalid')
  })

  it('keeps the actors before, the last one outside', async () => {
    const at = await start()
    const first = await exchanged(at, { subjectToken: await userToken(at), actor: 'orders', audience: 'inventory' })
    const second = await exchanged(at, { subjectToken: first, actor: 'stock', audience: 'billing' })
    expect(partsOf(second)[1]['act']).toEqual({ sub: 'stock', act: { sub: 'orders' } })
  })

  it('narrows where it is asked, and never widens', async () => {
    const at = await start()
    const subjectToken = await userToken(at)
    const request = { subjectToken, actor: 'orders', audience: 'inventory' }
    const [, claims] = partsOf(await exchanged(at, { ...request, scopes: ['read'], roles: [] }))
    expect(claims).toMatchObject({ scope: 'read' })
    expect(claims).not.toHaveProperty('roles')
    expect(reasonOf(await at.issuer.exchange({ ...request, scopes: ['read', 'admin'] }))).toBe('scope_widened')
    expect(reasonOf(await at.issuer.exchange({ ...request, roles: ['admin'] }))).toBe('role_widened')
  })

  it.each([
    ['young', 0, 300],
    ['about to end', 299, 300],
  ])('never outlives the subject token: one that is %s', async (_, seconds, expiresAt) => {
    const at = await start({ accessTokenSeconds: 300 })
    const subjectToken = await userToken(at)
    at.clock.now += seconds
    const decision = await at.issuer.exchange({ subjectToken, actor: 'orders', audience: 'inventory' })
    expect(decision).toMatchObject({ outcome: 'allow', tokens: { expiresAt: NOW + expiresAt } })
  })

  it('dies with the session of the subject token', async () => {
    const at = await start()
    const session = await at.issuer.startSession(ALICE)
    const token = await exchanged(at, { subjectToken: session.accessToken, actor: 'orders', audience: 'inventory' })
    const inventory = serviceOf(at, 'inventory')
    expect(await wordOf(inventory, token)).toBe('allow')
    await at.issuer.endSession({ sessionId: session.sessionId })
    expect(await wordOf(inventory, token)).toBe('token_revoked')
    expect(
      reasonOf(await at.issuer.exchange({ subjectToken: session.accessToken, actor: 'orders', audience: 'inventory' })),
    ).toBe('subject_token_invalid')
    expect(at.audit.last).toMatchObject({
      event: 'auth.exchange',
      outcome: 'deny',
      reason: 'token_revoked',
      actor: 'orders',
    })
  })

  it('is for those that a rule names, with tokens that they received, for targets that it lists', async () => {
    const at = await start()
    const subjectToken = await userToken(at, { audience: ['orders'] })
    const ask = async (actor: string, audience: string | string[]) =>
      reasonOf(await at.issuer.exchange({ subjectToken, actor, audience }))
    expect(await ask('orders', 'inventory')).toBe('allow')
    expect(await ask('orders', ['inventory', 'billing'])).toBe('allow')
    expect(await ask('orders', 'orders')).toBe('audience_not_allowed')
    expect(await ask('orders', [])).toBe('audience_not_allowed')
    expect(await ask('orders', undefined as never)).toBe('audience_not_allowed')
    expect(await ask('stock', 'billing')).toBe('subject_token_invalid')
    expect(at.audit.last).toMatchObject({ reason: 'audience_invalid' })
    expect(await ask('mallory', 'inventory')).toBe('actor_not_allowed')
    expect(
      reasonOf(await (await bench()).issuer.exchange({ subjectToken, actor: 'orders', audience: 'inventory' })),
    ).toBe('actor_not_allowed')
  })

  it.each([
    ['another issuer’s', async () => userToken(await start())],
    ['no token', async () => 'no token'],
    ['two', async (at: Bench) => `${await userToken(at)} ${await userToken(at)}`],
    [
      'one that is over',
      async (at: Bench) => {
        const token = await userToken(at)
        at.clock.now += 300
        return token
      },
    ],
  ])('takes no token that a verifier would not take: %s', async (_, make) => {
    const at = await start()
    const subjectToken = await make(at)
    const decision = await at.issuer.exchange({ subjectToken, actor: 'orders', audience: 'inventory' })
    expect(decision).toMatchObject({
      outcome: 'deny',
      reason: 'subject_token_invalid',
      status: 400,
      error: 'invalid_request',
    })
  })

  it('has an end to the chain of actors', async () => {
    const at = await bench({ audiences: ['orders'], exchange: [{ actor: 'orders', targets: ['orders'] }] })
    let token = await userToken(at, { audience: ['orders'] })
    for (let count = 0; count < 8; count++)
      token = await exchanged(at, { subjectToken: token, actor: 'orders', audience: 'orders' })
    expect(reasonOf(await at.issuer.exchange({ subjectToken: token, actor: 'orders', audience: 'orders' }))).toBe(
      'actor_not_allowed',
    )
  })

  it('says 503 where it cannot be known whether the subject token was revoked', async () => {
    const revocation = memoryRevocation()
    const at = await start({
      revocation: { revoke: revocation.revoke, isRevoked: () => Promise.reject(new Error('away')) },
    })
    const decision = await at.issuer.exchange({
      subjectToken: await userToken(at),
      actor: 'orders',
      audience: 'inventory',
    })
    expect(decision).toMatchObject({ reason: 'revocation_unavailable', status: 503 })
  })

  it.each([
    [[{ actor: 'orders', targets: ['elsewhere'] }], 'exchange[0].targets names elsewhere'],
    [[{ actor: 'gateway', targets: ['orders'] }], 'exchange[0].audience names gateway'],
    [[{ actor: 'orders', targets: [] }], 'exchange[0].targets must be a non-empty list'],
    [[RULES[0], RULES[0]], 'exchange[1].actor is orders, as of another rule'],
    [[{ actor: 'orders', targets: ['billing'], target: 'x' }], 'exchange[0].target is not known'],
  ])('a rule that is wrong stops the start: %j', async (exchange, message) => {
    const starting = start({ exchange: exchange as never })
    await expect(starting).rejects.toThrow(ConfigurationError)
    await expect(starting).rejects.toThrow(message)
  })
})
