import { bearer, ConfigurationError, createVerifier, memoryRevocation, staticJwks } from '@countersign/core'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  type AccessTokenRequest,
  createTokenIssuer,
  IssuanceError,
  memoryRefreshStore,
  memorySigningKeys,
  type TokenIssuerOptions,
} from '../src/index.js'
import { ALICE, bench, decide, ISSUER, NOW, partsOf, serviceOf, wordOf } from './kit.js'

const ALGORITHMS = ['EdDSA', 'ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const

describe('an access token', () => {
  it('says what RFC 9068 asks for', async () => {
    const { issuer } = await bench()
    const { accessToken, tokenId, scopes, expiresAt } = await issuer.issueAccessToken({
      ...ALICE,
      claims: { tenant: 'acme' },
    })
    const [header, claims] = partsOf(accessToken)
    expect(header).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: issuer.jwks().keys[0]?.kid })
    expect(claims).toEqual({
      iss: ISSUER,
      sub: 'alice',
      aud: ['orders', 'inventory'],
      exp: NOW + 300,
      iat: NOW,
      jti: tokenId,
      client_id: 'web',
      scope: 'read write',
      roles: ['orders:read', 'orders:write'],
      auth_time: NOW,
      acr: 'aal2',
      amr: ['pwd', 'otp', 'mfa'],
      tenant: 'acme',
    })
    expect([scopes, expiresAt]).toEqual([['read', 'write'], NOW + 300])
  })

  it('has whole seconds, and leaves out what was not said', async () => {
    const at = await bench()
    at.clock.now = NOW + 0.9
    const { accessToken } = await at.issuer.issueAccessToken({ subject: 'alice', clientId: 'web', audience: 'orders' })
    const { jti, ...claims } = partsOf(accessToken)[1]
    expect(claims).toEqual({ iss: ISSUER, sub: 'alice', aud: 'orders', exp: NOW + 300, iat: NOW, client_id: 'web' })
    expect(jti).toMatch(/^[0-9a-f-]{36}$/)
  })

  it.each(ALGORITHMS)('signed with %s is taken by core and by jose', async (algorithm) => {
    const at = await bench({ keys: memorySigningKeys({ algorithm }) })
    const { accessToken } = await at.issuer.issueAccessToken(ALICE)
    const verifier = createVerifier({
      audience: 'orders',
      schemes: [
        bearer({
          issuers: [
            { issuer: ISSUER, algorithms: [algorithm], keys: staticJwks(at.issuer.jwks()), tokenType: 'at+jwt' },
          ],
        }),
      ],
      audit: null,
      clock: at.clock.read,
    })
    expect(await decide(verifier, accessToken, { allRoles: ['orders:read'], allScopes: ['write'] })).toMatchObject({
      outcome: 'allow',
      auth: { principal: { id: 'alice', issuer: ISSUER } },
    })
    const options = { issuer: ISSUER, audience: 'orders', typ: 'at+jwt', currentDate: new Date(NOW * 1000) }
    const { payload } = await jwtVerify(accessToken, createLocalJWKSet(at.issuer.jwks() as JSONWebKeySet), options)
    expect(payload).toMatchObject({ sub: 'alice', client_id: 'web' })
  })

  it('is taken by the service that it is for until it ends, and by no other', async () => {
    const at = await bench()
    const { accessToken } = await at.issuer.issueAccessToken({ ...ALICE, audience: 'orders' })
    const [orders, inventory] = [serviceOf(at, 'orders'), serviceOf(at, 'inventory')]
    at.clock.now = NOW + 299
    expect([await wordOf(orders, accessToken), await wordOf(inventory, accessToken)]).toEqual([
      'allow',
      'audience_invalid',
    ])
    at.clock.now = NOW + 300
    expect(await wordOf(orders, accessToken)).toBe('token_expired')
  })

  it.each<[Partial<AccessTokenRequest>, string]>([
    [{ subject: '' }, 'subject must be a text'],
    [{ subject: 'web' }, 'subject is the name of the client'],
    [{ clientId: 'a'.repeat(257) }, 'clientId must be a text of 1 to 256 characters'],
    [{ audience: [] }, 'audience must name'],
    [{ roles: ['a', 'a'] }, 'roles has a name twice'],
    [{ roles: 'admin' as never }, 'roles must be a list'],
    [{ scopes: ['two words'] }, 'a scope has only the characters'],
    [{ authTime: NOW * 1000 }, 'authTime must be a NumericDate'],
    [{ authTime: Number.NaN }, 'authTime must be a NumericDate'],
    [{ claims: { sub: 'root' } }, 'claims.sub is written by the issuer'],
    [{ claims: { cnf: {} } }, 'claims.cnf is written by the issuer'],
    [{ claims: { text: 'a'.repeat(8192) } }, 'the token would have more than 8192 characters'],
  ])('is refused to a request that is wrong: %j', async (more, message) => {
    const { issuer } = await bench()
    const asking = issuer.issueAccessToken({ ...ALICE, ...more })
    await expect(asking).rejects.toThrow(TypeError)
    await expect(asking).rejects.toThrow(message)
  })

  it('is for configured audiences', async () => {
    const { issuer } = await bench()
    await expect(issuer.issueAccessToken({ ...ALICE, audience: ['orders', 'payroll'] })).rejects.toThrow(IssuanceError)
  })

  it('is not changed by what the caller does to its lists later', async () => {
    const at = await bench()
    const roles = ['orders:read']
    const session = await at.issuer.startSession({ ...ALICE, roles })
    roles.push('admin')
    const decision = await at.issuer.refresh({ refreshToken: session.refreshToken, clientId: 'web' })
    expect(decision.outcome === 'allow' && partsOf(decision.tokens.accessToken)[1]['roles']).toEqual(['orders:read'])
  })
})

describe('a service’s token', () => {
  it('is for the client itself, short, and leaves a record', async () => {
    const at = await bench({ serviceTokenSeconds: 120 })
    const request = { method: 'POST', ip: '192.0.2.1', requestId: 'r-1', framework: 'fastify' }
    const { accessToken, tokenId } = await at.issuer.issueServiceToken(
      { clientId: 'billing', audience: 'orders', roles: ['orders:read'] },
      request,
    )
    expect(partsOf(accessToken)[1]).toEqual({
      iss: ISSUER,
      sub: 'billing',
      aud: 'orders',
      exp: NOW + 120,
      iat: NOW,
      jti: tokenId,
      client_id: 'billing',
      roles: ['orders:read'],
    })
    expect(at.audit.records).toMatchObject([
      {
        event: 'auth.token',
        v: 1,
        outcome: 'allow',
        principal: 'billing',
        client: 'billing',
        audience: ['orders'],
        tokenId,
        ...request,
      },
    ])
    expect(await wordOf(serviceOf(at), accessToken)).toBe('allow')
  })

  it('that is refused leaves a record too', async () => {
    const at = await bench()
    await expect(at.issuer.issueServiceToken({ clientId: 'billing', audience: 'payroll' })).rejects.toThrow(
      IssuanceError,
    )
    expect(at.audit.last).toMatchObject({ event: 'auth.token', outcome: 'deny', reason: 'audience_not_allowed' })
  })
})

describe('createTokenIssuer', () => {
  const good = { issuer: ISSUER, audiences: ['orders'], keys: memorySigningKeys() }
  const sessions = { refresh: { store: memoryRefreshStore() }, revocation: null }

  it.each<[Partial<Record<keyof TokenIssuerOptions, unknown>>, string]>([
    [{ issuer: undefined }, 'issuer must be a non-empty string'],
    [{ issuer: 'id.example' }, 'issuer must be an https URL'],
    [{ issuer: 'http://id.example' }, 'issuer must be an https URL; http is for loopback'],
    [{ issuer: 'https://id.example/?a' }, 'issuer must have neither query nor fragment'],
    [{ issuer: 'https://me@id.example' }, 'issuer must not have a user name'],
    [{ audiences: [] }, 'audiences must be a non-empty list'],
    [{ keys: undefined }, 'keys is required'],
    [{ accessTokenSeconds: 3601 }, 'accessTokenSeconds must be a number from 1 to 3600'],
    [{ accessTokenSeconds: 1.5 }, 'accessTokenSeconds must be a whole number'],
    [{ serviceTokenSeconds: Number.NaN }, 'serviceTokenSeconds'],
    [{ jwksMaxAgeSeconds: 3600 }, 'keys.publishAheadSeconds must be more than jwksMaxAgeSeconds'],
    [{ metadata: { jwks_uri: 'https://evil.example' } }, 'metadata.jwks_uri is written by the issuer'],
    [{ refresh: { store: memoryRefreshStore() } }, 'revocation is required with refresh'],
    [{ revocation: { isRevoked: () => false } }, 'revocation must be a store that can be told'],
    [{ ...sessions, refresh: {} }, 'refresh.store is required'],
    [{ ...sessions, refresh: { store: memoryRefreshStore(), graceSeconds: 121 } }, 'refresh.graceSeconds'],
    [{ ...sessions, refresh: { store: memoryRefreshStore(), idle: 1 } }, 'refresh.idle is not known'],
    [{ audit: {} }, 'audit must be a pino logger or null'],
    [{ clock: 5 }, 'clock must be a function'],
    [{ accessTokenLifetime: 5 } as object, 'options.accessTokenLifetime is not known'],
  ])('refuses %j', (options, message) => {
    const making = () => createTokenIssuer({ ...good, ...options } as TokenIssuerOptions)
    expect(making).toThrow(ConfigurationError)
    expect(making).toThrow(message)
  })

  it.each(['http://127.0.0.1:3000', 'http://localhost', 'http://[::1]:8080/tenant'])(
    'takes %s, which is loopback',
    (issuer) => {
      expect(createTokenIssuer({ ...good, issuer, audit: null }).issuer).toBe(issuer)
    },
  )

  it('has no sessions where none are configured, and says so', async () => {
    const issuer = createTokenIssuer({ ...good, audit: null })
    await issuer.warmup()
    await expect(issuer.startSession({ ...ALICE, audience: 'orders' })).rejects.toThrow(
      'the option refresh is not given',
    )
    expect(await issuer.refresh({ refreshToken: 'a', clientId: 'web' })).toMatchObject({
      reason: 'internal',
      status: 500,
    })
    expect(await issuer.health()).toMatchObject({ ready: true })
    await issuer.close()
  })

  it('issues nothing by a clock that tells no time', async () => {
    const at = await bench()
    at.clock.now = Number.NaN
    await expect(at.issuer.issueAccessToken(ALICE)).rejects.toThrow('the clock tells no time')
  })

  it('signs nothing before there are keys', async () => {
    const issuer = createTokenIssuer({ ...good, audit: null })
    await expect(issuer.issueAccessToken({ ...ALICE, audience: 'orders' })).rejects.toThrow(
      'The signing keys cannot be had at the moment',
    )
    expect((await issuer.health()).ready).toBe(false)
  })
})

describe('what is revoked', () => {
  it('all of a subject: sessions, their access tokens, and tokens without a session', async () => {
    const at = await bench()
    const orders = serviceOf(at)
    const [one, two] = [await at.issuer.startSession(ALICE), await at.issuer.startSession(ALICE)]
    const loose = await at.issuer.issueAccessToken(ALICE)
    const other = await at.issuer.startSession({ ...ALICE, subject: 'bob' })
    at.clock.now += 0.5
    const ended = await at.issuer.revokeSubject('alice')
    expect(ended).toMatchObject({ outcome: 'allow' })
    expect(ended.outcome === 'allow' && [...ended.sessions].sort()).toEqual([one.sessionId, two.sessionId].sort())
    for (const { accessToken } of [one, two, loose]) expect(await wordOf(orders, accessToken)).toBe('token_revoked')
    expect(await wordOf(orders, other.accessToken)).toBe('allow')
    expect(await at.issuer.refresh({ refreshToken: one.refreshToken, clientId: 'web' })).toMatchObject({
      reason: 'session_revoked',
    })
    expect(at.audit.records.at(-2)).toMatchObject({
      event: 'auth.revoke',
      outcome: 'allow',
      principal: 'alice',
      revoked: 'subject',
    })
  })

  it('a subject that logs in again in the same second is let in', async () => {
    const at = await bench()
    const service = createVerifier({
      audience: 'orders',
      schemes: [bearer({ issuers: [{ issuer: ISSUER, algorithms: ['EdDSA'], keys: at.issuer.verificationKeys }] })],
      revocation: at.revocation,
      audit: null,
      clock: at.clock.read,
    })
    const before = await at.issuer.startSession(ALICE)
    await at.issuer.revokeSubject('alice')
    const after = await at.issuer.startSession(ALICE)
    expect([await wordOf(service, before.accessToken), await wordOf(service, after.accessToken)]).toEqual([
      'token_revoked',
      'allow',
    ])
  })

  it('a logout ends the session, by its id or any of its refresh tokens, and is no error the second time', async () => {
    const at = await bench()
    const session = await at.issuer.startSession(ALICE)
    const next = await at.issuer.refresh({ refreshToken: session.refreshToken, clientId: 'web' })
    expect(await at.issuer.endSession({ refreshToken: session.refreshToken })).toEqual({
      outcome: 'allow',
      sessions: [session.sessionId],
    })
    expect(at.audit.last).toMatchObject({
      event: 'auth.logout',
      outcome: 'allow',
      sessionId: session.sessionId,
      revoked: 'session',
    })
    expect(await at.issuer.endSession({ sessionId: session.sessionId })).toMatchObject({ outcome: 'allow' })
    expect(await at.issuer.endSession({ refreshToken: 'never was one' })).toEqual({ outcome: 'allow', sessions: [] })
    expect(next.outcome === 'allow' && (await wordOf(serviceOf(at), next.tokens.accessToken))).toBe('token_revoked')
  })

  it('a revocation list that cannot be reached is said, and asked again it is done', async () => {
    const revocation = memoryRevocation()
    let isAway = true
    const at = await bench({
      revocation: {
        isRevoked: (...args) => revocation.isRevoked(...args),
        async revoke(entry) {
          if (isAway) throw new Error('away')
          revocation.revoke(entry)
        },
      },
    })
    const service = serviceOf({ ...at, revocation })
    const first = await at.issuer.startSession(ALICE)
    await at.issuer.refresh({ refreshToken: first.refreshToken, clientId: 'web' })
    at.clock.now += 60
    expect(await at.issuer.refresh({ refreshToken: first.refreshToken, clientId: 'web' })).toMatchObject({
      reason: 'refresh_token_reused',
    })
    expect(at.audit.last).toMatchObject({
      outcome: 'error',
      reason: 'refresh_token_reused',
      error: 'revocation_unavailable',
    })
    expect(await at.issuer.endSession({ sessionId: first.sessionId })).toMatchObject({
      reason: 'revocation_unavailable',
      status: 503,
    })
    expect(await wordOf(service, first.accessToken)).toBe('allow')
    isAway = false
    expect(await at.issuer.refresh({ refreshToken: first.refreshToken, clientId: 'web' })).toMatchObject({
      reason: 'session_revoked',
    })
    expect(await wordOf(service, first.accessToken)).toBe('token_revoked')
  })
})
