import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  type Allowance,
  bearer,
  createVerifier,
  type Decision,
  type Denial,
  type DenyReason,
  hmac,
  type KeyRingEntry,
  keyRing,
  memoryReplayStore,
  type Policy,
  REASONS,
  type RequestView,
  staticJwks,
  type VerifierOptions,
} from '../src/index.js'
import {
  AUDIENCE,
  bearing,
  bench,
  billing,
  caughtWarnings,
  hmacHeaders,
  issuer,
  keyPair,
  NOW,
  nextNonce,
  now,
  optionOf,
  signed,
  token,
  view,
  withHeader,
} from './kit.js'

const WRONG = Buffer.alloc(32, 1)
const both = (compact = token(), more = {}) => signed({ headers: ['Authorization', `Bearer ${compact}`], ...more })

function denied(decision: Decision): Denial {
  if (decision.outcome === 'allow') throw new Error('allowed')
  return decision
}

describe('verify answers at once where nothing has to be waited for', () => {
  it.each<[string, () => RequestView, Policy]>([
    ['a public route', () => view(), 'public'],
    ['no credentials', () => view(), 'authenticated'],
    ['an anonymous request', () => view(), 'optional'],
    ['a fresh token', () => bearing(token({ jti: nextNonce() })), 'authenticated'],
    ['a token seen before', () => bearing(token()), 'authenticated'],
    ['a signed request without a body', () => signed(), 'authenticated'],
    ['both', () => both(), { actor: {} }],
    ['a bad token', () => bearing('x'), 'authenticated'],
    ['a check that answers at once', () => bearing(token()), { check: () => true }],
  ])('%s', (_, request, policy) => {
    expect(bench().verifier.verify(request(), policy)).not.toBeInstanceOf(Promise)
  })
})

describe('verify answers later where something has to be waited for', () => {
  it.each<[string, () => RequestView, Policy]>([
    ['a body', () => signed({ body: 'a', readBody: async () => Buffer.from('a') }), 'authenticated'],
    ['a check', () => bearing(token()), { check: async () => true }],
  ])('%s', async (_, request, policy) => {
    const decision = bench().verifier.verify(request(), policy)
    expect(decision).toBeInstanceOf(Promise)
    expect((await decision).outcome).toBe('allow')
  })

  it('a replay store', async () => {
    const { verifier } = bench({ hmac: { replay: { claim: async () => true } } })
    const decision = verifier.verify(signed(), 'authenticated')
    expect(decision).toBeInstanceOf(Promise)
    expect((await decision).outcome).toBe('allow')
  })
})

describe('who stands behind a request', () => {
  it('nobody, on a public route and on an optional one without credentials', () => {
    const { verifier } = bench()
    expect(now(verifier.verify(view(), 'public'))).toEqual({ outcome: 'allow', auth: null })
    expect(now(verifier.verify(view(), 'optional'))).toEqual({ outcome: 'allow', auth: null })
  })

  it('on an optional route with bad credentials: the denial that any other route gives', async () => {
    for (const request of [bearing('x'), bearing(token({ exp: 1 })), signed({ secret: WRONG })]) {
      expect(await bench().verdict(request, 'optional')).toBe(await bench().verdict(request))
    }
  })

  it('a service alone as principal, without an actor', () => {
    const decision = now(bench().verifier.verify(signed(), 'authenticated'))
    expect(decision).toMatchObject({ auth: { principal: { id: 'billing', scheme: 'hmac' } } })
    expect('auth' in decision && decision.auth).not.toHaveProperty('actor')
  })

  it('a user through a service: the user as principal, the service as actor', () => {
    expect(now(bench().verifier.verify(both(), 'authenticated'))).toMatchObject({
      auth: { principal: { id: 'alice', scheme: 'bearer' }, actor: { id: 'billing', scheme: 'hmac' } },
    })
  })

  it('the roles of one are not the roles of the other', async () => {
    expect(await bench().verdict(both(), { anyRole: ['orders:write'] })).toBe('role_missing')
    expect(await bench().verdict(both(), { actor: { anyRole: ['orders:write'] } })).toBe('allow')
  })

  it('identity headers of the client say nothing', async () => {
    const headers = ['X-User', 'root', 'X-Roles', 'admin', 'X-Forwarded-User', 'root']
    expect(await bench().verdict(bearing(token(), { headers }), { anyRole: ['admin'] })).toBe('role_missing')
  })
})

describe('a bad credential beside a good one', () => {
  it.each<[string, () => RequestView, DenyReason]>([
    ['a bad MAC, a good token', () => both(token(), { secret: WRONG }), 'signature_invalid'],
    ['a good MAC, a bad token', () => both('x'), 'token_malformed'],
    ['a good MAC, an expired token', () => both(token({ exp: 1 })), 'token_expired'],
    [
      'a header of ours alone, a good token',
      () => bearing(token(), { headers: ['x-hmac-nonce', nextNonce()] }),
      'malformed_credentials',
    ],
    [
      'two timestamps, a good token',
      () => bearing(token(), { headers: [...hmacHeaders(), 'x-hmac-timestamp', '1'] }),
      'duplicate_header',
    ],
  ])('%s: a denial, never a falling through', async (_, request, reason) => {
    for (const policy of ['authenticated', 'optional', { scheme: 'bearer' }, { scheme: 'hmac' }] as const) {
      expect(await bench().verdict(request(), policy)).toBe(reason)
    }
  })

  it('both bad: the signature is looked at first, then the token', async () => {
    expect(await bench().verdict(both('x', { secret: WRONG }))).toBe('signature_invalid')
    expect(await bench().verdict(both('x', { timestamp: NOW - 301 }))).toBe('timestamp_out_of_range')
    expect(await bench().verdict(both(token({ exp: 1 }), { body: 'a', readBody: () => Buffer.from('b') }))).toBe(
      'token_expired',
    )
  })

  it('both good, the policy not: the body is not read and the nonce stays good', async () => {
    const self = bench()
    const nonce = nextNonce()
    const readBody = () => expect.unreachable()
    expect(await self.verdict(both(token(), { nonce, readBody }), { anyRole: ['a'] })).toBe('role_missing')
    expect(await self.verdict(both(token(), { nonce }))).toBe('allow')
  })
})

describe('the target', () => {
  it('in absolute form has to name the Host, whichever scheme is used', async () => {
    const target = 'http://evil.test/orders'
    expect(await bench().verdict(bearing(token(), { target }))).toBe('target_invalid')
    expect(await bench().verdict(signed({ target }))).toBe('target_invalid')
    const request = signed({ target: '/orders' })
    expect(await bench().verdict({ ...request, target: 'http://orders.test/orders' })).toBe('allow')
  })
})

describe('what nobody expected', () => {
  it.each<[string, () => RequestView, Policy]>([
    ['a body that throws', () => signed({ readBody: () => expect.unreachable() }), 'authenticated'],
    ['a body that rejects', () => signed({ readBody: () => Promise.reject(new Error('secret')) }), 'authenticated'],
    ['a check that throws', () => bearing(token()), { check: () => expect.unreachable() }],
    ['a check that rejects', () => bearing(token()), { check: () => Promise.reject(new Error('secret')) }],
    ['a check that rejects with nothing', () => bearing(token()), { check: () => Promise.reject() }],
  ])('%s: internal, 500, one record, no allowance', async (_, request, policy) => {
    const { verifier, audit } = bench()
    const decision = denied(await verifier.verify(request(), policy))
    expect(decision).toMatchObject({ reason: 'internal', kind: 'internal', status: 500 })
    expect(JSON.stringify(decision)).not.toContain('secret')
    expect(audit.lines).toMatchObject([{ level: 'error', record: { outcome: 'error', reason: 'internal' } }])
    expect(JSON.stringify(audit.lines)).not.toContain('secret')
  })
})

describe('a view whose getters throw', () => {
  const broken = (request: RequestView): RequestView => {
    const view = { ...request }
    return Object.defineProperty(view, 'ip', { get: () => expect.unreachable() })
  }

  it('costs the record, aloud, and changes no decision', async () => {
    const warnings = caughtWarnings()
    const self = bench()
    expect(await self.verdict(broken(bearing(token())))).toBe('allow')
    expect(await self.verdict(broken(view()))).toBe('missing_credentials')
    // The second within a minute is counted, and told with the next.
    expect(warnings).toHaveLength(1)
  })

  it.each<[string, RequestView, string]>([
    ['rawHeaders', bearing(token()), 'internal'],
    ['requestId', view(), 'missing_credentials'],
    ['target', signed(), 'internal'],
  ])('denies, and does not throw, where that of %s does', async (name, request, verdict) => {
    caughtWarnings()
    const broken = Object.defineProperty({ ...request }, name, { get: () => expect.unreachable() })
    expect(await bench().verdict(broken)).toBe(verdict)
  })
})

describe('the challenges of a denial', () => {
  const challenges = (request: RequestView, policy: Policy, self = bench()) =>
    denied(now(self.verifier.verify(request, policy))).reply.headers['www-authenticate']
  const HMAC = 'HMAC realm="orders"'
  const BEARER = 'Bearer realm="orders"'

  it('are bare, one for each scheme, where nothing was sent', () => {
    expect(challenges(view(), 'authenticated')).toEqual([HMAC, BEARER])
    expect(challenges(view(), 'authenticated', bench({ hmac: null }))).toBe(BEARER)
  })

  it('are those of the schemes that could satisfy the policy', () => {
    expect(challenges(view(), { scheme: 'bearer' })).toBe(BEARER)
    expect(challenges(bearing(token()), { scheme: 'hmac' })).toBe(HMAC)
  })

  it('carry the error in that of the scheme that was used', () => {
    expect(challenges(bearing(token({ exp: 1 })), 'authenticated')).toEqual([
      HMAC,
      expect.stringContaining(`${BEARER}, error="invalid_token"`),
    ])
    expect(challenges(signed({ secret: WRONG }), 'authenticated')).toEqual([
      `${HMAC}, error="signature_invalid"`,
      BEARER,
    ])
  })

  it('are that of the scheme that was used alone, where it was no 401', () => {
    expect(challenges(bearing(token()), { anyScope: ['a', 'b'] })).toBe(
      `${BEARER}, error="insufficient_scope", error_description="A required scope is missing", scope="a b"`,
    )
    expect(challenges(bearing('a b'), { scheme: 'bearer' })).toContain('error="invalid_token"')
  })

  it('are left out where the client can do nothing', () => {
    expect(challenges(signed({ readBody: () => expect.unreachable() }), 'authenticated')).toBeUndefined()
  })

  it('name the realm that was given', () => {
    expect(challenges(view(), 'authenticated', bench({ hmac: null, verifier: { realm: 'shop "1"' } }))).toBe(
      'Bearer realm="shop \\"1\\""',
    )
    expect(challenges(view(), 'authenticated', bench({ hmac: null, verifier: { audience: null } }))).toBe(
      'Bearer realm="countersign"',
    )
  })

  it('read the same for an unknown key as for a wrong signature, the whole reply', () => {
    const replies = [token({}, { kid: 'nobody' }), `${token().slice(0, -4)}AAAA`].map(
      (compact) => denied(now(bench().verifier.verify(bearing(compact), 'authenticated'))).reply,
    )
    expect(replies[0]).toEqual(replies[1])
  })
})

describe('a decision', () => {
  it('is one of two, told apart by its outcome', () => {
    expectTypeOf<Decision>().toEqualTypeOf<Allowance | Denial>()
    expectTypeOf<Extract<Decision, { outcome: 'allow' }>>().toEqualTypeOf<Allowance>()
    expectTypeOf<Extract<Decision, { outcome: 'deny' }>['reason']>().toEqualTypeOf<DenyReason>()
    expectTypeOf<Allowance>().not.toHaveProperty('reason')
    expectTypeOf<ReturnType<ReturnType<typeof createVerifier>['verify']>>().toEqualTypeOf<
      Decision | Promise<Decision>
    >()
  })

  it('agrees with the table of reasons', () => {
    const decision = denied(now(bench().verifier.verify(view(), 'authenticated')))
    expect(decision).toMatchObject({ kind: REASONS[decision.reason].kind, status: REASONS[decision.reason].status })
    expect(decision.reply.status).toBe(decision.status)
  })
})

describe('a policy', () => {
  it('is a name or an object, checked once before the first request', () => {
    const { verifier } = bench()
    expect(verifier.checkPolicy({ anyRole: ['a'] })).toBeUndefined()
    expect(optionOf(() => verifier.checkPolicy({ anyRole: [] }, 'GET /orders'))).toBe('GET /orders.anyRole')
  })

  it('that is none and was not checked denies everybody, with one warning that names it, and throws at no request', () => {
    const { verifier } = bench()
    const warnings = caughtWarnings()
    for (let times = 0; times < 2; times++) {
      // @ts-expect-error a misspelt policy does not compile
      expect(denied(now(verifier.verify(bearing(token()), 'publik'))).reason).toBe('internal')
    }
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('policy must be')
  })
})

describe('createVerifier', () => {
  const schemes = () => [bearer({ issuers: [issuer()] })]
  const refused = (options: VerifierOptions) => optionOf(() => createVerifier(options))
  const ring = (...entries: KeyRingEntry[]) => hmac({ keys: keyRing(entries), replay: memoryReplayStore() })

  it.each<[string, () => VerifierOptions]>([
    ['audience', () => ({ audience: '', schemes: schemes() })],
    ['audience', () => ({ audience: ' ', schemes: schemes() })],
    ['schemes', () => ({ audience: AUDIENCE, schemes: [] })],
    ['schemes', () => ({ audience: AUDIENCE, schemes: [...schemes(), ...schemes()] })],
    ['schemes', () => ({ audience: AUDIENCE, schemes: [ring(billing()), ring(billing())] })],
    ['realm', () => ({ audience: AUDIENCE, schemes: schemes(), realm: '' })],
    ['roleHierarchy.a', () => ({ audience: AUDIENCE, schemes: schemes(), roleHierarchy: { a: [] } })],
    ['roleHierarchy.a', () => ({ audience: AUDIENCE, schemes: schemes(), roleHierarchy: { a: ['a'] } })],
    // @ts-expect-error an audience is said, or null
    ['audience', () => ({ schemes: schemes() })],
    // @ts-expect-error a verifier has schemes
    ['schemes', () => ({ audience: AUDIENCE })],
    // @ts-expect-error a scheme is bearer({…}) or hmac({…})
    ['schemes[0]', () => ({ audience: AUDIENCE, schemes: ['bearer'] })],
    // @ts-expect-error a logger has three levels
    ['audit', () => ({ audience: AUDIENCE, schemes: schemes(), audit: { info: () => {} } })],
    // @ts-expect-error a logger, or null
    ['audit', () => ({ audience: AUDIENCE, schemes: schemes(), audit: false })],
    // @ts-expect-error a check is a function
    ['checks.a', () => ({ audience: AUDIENCE, schemes: schemes(), checks: { a: true } })],
  ])('names %s', (option, options) => {
    expect(refused(options())).toBe(option)
  })

  it('names a misspelt option, which does not compile either', () => {
    // @ts-expect-error
    expect(refused({ audience: AUDIENCE, schemes: schemes(), audiences: [AUDIENCE] })).toBe('options.audiences')
  })

  it('opts out of the audience by null, aloud', async () => {
    const self = bench({ hmac: null, verifier: { audience: null } })
    expect(await self.verdict(bearing(token({ aud: 'anybody' })))).toBe('allow')
  })

  it('keeps no way to change its schemes afterwards', () => {
    const issuers = [issuer()]
    const { verifier } = bench({ bearer: { issuers } })
    issuers.push(issuer({ issuer: 'https://evil.example', keys: staticJwks({ keys: [keyPair('ES256').publicJwk] }) }))
    expect(denied(now(verifier.verify(bearing(token({ iss: 'https://evil.example' })), 'authenticated'))).reason).toBe(
      'issuer_invalid',
    )
  })
})

describe('a header in the wrong place', () => {
  it('the Authorization of a signed request twice is refused, though the signature covers one', async () => {
    const request = both()
    expect(
      await bench().verdict({ ...request, rawHeaders: [...request.rawHeaders, 'authorization', 'Bearer x'] }),
    ).toBe('duplicate_header')
    expect(await bench().verdict(withHeader(request, 'authorization', `bearer ${token()}`))).toBe('signature_invalid')
  })
})
