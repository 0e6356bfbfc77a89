import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  hmac,
  keyRing,
  memoryReplayStore,
  memoryRevocation,
  type RevocableCredentials,
  type Revocation,
} from '../../src/index.js'
import {
  type Bench,
  bearing,
  bench,
  billing,
  caughtWarnings,
  keyPair,
  NOW,
  now,
  optionOf,
  reasonOf,
  signed,
  token,
  view,
  word,
} from '../kit.js'

const END = NOW + 600
const standing = (revocation: Revocation, more: object = {}): Bench => bench({ verifier: { revocation, ...more } })
const answering = (answer: unknown): Revocation => ({ isRevoked: () => answer as boolean })

afterEach(() => {
  vi.useRealTimers()
})

describe('a verifier with a revocation store', () => {
  it('refuses a token from the moment it is revoked, also one that was verified before', async () => {
    const store = memoryRevocation()
    const stand = standing(store)
    const compact = token({ jti: 't-1' })
    expect(await stand.verdict(bearing(compact))).toBe('allow')
    expect(await stand.verdict(bearing(compact))).toBe('allow')
    store.revoke({ tokenId: 't-1', expiresAt: END })
    expect(await stand.verdict(bearing(compact))).toBe('token_revoked')
    expect(await stand.verdict(bearing(token({ jti: 't-2' })))).toBe('allow')
  })

  it.each([
    ['sid', { sessionId: 's-1' }],
    ['sub', { subject: 'alice', issuedBefore: NOW }],
    ['kid', { scheme: 'bearer', keyId: keyPair('ES256').publicJwk.kid }],
  ] as const)('refuses tokens by %s', async (_, by) => {
    const store = memoryRevocation()
    const stand = standing(store)
    const compact = token({ sid: 's-1', iat: NOW - 5 })
    expect(await stand.verdict(bearing(compact))).toBe('allow')
    store.revoke({ ...by, expiresAt: END })
    expect(await stand.verdict(bearing(compact))).toBe('token_revoked')
  })

  it('takes a token that was issued after its subject was revoked', async () => {
    const store = memoryRevocation()
    store.revoke({ subject: 'alice', issuedBefore: NOW - 5, expiresAt: END })
    const stand = standing(store)
    expect(await stand.verdict(bearing(token({ iat: NOW - 6 })))).toBe('token_revoked')
    expect(await stand.verdict(bearing(token({ iat: NOW - 5 })))).toBe('allow')
  })

  it('refuses an HMAC key of either profile as inactive', async () => {
    const store = memoryRevocation()
    const stand = standing(store)
    expect(await stand.verdict(signed())).toBe('allow')
    store.revoke({ scheme: 'hmac', keyId: 'billing-1' })
    expect(await stand.verdict(signed())).toBe('key_inactive')
  })

  it('asks with all that credentials can be revoked by, once for each', async () => {
    const asked: RevocableCredentials[] = []
    const stand = standing({ isRevoked: (credentials) => asked.push(credentials) === 0 })
    const compact = token({ jti: 't-1', sid: 's-1', iat: NOW - 5 })
    const both = signed({ headers: ['Authorization', `Bearer ${compact}`] })
    expect(await stand.verdict(both)).toBe('allow')
    expect(asked).toEqual([
      { scheme: 'hmac', keyId: 'billing-1' },
      {
        scheme: 'bearer',
        issuer: 'https://id.example',
        tokenId: 't-1',
        subject: 'alice',
        sessionId: 's-1',
        keyId: keyPair('ES256').publicJwk.kid,
        issuedAt: NOW - 5,
      },
    ])
  })

  it('asks after signature and times, before the policy, and claims no nonce for what was revoked', async () => {
    let asked = 0
    let claimed = 0
    const replay = { claim: () => ++claimed > 0 }
    const isRevoked = () => ++asked > 0
    const stand = bench({ hmac: { replay }, verifier: { revocation: { isRevoked } } })
    expect(await stand.verdict(signed({ secret: Buffer.alloc(32, 1) }))).toBe('signature_invalid')
    expect(await stand.verdict(bearing(token({ exp: NOW - 100 })))).toBe('token_expired')
    expect(await stand.verdict(bearing(`${token().slice(0, -4)}AAAA`))).toBe('signature_invalid')
    expect(asked).toBe(0)
    expect(await stand.verdict(bearing(token()), { anyRole: ['nobody'] })).toBe('token_revoked')
    expect(await stand.verdict(signed(), { anyRole: ['nobody'] })).toBe('key_inactive')
    expect([asked, claimed]).toEqual([2, 0])
  })

  it('decides without waiting where the store answers without waiting', () => {
    const { verifier } = standing(memoryRevocation())
    expect(word(now(verifier.verify(bearing(token()), 'authenticated')))).toBe('allow')
    expect(word(now(verifier.verify(signed(), 'authenticated')))).toBe('allow')
  })

  it.each([
    ['a plain promise', (answer: boolean) => Promise.resolve(answer)],
    // biome-ignore lint/suspicious/noThenProperty: a promise of another library
    ['a promise of another library', (answer: boolean) => ({ then: (done: (value: boolean) => void) => done(answer) })],
  ])('waits for %s', async (_, promised) => {
    const compact = token()
    expect(await standing(answering(promised(false))).verdict(bearing(compact))).toBe('allow')
    expect(await standing(answering(promised(true))).verdict(bearing(compact))).toBe('token_revoked')
    expect(await standing(answering(promised(true))).verdict(signed())).toBe('key_inactive')
  })

  it.each([[undefined], [null], [0], [''], ['false'], [{}], [[]]])('an answer of %j is none: 503', async (answer) => {
    expect(await standing(answering(answer)).verdict(bearing(token()))).toBe('revocation_unavailable')
    expect(await standing(answering(Promise.resolve(answer))).verdict(signed())).toBe('revocation_unavailable')
  })

  it('a store that throws or rejects is 503, for token and key', async () => {
    const throwing = standing({
      isRevoked: () => {
        throw new Error('gone')
      },
    })
    const rejecting = standing({ isRevoked: () => Promise.reject(new Error('gone')) })
    for (const stand of [throwing, rejecting]) {
      expect(await stand.verdict(bearing(token()))).toBe('revocation_unavailable')
      expect(await stand.verdict(signed())).toBe('revocation_unavailable')
    }
    expect(await throwing.verifier.verify(signed(), 'authenticated')).toMatchObject({ status: 503, kind: 'dependency' })
  })

  it('does not ask for an anonymous request, nor on a public route', async () => {
    const stand = standing(answering('never'))
    expect(await stand.verdict({ ...signed(), rawHeaders: [] }, 'optional')).toBe('allow')
    expect(await stand.verdict(signed(), 'public')).toBe('allow')
  })

  it('checks its options', () => {
    for (const [option, value] of [
      ['revocation', {}],
      ['revocation', null],
      ['revocationTimeoutSeconds', 0],
      ['revocationTimeoutSeconds', Number.NaN],
    ] as const) {
      expect(optionOf(() => bench({ verifier: { [option]: value } }))).toBe(option)
    }
  })
})

describe('a store that hangs', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] })
  })

  it('is waited for as long as was said, and not a millisecond longer', async () => {
    const stand = standing(answering(new Promise(() => undefined)), { revocationTimeoutSeconds: 0.5 })
    const verdict = stand.verdict(bearing(token()))
    let settled = false
    void verdict.then(() => {
      settled = true
    })
    await vi.advanceTimersByTimeAsync(499)
    expect(settled).toBe(false)
    await vi.advanceTimersByTimeAsync(2)
    expect(await verdict).toBe('revocation_unavailable')
  })

  it('and then rejects is no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const keep = (reason: unknown) => {
      unhandled.push(reason)
    }
    process.on('unhandledRejection', keep)
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error('late')), 1000)
    })
    const verdict = standing(answering(late)).verdict(bearing(token()))
    await vi.advanceTimersByTimeAsync(300)
    expect(await verdict).toBe('revocation_unavailable')
    await vi.advanceTimersByTimeAsync(1000)
    vi.useRealTimers()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', keep)
    expect(unhandled).toEqual([])
  })
})

describe('health of a verifier with a revocation store', () => {
  it.each([
    [undefined, true],
    [() => true, true],
    [() => Promise.resolve(true), true],
    [() => false, false],
    [() => Promise.reject(new Error('gone')), false],
    [
      () => {
        throw new Error('gone')
      },
      false,
    ],
  ])('%#: is ready where the store is', async (ready, expected) => {
    const store: Revocation = { isRevoked: () => false, ...(ready === undefined ? {} : { ready }) }
    const { verifier } = standing(store)
    expect(await verifier.health()).toMatchObject({ ready: expected, revocation: { ready: expected } })
    if (expected) await verifier.warmup()
    else await expect(verifier.warmup()).rejects.toThrow('revocation')
  })

  it('has no line of it where there is no store', async () => {
    expect(await bench().verifier.health()).not.toHaveProperty('revocation')
  })

  it('is closed with the verifier', async () => {
    const close = vi.fn()
    await standing({ isRevoked: () => false, close }).verifier.close()
    expect(close).toHaveBeenCalledOnce()
  })
})

describe('the profile body-timestamp', () => {
  it('is refused by key id as well', async () => {
    caughtWarnings()
    const store = memoryRevocation()
    const secret = Buffer.alloc(32, 3)
    const stand = bench({
      bearer: null,
      hmac: { keys: keyRing([billing({ id: 'old', secret, profile: 'body-timestamp' })]) },
      verifier: { revocation: store },
    })
    const mac = createHmac('sha256', secret).update(`{}${NOW}`).digest('hex')
    const request = () =>
      view({ method: 'POST', body: '{}', headers: ['X-Hmac-Timestamp', String(NOW), 'X-Hmac-Sha256', mac] })
    expect(await stand.verdict(request())).toBe('allow')
    store.revoke({ scheme: 'hmac', keyId: 'old' })
    expect(await stand.verdict(request())).toBe('key_inactive')
    vi.restoreAllMocks()
  })
})

describe('a scheme opened without a store', () => {
  it('revokes nothing', () => {
    const scheme = hmac({ keys: keyRing([billing()]), replay: memoryReplayStore() }).open({
      clock: () => NOW,
      audience: 'orders',
      option: 'hmac',
    })
    expect(
      reasonOf(() => now(scheme.present({ view: signed(), now: NOW, facts: {} })?.authenticate() ?? Promise.reject())),
    ).toBeUndefined()
  })
})
