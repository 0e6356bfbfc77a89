import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BodyError, type BodyFailure } from '../../src/body/read.js'
import {
  ATTEMPT_CHANNEL,
  type Denial,
  type FailureNames,
  type FailureThrottle,
  keyRing,
  memoryReplayStore,
  memoryRevocation,
  type Policy,
  type RequestView,
} from '../../src/index.js'
import { memoryThrottle } from '../../src/throttle/index.js'
import { NAMES } from '../../src/throttle/throttle.js'
import {
  type Bench,
  type BenchOptions,
  bearing,
  bench,
  billing,
  caughtWarnings,
  NOW,
  now,
  optionOf,
  signed,
  token,
  view,
  word,
} from '../kit.js'

const WRONG = createHash('sha256').update('wrong').digest()
const forged = (claims: object = {}, more: Parameters<typeof bearing>[1] = {}) =>
  bearing(`${token({ ...claims }).slice(0, -6)}AAAAAA`, more)
const missigned = (keyId = 'billing-1') => signed({ keyId, secret: WRONG })
const from = (ip: string | undefined, request: RequestView): RequestView => ({ ...request, ip })

function throttling(throttle: FailureThrottle, options: BenchOptions = {}): Bench {
  return bench({ ...options, verifier: { throttle, ...options.verifier } })
}

/** A throttle that keeps whom it was asked about. */
function listening(answer: unknown = 0) {
  const asked: FailureNames[] = []
  const throttle: FailureThrottle = {
    fail: (names) => {
      asked.push(names)
      return answer as number
    },
  }
  return { throttle, asked }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a verifier with a throttle', () => {
  it('tells failures what they are up to the limit, and the next one to wait', async () => {
    const { verifier, verdict } = throttling(memoryThrottle({ failuresPerAddress: 3, windowSeconds: 60 }))
    for (let time = 0; time < 3; time++) expect(await verdict(missigned())).toBe('signature_invalid')
    await vi.advanceTimersByTimeAsync(10_500)
    const denial = (await verifier.verify(missigned(), 'authenticated')) as Denial
    expect(denial).toMatchObject({ reason: 'throttled', kind: 'throttle', status: 429 })
    expect(denial.reply.status).toBe(429)
    // Rounded up: whoever waits as long as they are told comes late enough.
    expect(denial.reply.headers).toMatchObject({ 'retry-after': '50', 'cache-control': 'no-store' })
    expect(denial.reply.headers).not.toHaveProperty('www-authenticate')
    expect(JSON.parse(denial.reply.body)).toMatchObject({ code: 'throttled', status: 429 })
  })

  it('tells them again what they are when the window is over, and not a second before', async () => {
    const { verdict } = throttling(memoryThrottle({ failuresPerAddress: 1, windowSeconds: 60 }))
    expect(await verdict(missigned())).toBe('signature_invalid')
    await vi.advanceTimersByTimeAsync(59_000)
    expect(await verdict(missigned())).toBe('throttled')
    await vi.advanceTimersByTimeAsync(1000)
    expect(await verdict(missigned())).toBe('signature_invalid')
  })

  it('serves good credentials from the same address and of the same name, whatever failed before', async () => {
    const { verdict } = throttling(memoryThrottle({ failuresPerAddress: 1, failuresPerCredentials: 1 }))
    for (let time = 0; time < 3; time++) {
      await verdict(missigned())
      await verdict(forged())
    }
    expect([await verdict(missigned()), await verdict(forged())]).toEqual(['throttled', 'throttled'])
    expect([await verdict(signed()), await verdict(bearing(token()))]).toEqual(['allow', 'allow'])
  })

  it('answers what needs no waiting at once: whatever is allowed, and refusals that are not counted', () => {
    const { verifier } = throttling(memoryThrottle())
    for (const request of [signed(), bearing(token()), view(), bearing(token({ exp: NOW - 600 }))])
      now(verifier.verify(request, 'authenticated'))
    expect(word(now(verifier.verify(bearing(token()), { anyRole: ['nobody'] })))).toBe('role_missing')
  })

  it('asks nothing where it has no throttle: a refusal needs no waiting', () => {
    const { verifier } = bench()
    expect(word(now(verifier.verify(missigned(), 'authenticated')))).toBe('signature_invalid')
  })
})

describe('what counts as a failure', () => {
  it.each<[string, RequestView]>([
    ['signature_invalid', missigned()],
    ['key_unknown', missigned('nobody')],
    ['timestamp_out_of_range', signed({ timestamp: NOW - 301 })],
    ['timestamp_malformed', signed({ timestamp: '17' })],
    ['signature_invalid', forged()],
    ['key_unknown', bearing(token({}, { kid: 'nobody' }))],
    ['audience_invalid', bearing(token({ aud: 'others' }))],
    ['token_malformed', bearing('a.b.c')],
    ['malformed_credentials', bearing(' ')],
    ['content_digest_mismatch', signed({ body: 'a', readBody: () => Buffer.from('b') })],
  ])('%s does', async (reason, request) => {
    const { throttle, asked } = listening()
    expect(await throttling(throttle).verdict(request)).toBe(reason)
    expect(asked).toHaveLength(1)
  })

  it('a replay does', async () => {
    const { throttle, asked } = listening()
    const { verdict } = throttling(throttle)
    const request = signed()
    expect([await verdict(request), asked.length]).toEqual(['allow', 0])
    expect([await verdict(request), asked.length]).toEqual(['replayed', 1])
  })

  const unavailable = { replay: { claim: () => Promise.reject(new Error('down')) } }
  const revoked = memoryRevocation()
  revoked.revoke({ subject: 'mallory', issuedBefore: NOW, expiresAt: NOW + 600 })
  const withoutBody = (failure: BodyFailure) => signed({ readBody: () => Promise.reject(new BodyError(failure)) })

  it.each<[string, RequestView, Policy, BenchOptions]>([
    ['missing_credentials', view(), 'authenticated', {}],
    ['token_expired', bearing(token({ exp: NOW - 31 })), 'authenticated', {}],
    ['token_not_yet_valid', bearing(token({ nbf: NOW + 31 })), 'authenticated', {}],
    ['token_revoked', bearing(token({ sub: 'mallory' })), 'authenticated', { verifier: { revocation: revoked } }],
    ['role_missing', bearing(token()), { anyRole: ['nobody'] }, {}],
    ['scheme_required', bearing(token()), { scheme: 'hmac' }, {}],
    ['replay_store_unavailable', signed(), 'authenticated', { hmac: unavailable }],
    ['keys_unavailable', signed(), 'authenticated', { hmac: { keys: keyRing([billing({ notAfter: NOW - 1 })]) } }],
    ['body_too_large', withoutBody('body_too_large'), 'authenticated', {}],
    ['body_timeout', withoutBody('body_timeout'), 'authenticated', {}],
    ['aborted', withoutBody('aborted'), 'authenticated', {}],
    ['internal', signed({ readBody: () => Promise.reject(new Error('disk')) }), 'authenticated', {}],
  ])('%s does not, and is told also to those who fail too often', async (reason, request, policy, options) => {
    const { throttle, asked } = listening(60)
    expect(await throttling(throttle, options).verdict(request, policy)).toBe(reason)
    expect(asked).toEqual([])
  })
})

describe('whom a failure is counted by', () => {
  async function namesOf(...requests: readonly RequestView[]): Promise<readonly FailureNames[]> {
    const { throttle, asked } = listening()
    const { verdict } = throttling(throttle)
    for (const request of requests) await verdict(request)
    expect(asked).toHaveLength(requests.length)
    return asked
  }

  it('the address, as the framework knows it: a /64 of IPv6, and none where it knows none', async () => {
    const [first, second, third, none] = await namesOf(
      from('2001:db8:1:2::1', missigned()),
      from('2001:db8:1:2:ffff::1', missigned()),
      from('2001:db8:1:3::1', missigned()),
      from(undefined, missigned()),
    )
    expect(first?.address).toBe(second?.address)
    expect(first?.address).not.toBe(third?.address)
    expect(none?.address).toBeUndefined()
  })

  it('the key id that was presented, whether there is such a key or not', async () => {
    const [known, again, unknown] = await namesOf(missigned(), signed({ timestamp: NOW - 301 }), missigned('nobody'))
    expect(known?.credentials).toMatch(/^[0-9a-f]{4}$/)
    expect(again?.credentials).toBe(known?.credentials)
    expect(unknown?.credentials).toMatch(/^[0-9a-f]{4}$/)
    expect(unknown?.credentials).not.toBe(known?.credentials)
  })

  it('issuer and subject that an unverified token names, and neither alone', async () => {
    const [alice, again, bob, elsewhere, nobody, unreadable] = await namesOf(
      forged({ sub: 'alice' }),
      forged({ sub: 'alice', jti: 'another' }),
      forged({ sub: 'bob' }),
      forged({ sub: 'alice', iss: 'https://other.example' }),
      forged({ sub: undefined }),
      bearing('a.b.c'),
    )
    expect(alice?.credentials).toBe(again?.credentials)
    expect(new Set([alice, bob, elsewhere].map((names) => names?.credentials)).size).toBe(3)
    expect([nobody?.credentials, unreadable?.credentials]).toEqual([undefined, undefined])
  })

  it('the credentials that failed, where others beside them hold', async () => {
    const both = (authorization: string, secret?: Uint8Array) =>
      signed({ headers: ['Authorization', authorization], ...(secret ? { secret } : {}) })
    const bad = forged().rawHeaders.at(-1) as string
    const [bearerFailed, tokenAlone, hmacFailed, hmacAlone] = await namesOf(
      both(bad),
      forged(),
      both(`Bearer ${token()}`, WRONG),
      missigned(),
    )
    expect(bearerFailed?.credentials).toBe(tokenAlone?.credentials)
    expect(hmacFailed?.credentials).toBe(hmacAlone?.credentials)
  })

  it('nothing that was sent: names are numbers', async () => {
    for (const names of await namesOf(missigned(), forged(), from('10.0.0.1', forged()))) {
      expect(JSON.stringify(names)).toMatch(/^\{"address":"[0-9a-f]{4}","credentials":"[0-9a-f]{4}"\}$/)
    }
  })

  it('no more names than there are, by a flood of random ones', async () => {
    const { throttle, asked } = listening()
    const { verifier } = throttling(throttle, { verifier: { audit: null } })
    for (let number = 0; number < 100_000; number++) {
      const ip = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
      now(verifier.verify(from(ip, signed({ keyId: `k-${number}`, timestamp: 1_000_000_000 })), 'authenticated'))
    }
    expect(asked).toHaveLength(100_000)
    for (const kind of ['address', 'credentials'] as const) {
      const distinct = new Set(asked.map((names) => names[kind]))
      expect(distinct.size).toBeGreaterThan(NAMES * 0.9)
      expect(distinct.size).toBeLessThanOrEqual(NAMES)
    }
  }, 60_000)

  it('answers alike whether the key is known, inactive or unknown, up to the limit and beyond', async () => {
    const keys = keyRing([billing(), billing({ id: 'ended', client: 'ended', secret: WRONG, notAfter: NOW - 1 })])
    const answers = async (keyId: string, secret: Uint8Array) => {
      const { verifier } = throttling(memoryThrottle({ failuresPerAddress: null, failuresPerCredentials: 2 }), {
        hmac: { keys, replay: memoryReplayStore() },
      })
      const replies = []
      for (let time = 0; time < 4; time++)
        replies.push(((await verifier.verify(signed({ keyId, secret }), 'authenticated')) as Denial).reply)
      return replies
    }
    const unknown = await answers('nobody', WRONG)
    expect(unknown.map(({ status }) => status)).toEqual([401, 401, 429, 429])
    expect(await answers('billing-1', WRONG)).toEqual(unknown)
    expect(await answers('ended', WRONG)).toEqual(unknown)
  })
})

describe('a throttle that fails', () => {
  it.each<[string, FailureThrottle['fail']]>([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['answers nothing', () => undefined as never],
    ['answers a text', () => '60' as never],
    ['answers less than nothing', () => -1],
    ['answers NaN', () => Number.NaN],
    ['answers infinity', () => Promise.resolve(Number.POSITIVE_INFINITY)],
  ])('leaves the refusal as it is, and says so once: it %s', async (_, fail) => {
    const warnings = caughtWarnings()
    const { verdict } = throttling({ fail })
    for (let time = 0; time < 3; time++) expect(await verdict(missigned())).toBe('signature_invalid')
    expect(await verdict(signed())).toBe('allow')
    expect(warnings).toEqual(['the throttle does not count failures'])
  })

  it('is waited for so long and no longer', async () => {
    const warnings = caughtWarnings()
    const { verifier } = throttling({ fail: () => new Promise(() => {}) }, { verifier: { throttleTimeoutSeconds: 2 } })
    const settled = vi.fn()
    void Promise.resolve(verifier.verify(missigned(), 'authenticated')).then((decision) => settled(word(decision)))
    await vi.advanceTimersByTimeAsync(1999)
    expect(settled).not.toHaveBeenCalled()
    // One more for the last turn of the event loop that an answer is given.
    await vi.advanceTimersByTimeAsync(2)
    expect(settled).toHaveBeenCalledWith('signature_invalid')
    expect(warnings).toHaveLength(1)
  })

  it('says it again when it counted in between', async () => {
    const warnings = caughtWarnings()
    const answers = [Number.NaN, 0, Number.NaN, Number.NaN]
    const { verdict } = throttling({ fail: () => answers.shift() as number })
    for (let time = 0; time < 4; time++) await verdict(missigned())
    expect(warnings).toHaveLength(2)
  })

  it('is not ready, which keeps the verifier from nothing', async () => {
    const dead = throttling({ fail: () => 0, ready: () => Promise.reject(new Error('down')) }).verifier
    expect(await dead.health()).toMatchObject({ ready: true, throttle: { ready: false } })
    await expect(dead.warmup()).resolves.toBeUndefined()
    expect(await throttling(memoryThrottle()).verifier.health()).toMatchObject({ throttle: { ready: true } })
    expect(await bench().verifier.health()).not.toHaveProperty('throttle')
  })

  it('is closed with the verifier', async () => {
    const close = vi.fn()
    await throttling({ fail: () => 0, close }).verifier.close()
    expect(close).toHaveBeenCalledOnce()
  })
})

describe('a flood of failures', () => {
  it('of 10 000 writes a bounded number of lines, none of them unaccounted for, and is told to the channel in full', async () => {
    const published = vi.fn()
    subscribe(ATTEMPT_CHANNEL, published)
    const stand = throttling(memoryThrottle({ failuresPerAddress: 50, windowSeconds: 3600 }))
    for (let second = 0; second < 200; second++) {
      for (let time = 0; time < 50; time++) await stand.verdict(signed({ timestamp: 1_000_000_000 }))
      stand.now++
    }
    await stand.verifier.close()
    unsubscribe(ATTEMPT_CHANNEL, published)
    const { records } = stand.audit
    const throttled = records.filter(({ reason }) => reason === 'throttled')
    expect(records.length - throttled.length).toBe(20)
    expect(throttled.length).toBeLessThanOrEqual(200 * 10)
    expect(throttled.reduce((sum, { suppressed = 0 }) => sum + 1 + suppressed, 0)).toBe(10_000 - 20)
    expect(published).toHaveBeenCalledTimes(10_000)
  })

  it('leaves what waits to be written to close()', async () => {
    const stand = throttling(listening(9).throttle, { verifier: { throttledRecordsPerSecond: 1 } })
    for (let time = 0; time < 7; time++) await stand.verdict(missigned())
    expect(stand.audit.records).toEqual([])
    await stand.verifier.close()
    expect(stand.audit.records).toMatchObject([{ reason: 'throttled', status: 429, suppressed: 6, keyId: 'billing-1' }])
  })
})

describe('the options of a throttle', () => {
  it.each([
    ['throttle', { throttle: {} }],
    ['throttle', { throttle: null }],
    ['throttleTimeoutSeconds', { throttleTimeoutSeconds: 0 }],
    ['throttleTimeoutSeconds', { throttleTimeoutSeconds: 61 }],
    ['throttledRecordsPerSecond', { throttledRecordsPerSecond: 0 }],
    ['throttledRecordsPerSecond', { throttledRecordsPerSecond: 1.5 }],
    ['throttledRecordsPerSecond', { throttledRecordsPerSecond: 1001 }],
  ])('are refused at start where they are wrong: %s', (option, options) => {
    expect(optionOf(() => bench({ verifier: options as object }))).toBe(option)
  })
})
