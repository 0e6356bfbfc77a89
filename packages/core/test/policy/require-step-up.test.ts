import { describe, expect, it } from 'vitest'
import {
  type Auth,
  createVerifier,
  type Decision,
  hmac,
  keyRing,
  memoryReplayStore,
  type Policy,
} from '../../src/index.js'
import { AUDIENCE, bearing, bench, billing, issuer, NOW, now, optionOf, signed, token } from '../kit.js'

const MFA = 'urn:example:mfa'
const strong = { acr: MFA, auth_time: NOW - 10 }
const asked: Policy = { acr: [MFA, 'urn:example:hardware'], maxAgeSeconds: 60 }

function challengeOf(decision: Decision): unknown {
  return decision.outcome === 'deny' ? decision.reply.headers['www-authenticate'] : 'allow'
}

describe('a policy that asks for a stronger authentication', () => {
  it('is met by a token that says so', async () => {
    const { verdict } = bench()
    expect(await verdict(bearing(token(strong)), asked)).toBe('allow')
    expect(await verdict(bearing(token({ acr: MFA })), { acr: [MFA] })).toBe('allow')
    expect(await verdict(bearing(token({ auth_time: NOW })), { maxAgeSeconds: 60 })).toBe('allow')
  })

  it('answers 401 and says which authentication would do (RFC 9470 section 3)', () => {
    const { verifier, audit } = bench({ hmac: null })
    const decision = now(verifier.verify(bearing(token()), asked))
    expect(decision).toMatchObject({ outcome: 'deny', reason: 'step_up_required', kind: 'policy', status: 401 })
    expect(challengeOf(decision)).toBe(
      'Bearer realm="orders", error="insufficient_user_authentication", ' +
        'error_description="A stronger or more recent authentication is required", ' +
        `acr_values="${MFA} urn:example:hardware", max_age="60"`,
    )
    expect(audit.records).toMatchObject([{ outcome: 'deny', reason: 'step_up_required', principal: 'alice' }])
  })

  it('names only what is asked for', () => {
    const { verifier } = bench({ hmac: null })
    const challenge = (policy: Policy) => challengeOf(now(verifier.verify(bearing(token()), policy)))
    expect(challenge({ acr: [MFA] })).toMatch(/, acr_values="urn:example:mfa"$/)
    expect(challenge({ maxAgeSeconds: 5 })).toMatch(/ is required", max_age="5"$/)
  })

  it('offers nothing but bearer, though a signature would verify', async () => {
    const { verifier, verdict } = bench()
    expect(challengeOf(now(verifier.verify(bearing(token()), asked)))).toMatch(/^Bearer realm="orders", error="insuff/)
    expect(await verdict(signed(), asked)).toBe('scheme_required')
    expect(challengeOf(await verifier.verify(signed(), asked))).toBe('Bearer realm="orders"')
  })

  it('asks it of the user, not of the service beside them', async () => {
    const { verdict } = bench()
    const policy: Policy = { ...(asked as object), actor: {} }
    const together = (claims: object) => signed({ headers: ['Authorization', `Bearer ${token({ ...claims })}`] })
    expect(await verdict(together(strong), policy)).toBe('allow')
    expect(await verdict(together({}), policy)).toBe('step_up_required')
    expect(await verdict(bearing(token(strong)), policy)).toBe('scheme_required')
  })

  it('sends nobody to authenticate anew who would be refused all the same, and asks no check before', async () => {
    const { verdict } = bench()
    expect(await verdict(bearing(token()), { ...(asked as object), anyRole: ['admin'] })).toBe('role_missing')
    expect(await verdict(bearing(token()), { ...(asked as object), check: () => expect.unreachable() })).toBe(
      'step_up_required',
    )
  })

  it('goes by the skew of the bearer scheme', async () => {
    const at = (skewSeconds: number) => bench({ bearer: { issuers: [issuer()], skewSeconds } }).verdict
    const old = bearing(token({ auth_time: NOW - 70 }))
    expect(await at(10)(old, { maxAgeSeconds: 60 })).toBe('allow')
    expect(await at(9)(old, { maxAgeSeconds: 60 })).toBe('step_up_required')
  })

  it('is judged by the time of each request, also of a token that was verified before', async () => {
    const b = bench()
    const request = bearing(token({ auth_time: NOW, exp: NOW + 6000 }))
    b.now = NOW + 90
    expect(await b.verdict(request, { maxAgeSeconds: 60 })).toBe('allow')
    b.now = NOW + 91
    expect(await b.verdict(request, { maxAgeSeconds: 60 })).toBe('step_up_required')
    expect(await b.verdict(request)).toBe('allow')
  })

  it('holds behind an earlier guard, by the clock of then', () => {
    const b = bench()
    const request = bearing(token({ auth_time: NOW, exp: NOW + 6000 }))
    const narrowed = (at: number): Decision => {
      const first = now(b.verifier.verifyAhead(request, 'authenticated')) as { outcome: 'allow'; auth: Auth }
      b.now = at
      return now(b.verifier.narrow(first, request, { maxAgeSeconds: 60 }))
    }
    expect(narrowed(NOW + 90).outcome).toBe('allow')
    expect(narrowed(NOW + 91)).toMatchObject({ reason: 'step_up_required' })
    expect(narrowed(Number.NaN)).toMatchObject({ reason: 'internal' })
  })

  it('in a combination, the part that denies says what to do', async () => {
    const { verifier, verdict } = bench({ hmac: null })
    const either: Policy = {
      anyOf: [
        { scheme: 'bearer', acr: ['gold'] },
        { anyRole: ['admin'], acr: ['silver'] },
      ],
    }
    expect(await verdict(bearing(token({ acr: 'gold' })), either)).toBe('allow')
    expect(await verdict(bearing(token({ acr: 'silver', roles: ['admin'] })), either)).toBe('allow')
    expect(challengeOf(now(verifier.verify(bearing(token({ acr: 'silver' })), either)))).toContain('acr_values="gold"')
    const each: Policy = { allOf: [{ acr: ['gold'] }, { maxAgeSeconds: 5 }] }
    expect(challengeOf(now(verifier.verify(bearing(token({ acr: 'gold' })), each)))).toMatch(/required", max_age="5"$/)
    expect(challengeOf(now(verifier.verify(bearing(token()), each)))).toMatch(/acr_values="gold"$/)
  })
})

describe('a policy that asks for it in a wrong way', () => {
  const refused = (policy: object, verifier = bench().verifier) =>
    optionOf(() => verifier.checkPolicy(policy as Policy))

  it.each<[string, object]>([
    ['policy.acr', { acr: [] }],
    ['policy.acr', { acr: MFA }],
    ['policy.acr', { acr: [MFA, MFA] }],
    ['policy.acr[0]', { acr: [''] }],
    ['policy.acr[0]', { acr: [2] }],
    ['policy.acr[1]', { acr: [MFA, 'two words'] }],
    ['policy.acr[0]', { acr: ['a"b'] }],
    ['policy.acr[0]', { acr: ['a\r\nb'] }],
    ['policy.acr[0]', { acr: ['é'] }],
    ['policy.acr', { acr: undefined }],
    ['policy.acr', { acr: null }],
    ['policy.maxAgeSeconds', { maxAgeSeconds: 0 }],
    ['policy.maxAgeSeconds', { maxAgeSeconds: -1 }],
    ['policy.maxAgeSeconds', { maxAgeSeconds: 1.5 }],
    ['policy.maxAgeSeconds', { maxAgeSeconds: '60' }],
    ['policy.maxAgeSeconds', { maxAgeSeconds: Number.NaN }],
    ['policy.maxAgeSeconds', { maxAgeSeconds: Number.POSITIVE_INFINITY }],
    ['policy.maxAgeSeconds', { maxAgeSeconds: null }],
    ['policy.acr', { scheme: 'hmac', acr: [MFA] }],
    ['policy.maxAgeSeconds', { scheme: 'hmac', maxAgeSeconds: 60 }],
    ['policy.actor.acr', { actor: { acr: [MFA] } }],
  ])('stops the start and names %s', (option, policy) => {
    expect(refused(policy)).toBe(option)
  })

  it('stops the start where there are no users to ask it of', () => {
    const schemes = [hmac({ keys: keyRing([billing()]), replay: memoryReplayStore() })]
    expect(refused(asked as object, createVerifier({ audience: AUDIENCE, schemes, audit: null }))).toBe('policy.acr')
  })
})
