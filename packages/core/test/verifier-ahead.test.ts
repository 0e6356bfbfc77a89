import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Allowance, Decision } from '../src/decision.js'
import { bearing, bench, now, signed, token, view, withHeader } from './kit.js'

function allowed(decision: Decision): Allowance {
  if (decision.outcome === 'deny') throw new Error(decision.reason)
  return decision
}

const READER = { anyRole: ['reader'] }
const request = bearing(token({ roles: ['reader'], jti: 't-1' }))

describe('verifyAhead', () => {
  it('keeps the record of an allowance until settle, which writes it once', () => {
    const { verifier, audit } = bench()
    const allowance = allowed(now(verifier.verifyAhead(request, 'authenticated')))
    expect(audit.records).toEqual([])
    verifier.settle(allowance)
    verifier.settle(allowance)
    expect(audit.records).toMatchObject([{ outcome: 'allow', principal: 'alice', tokenId: 't-1' }])
  })

  it('writes the record of a denial at once', () => {
    const { verifier, audit } = bench()
    now(verifier.verifyAhead(view(), 'authenticated'))
    expect(audit.reasons).toEqual(['missing_credentials'])
  })

  it('says how long the verification took, not how long the record waited', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const { verifier, audit } = bench()
    const allowance = allowed(now(verifier.verifyAhead(request, 'authenticated')))
    vi.advanceTimersByTime(5_000)
    verifier.settle(allowance)
    expect(audit.records).toMatchObject([{ durationUs: 0 }])
  })
})

describe('narrow', () => {
  it('leaves the one record to the last allowance, with what was known before and the roles asked last', () => {
    const { verifier, audit } = bench()
    const first = allowed(now(verifier.verifyAhead(request, 'authenticated')))
    const second = allowed(now(verifier.narrow(first, request, { allRoles: ['reader'] })))
    const third = allowed(now(verifier.narrow(second, request, READER)))
    expect(audit.records).toEqual([])
    for (const allowance of [first, second, third]) verifier.settle(allowance)
    expect(audit.records).toMatchObject([{ outcome: 'allow', principal: 'alice', tokenId: 't-1', roles: ['reader'] }])
  })

  it('leaves the one record to the denial, whichever policy denies', () => {
    const { verifier, audit } = bench()
    const first = allowed(now(verifier.verifyAhead(request, 'authenticated')))
    const second = allowed(now(verifier.narrow(first, request, READER)))
    expect(now(verifier.narrow(second, request, { anyRole: ['admin'] }))).toMatchObject({ reason: 'role_missing' })
    for (const allowance of [first, second]) verifier.settle(allowance)
    expect(audit.records).toMatchObject([
      { outcome: 'deny', reason: 'role_missing', principal: 'alice', tokenId: 't-1' },
    ])
  })

  it('writes at once where the first record was written at once', () => {
    const { verifier, audit } = bench()
    const first = allowed(now(verifier.verify(request, 'authenticated')))
    expect(now(verifier.narrow(first, request, { anyRole: ['admin'] }))).toMatchObject({ reason: 'role_missing' })
    expect(audit.records.map(({ outcome }) => outcome)).toEqual(['allow', 'deny'])
  })

  it('claims no nonce twice', () => {
    const { verifier } = bench()
    const signedRequest = signed()
    const first = allowed(now(verifier.verifyAhead(signedRequest, 'authenticated')))
    expect(now(verifier.narrow(first, signedRequest, { scheme: 'hmac' }))).toMatchObject({ outcome: 'allow' })
  })

  it('refuses the anonymous request that an optional policy let pass', () => {
    const { verifier, audit } = bench()
    const first = allowed(now(verifier.verifyAhead(view(), 'optional')))
    expect(now(verifier.narrow(first, view(), 'authenticated'))).toMatchObject({ reason: 'missing_credentials' })
    verifier.settle(first)
    expect(audit.reasons).toEqual(['missing_credentials'])
  })

  it('returns the allowance itself where the further policy asks for nothing more', () => {
    const { verifier } = bench()
    const first = allowed(now(verifier.verifyAhead(request, 'authenticated')))
    expect(verifier.narrow(first, request, 'optional')).toBe(first)
  })

  it('looks at the credentials for the first time after a public policy', () => {
    const { verifier, audit } = bench()
    const open = allowed(now(verifier.verifyAhead(request, 'public')))
    const second = allowed(now(verifier.narrow(open, request, READER)))
    expect(second.auth?.principal.id).toBe('alice')
    verifier.settle(second)
    const bad = withHeader(request, 'authorization', 'Bearer x')
    expect(now(verifier.narrow(open, bad, 'optional'))).toMatchObject({ reason: 'token_malformed' })
    expect(audit.reasons).toEqual([undefined, 'token_malformed'])
  })
})
