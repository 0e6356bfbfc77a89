import { createHmac } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  CredentialError,
  type HmacKeySource,
  hmac,
  type KeyRingEntry,
  keyRing,
  memoryReplayStore,
  type ReplayStore,
  type RequestView,
} from '../../src/index.js'
import {
  bearing,
  bench,
  billing,
  caughtWarnings,
  hmacHeaders,
  NOW,
  nextNonce,
  now,
  optionOf,
  SECRET,
  signed,
  token,
  view,
  withHeader,
} from '../kit.js'

const OTHER_SECRET = Buffer.alloc(64, 7)

describe('a signed request', () => {
  it('is accepted once, and makes the client of the key the principal', () => {
    const { verifier } = bench()
    const request = signed({
      method: 'POST',
      body: 'amount=1',
      headers: ['Content-Type', 'application/x-www-form-urlencoded'],
    })
    const decision = now(verifier.verify(request, 'authenticated'))
    expect(decision).toMatchObject({
      outcome: 'allow',
      auth: { principal: { id: 'billing', scheme: 'hmac', keyId: 'billing-1' } },
    })
    expect(now(verifier.verify(request, 'authenticated'))).toMatchObject({ reason: 'replayed' })
  })

  it('is accepted with sha512 where the key says sha512, and only there', async () => {
    const keys = keyRing([billing(), billing({ id: 'wide', secret: OTHER_SECRET, algorithm: 'sha512' })])
    const self = bench({ hmac: { keys } })
    expect(await self.verdict(signed({ keyId: 'wide', secret: OTHER_SECRET, algorithm: 'sha512' }))).toBe('allow')
    expect(await self.verdict(signed({ keyId: 'wide', secret: OTHER_SECRET, algorithm: 'sha256' }))).toBe(
      'signature_invalid',
    )
    expect(await self.verdict(signed({ algorithm: 'sha512' }))).toBe('signature_invalid')
  })

  const parts = {
    method: 'POST',
    body: '{"a":1}',
    target: '/orders?a=1',
    headers: ['Content-Type', 'application/json'],
  }
  it.each<[string, (request: RequestView) => RequestView, string]>([
    ['another method', (request) => ({ ...request, method: 'PUT' }), 'signature_invalid'],
    ['the method in another case', (request) => ({ ...request, method: 'post' }), 'signature_invalid'],
    ['another path', (request) => ({ ...request, target: '/admin?a=1' }), 'signature_invalid'],
    ['another spelling of the path', (request) => ({ ...request, target: '/%6Frders?a=1' }), 'signature_invalid'],
    ['another query', (request) => ({ ...request, target: '/orders?a=2' }), 'signature_invalid'],
    ['another content type', (request) => withHeader(request, 'content-type', 'text/plain'), 'signature_invalid'],
    ['no content type', (request) => withHeader(request, 'content-type', undefined), 'signature_invalid'],
    [
      'a second content type',
      (request) => ({ ...request, rawHeaders: [...request.rawHeaders, 'content-type', 'a'] }),
      'duplicate_header',
    ],
    [
      'an Authorization that was not signed',
      (request) => withHeader(request, 'authorization', 'Basic x'),
      'signature_invalid',
    ],
    ['another nonce', (request) => withHeader(request, 'x-hmac-nonce', nextNonce()), 'signature_invalid'],
    ['another timestamp', (request) => withHeader(request, 'x-hmac-timestamp', String(NOW + 1)), 'signature_invalid'],
    [
      'the digest of another body',
      (request) => withHeader(request, 'x-hmac-content-sha256', '0'.repeat(64)),
      'signature_invalid',
    ],
    ['another body', (request) => ({ ...request, readBody: () => Buffer.from('{"a":2}') }), 'content_digest_mismatch'],
    [
      'white space in the body',
      (request) => ({ ...request, readBody: () => Buffer.from('{"a": 1}') }),
      'content_digest_mismatch',
    ],
    ['no body', (request) => ({ ...request, readBody: () => Buffer.alloc(0) }), 'content_digest_mismatch'],
    [
      'a MAC in upper case',
      (request) => withHeader(request, 'x-hmac-sha256', hmacHeaders().at(-1)?.toUpperCase()),
      'signature_invalid',
    ],
    ['an unknown key id', (request) => withHeader(request, 'x-hmac-key-id', 'nobody'), 'key_unknown'],
  ])('is refused with %s', async (_, change, reason) => {
    expect(await bench().verdict(change(signed(parts)))).toBe(reason)
  })

  it('is refused when it was signed for another service', async () => {
    expect(await bench().verdict(signed({ audience: 'inventory' }))).toBe('signature_invalid')
  })

  it('is refused when its key id is swapped for one whose secret is the same elsewhere: the id is signed', async () => {
    const keys = keyRing([billing(), billing({ id: 'other', client: 'other', secret: OTHER_SECRET })])
    const request = signed({ secret: OTHER_SECRET })
    expect(await bench({ hmac: { keys } }).verdict(withHeader(request, 'x-hmac-key-id', 'other'))).toBe(
      'signature_invalid',
    )
  })

  it.each([
    ['content type', { headers: ['Content-Type', 'text/é'] }],
    ['target', { target: '/é' }],
  ])('is refused where its %s is not visible ASCII', async (_, more) => {
    expect(await bench().verdict(signed(more))).toBe('malformed_credentials')
  })

  it.each([
    [-300, 'allow'],
    [-301, 'timestamp_out_of_range'],
    [300, 'allow'],
    [301, 'timestamp_out_of_range'],
  ])('with a timestamp %i s away: %s', async (offset, verdict) => {
    expect(await bench().verdict(signed({ timestamp: NOW + offset }))).toBe(verdict)
  })

  it('is remembered for as long as its timestamp is acceptable, also one from the future', async () => {
    const self = bench()
    const request = signed({ timestamp: NOW + 300 })
    expect(await self.verdict(request)).toBe('allow')
    self.now = NOW + 600
    expect(await self.verdict(request)).toBe('replayed')
    self.now = NOW + 601
    expect(await self.verdict(request)).toBe('timestamp_out_of_range')
  })
})

describe('the order of checks', () => {
  const unread = () => expect.unreachable('the body was read')

  it.each<[string, RequestView]>([
    ['timestamp', signed({ timestamp: NOW - 301, readBody: unread })],
    ['key', signed({ keyId: 'nobody', readBody: unread })],
    ['MAC', signed({ secret: OTHER_SECRET, readBody: unread })],
  ])('a bad %s is refused before the body is read', async (_, request) => {
    expect(await bench().verdict(request)).not.toBe('internal')
  })

  it('a policy denies before the body is read and before the nonce is spent', async () => {
    const self = bench()
    const parts = { nonce: nextNonce() }
    expect(await self.verdict(signed({ ...parts, readBody: unread }), { anyRole: ['admin'] })).toBe('role_missing')
    expect(await self.verdict(signed(parts))).toBe('allow')
  })

  it('nobody spends the nonce of another: a wrong MAC or a wrong body leaves it', async () => {
    const self = bench()
    const nonce = nextNonce()
    expect(await self.verdict(signed({ nonce, secret: OTHER_SECRET }))).toBe('signature_invalid')
    expect(await self.verdict({ ...signed({ nonce, body: 'a' }), readBody: () => Buffer.from('b') })).toBe(
      'content_digest_mismatch',
    )
    expect(await self.verdict(signed({ nonce }))).toBe('allow')
  })

  it('two clients may use the same nonce', async () => {
    const keys = keyRing([billing(), billing({ id: 'other', client: 'other', secret: OTHER_SECRET })])
    const self = bench({ hmac: { keys } })
    const nonce = nextNonce()
    expect(await self.verdict(signed({ nonce }))).toBe('allow')
    expect(await self.verdict(signed({ nonce, keyId: 'other', secret: OTHER_SECRET }))).toBe('allow')
  })
})

describe('keys and their periods', () => {
  const rotation = keyRing([
    billing({ notAfter: NOW + 10 }),
    billing({ id: 'billing-2', secret: OTHER_SECRET, notBefore: NOW }),
    billing({ id: 'always', client: 'other', secret: Buffer.alloc(32, 9) }),
  ])
  const old = () => signed({ timestamp: NOW })
  const fresh = () => signed({ keyId: 'billing-2', secret: OTHER_SECRET })

  it('old and new key are both good while their periods overlap, one second outside neither', async () => {
    const self = bench({ hmac: { keys: rotation } })
    expect([await self.verdict(old()), await self.verdict(fresh())]).toEqual(['allow', 'allow'])
    self.now = NOW + 10
    expect(await self.verdict(old())).toBe('allow')
    self.now = NOW + 11
    expect([await self.verdict(old()), await self.verdict(fresh())]).toEqual(['key_inactive', 'allow'])
    self.now = NOW - 1
    expect([await self.verdict(old()), await self.verdict(fresh())]).toEqual(['allow', 'key_inactive'])
  })

  it('answers keys_unavailable where no key at all is active: the gap is ours', async () => {
    const self = bench({ hmac: { keys: keyRing([billing({ notAfter: NOW - 1 })]) } })
    expect(await self.verdict(signed())).toBe('keys_unavailable')
    expect(await self.verdict(signed({ keyId: 'nobody' }))).toBe('keys_unavailable')
  })

  it('reads the same to the client, unknown key id or wrong MAC', () => {
    const { verifier } = bench()
    const unknown = now(verifier.verify(signed({ keyId: 'nobody' }), 'authenticated'))
    const wrong = now(verifier.verify(signed({ secret: OTHER_SECRET }), 'authenticated'))
    expect(unknown).toMatchObject({ reason: 'key_unknown' })
    expect(wrong).toMatchObject({ reason: 'signature_invalid' })
    expect('reply' in unknown && unknown.reply).toEqual('reply' in wrong && wrong.reply)
  })

  it('waits for a key source that has to fetch, and answers 503 for one that cannot', async () => {
    const ring = keyRing([billing()])
    const slow = (fail: boolean): HmacKeySource => ({
      open: (context) => {
        const lookup = ring.open(context)
        return {
          find: async (keyId, at) =>
            fail ? Promise.reject(new CredentialError('keys_unavailable')) : lookup.find(keyId, at),
          bodyTimestampKeys: (at) => lookup.bodyTimestampKeys(at),
          warmup: () => lookup.warmup(),
          health: (at) => lookup.health(at),
          isUsable: (at) => lookup.isUsable(at),
          close: () => lookup.close(),
        }
      },
    })
    expect(bench({ hmac: { keys: slow(false) } }).verifier.verify(signed(), 'authenticated')).toBeInstanceOf(Promise)
    expect(await bench({ hmac: { keys: slow(false) } }).verdict(signed())).toBe('allow')
    expect(await bench({ hmac: { keys: slow(true) } }).verdict(signed())).toBe('keys_unavailable')
  })
})

describe('the replay store', () => {
  const storing = (claim: ReplayStore['claim']) => bench({ hmac: { replay: { claim } } })

  it.each<[string, ReplayStore['claim'], string]>([
    ['true', () => true, 'allow'],
    ['false', () => false, 'replayed'],
    ['true later', async () => true, 'allow'],
    ['false later', async () => false, 'replayed'],
    // The casts stand for stores without types.
    ['OK', () => 'OK' as unknown as boolean, 'replay_store_unavailable'],
    ['1', async () => 1 as unknown as boolean, 'replay_store_unavailable'],
    ['nothing', () => undefined as unknown as boolean, 'replay_store_unavailable'],
    ['an exception', () => expect.unreachable(), 'replay_store_unavailable'],
    ['a rejection', () => Promise.reject(new Error('READONLY')), 'replay_store_unavailable'],
  ])('that answers %s', async (_, claim, verdict) => {
    expect(await storing(claim).verdict(signed())).toBe(verdict)
  })

  it('is asked with key id and nonce, the moment after which the timestamp is refused, and the clock', async () => {
    const claims: unknown[] = []
    const self = storing((...claim) => claims.push(claim) > 0)
    await self.verdict(signed({ nonce: 'n-0123456789abcdef', timestamp: NOW - 5 }))
    expect(claims).toEqual([['billing-1 n-0123456789abcdef', NOW + 296, NOW]])
  })

  it('that never answers is not waited for: 503, and not ready', async () => {
    const never = () => new Promise<boolean>(() => {})
    const replay: ReplayStore = { claim: never, ready: never }
    const self = bench({ hmac: { replay, replayTimeoutSeconds: 0.001 } })
    expect(await self.verdict(signed())).toBe('replay_store_unavailable')
    expect((await self.verifier.health()).ready).toBe(false)
  })

  it('may answer with a promise of another realm', async () => {
    const replay = (value: boolean): ReplayStore => ({ claim: () => runInNewContext(`Promise.resolve(${value})`) })
    expect(await bench({ hmac: { replay: replay(true) } }).verdict(signed())).toBe('allow')
    expect(await bench({ hmac: { replay: replay(false) } }).verdict(signed())).toBe('replayed')
  })

  it('that forgets as soon as it may lets no request in again, not in the last second either', async () => {
    const ends = new Map<string, number>()
    const self = storing((id, expiresAt, at) => {
      if ((ends.get(id) ?? 0) >= at) return false
      ends.set(id, expiresAt)
      return true
    })
    const request = signed()
    expect(await self.verdict(request)).toBe('allow')
    for (const [passed, verdict] of [
      [300, 'replayed'],
      [300.999, 'replayed'],
      [301, 'timestamp_out_of_range'],
    ] as const) {
      self.now = NOW + passed
      expect(await self.verdict(request)).toBe(verdict)
    }
  })

  it('that is full answers 503, never an allowance', async () => {
    const self = bench({ hmac: { replay: memoryReplayStore({ maxEntries: 1 }) } })
    expect([await self.verdict(signed()), await self.verdict(signed())]).toEqual(['allow', 'replay_store_unavailable'])
  })

  it('that is null, written out, lets a request be repeated', async () => {
    const self = bench({ hmac: { replay: null } })
    const request = signed()
    expect([await self.verdict(request), await self.verdict(request)]).toEqual(['allow', 'allow'])
  })
})

describe('the profile body-timestamp', () => {
  const webhook: KeyRingEntry = {
    id: 'webhook',
    client: 'shop',
    secret: 'clave-secreta',
    allowWeakSecret: true,
    profile: 'body-timestamp',
  }
  const post = (
    body: string,
    { timestamp = String(NOW), secret = 'clave-secreta', target = '/hooks/a?b', method = 'POST' } = {},
  ) => {
    const mac = createHmac('sha256', secret)
      .update(body + timestamp)
      .digest('hex')
    return view({ method, target, body, headers: ['x-hmac-timestamp', timestamp, 'x-hmac-sha256', mac] })
  }
  const hooks = (more: Partial<KeyRingEntry> = {}, others: KeyRingEntry[] = []) => {
    caughtWarnings()
    return bench({ bearer: null, hmac: { keys: keyRing([{ ...webhook, ...more }, ...others]) } })
  }

  it('accepts body and timestamp signed together, and names the key that fitted', async () => {
    const self = hooks()
    expect(await self.verdict(post('amount=1000'))).toBe('allow')
    expect(self.audit.records).toMatchObject([{ principal: 'shop', keyId: 'webhook' }])
  })

  it('refuses digits that moved from the timestamp into the body', async () => {
    const self = hooks()
    const honest = post('amount=1000', { timestamp: '1700000000' })
    const moved = {
      ...withHeader(honest, 'x-hmac-timestamp', '0001700000000'),
      readBody: () => Buffer.from('amount=1'),
    }
    expect(await self.verdict(moved)).toBe('timestamp_malformed')
  })

  it.each([
    [-300, 'allow'],
    [-301, 'timestamp_out_of_range'],
    [300, 'allow'],
    [301, 'timestamp_out_of_range'],
  ])('with a timestamp %i s away: %s', async (offset, verdict) => {
    expect(await hooks().verdict(post('a', { timestamp: String(NOW + offset) }))).toBe(verdict)
  })

  it('refuses another body or another secret', async () => {
    expect(await hooks().verdict({ ...post('a'), readBody: () => Buffer.from('b') })).toBe('signature_invalid')
    expect(await hooks().verdict(post('a', { secret: 'another' }))).toBe('signature_invalid')
  })

  it('cannot be used with a key of the profile request, nor the other way round', async () => {
    const self = hooks({}, [billing()])
    expect(await self.verdict(post('a', { secret: SECRET.toString('latin1') }))).toBe('signature_invalid')
    expect(await self.verdict(signed({ keyId: 'webhook', secret: Buffer.from('clave-secreta') }))).toBe('key_unknown')
  })

  it('is malformed where no key is enabled for it', async () => {
    expect(await bench().verdict(post('a'))).toBe('malformed_credentials')
  })

  it('tries up to four keys', async () => {
    const others = ['b', 'c', 'd'].map((id) => ({ ...webhook, id, client: id, secret: `the secret of ${id}` }))
    const self = hooks({}, others)
    for (const secret of ['clave-secreta', ...others.map((other) => other.secret)]) {
      expect(await self.verdict(post('a', { secret }))).toBe('allow')
    }
  })

  it('refuses a key outside its period, and says so to the audit only', async () => {
    const others = [{ ...webhook, id: 'b', secret: 'the secret of b' }]
    const self = hooks({ notAfter: NOW - 1 }, others)
    expect(await self.verdict(post('a'))).toBe('key_inactive')
  })

  it.each([
    ['POST', '/hooks/a?b', 'allow'],
    ['POST', '/hooks/', 'allow'],
    ['POST', '/exact', 'allow'],
    ['POST', '/exact?query=1', 'allow'],
    ['PUT', '/hooks/a', 'key_unknown'],
    ['POST', '/hooks', 'key_unknown'],
    ['POST', '/exact/', 'key_unknown'],
    ['POST', '/hookss', 'key_unknown'],
    ['POST', '/orders?/hooks/', 'key_unknown'],
  ])('limited to methods and paths: %s %s is %s', async (method, target, verdict) => {
    const self = hooks({ methods: ['POST'], paths: ['/hooks/*', '/exact'] })
    expect(await self.verdict(post('a', { method, target }))).toBe(verdict)
  })

  it.each([
    '/hooks/..',
    '/hooks/a/../../admin',
    '/hooks/%2E%2e/admin',
    '/hooks/.%2e%2fadmin',
    '/hooks/..\\admin',
    '/hooks/./a',
  ])('limited to a prefix: %s, which may leave it behind a proxy, is refused', async (target) => {
    expect(await hooks({ paths: ['/hooks/*'] }).verdict(post('a', { target }))).toBe('key_unknown')
  })

  it.each(['/hooks/a..b', '/hooks/...', '/hooks/.well-known', '/hooks/a.'])(
    'limited to a prefix: %s is below it',
    async (target) => {
      expect(await hooks({ paths: ['/hooks/*'] }).verdict(post('a', { target }))).toBe('allow')
    },
  )

  it('does not read the body where no key is accepted', async () => {
    const request = { ...post('a', { method: 'PUT' }), readBody: () => expect.unreachable() }
    expect(await hooks({ methods: ['POST'] }).verdict(request)).toBe('key_unknown')
  })

  it('lets a request be repeated, unless the key refuses repeats', async () => {
    const lenient = hooks()
    expect([await lenient.verdict(post('a')), await lenient.verdict(post('a'))]).toEqual(['allow', 'allow'])
    const strict = hooks({ refuseRepeats: true })
    expect([await strict.verdict(post('a')), await strict.verdict(post('a'))]).toEqual(['allow', 'replayed'])
  })

  it('is refused beside a bearer token, which its MAC does not cover: anybody could have put one there', async () => {
    const stolen = post('a')
    const rawHeaders = [...stolen.rawHeaders, 'Authorization', `Bearer ${token({ sub: 'mallory' })}`]
    const keys = keyRing([webhook])
    caughtWarnings()
    expect(await bench({ hmac: { keys } }).verdict({ ...stolen, rawHeaders })).toBe('binding_invalid')
    expect(await bench({ bearer: null, hmac: { keys } }).verdict({ ...stolen, rawHeaders })).toBe('allow')
  })

  it('refuses rather than forgets where repeats are to be refused and there is nowhere to remember them', async () => {
    caughtWarnings()
    const keys = keyRing([{ ...webhook, refuseRepeats: true }])
    expect(await bench({ bearer: null, hmac: { keys, replay: null } }).verdict(post('a'))).toBe(
      'replay_store_unavailable',
    )
  })
})

describe('beside a bearer token', () => {
  it('is bound to it: the same signature with another token, or none, is refused', async () => {
    const headers = ['Authorization', `Bearer ${token()}`]
    const both = signed({ headers })
    expect(await bench().verdict(both)).toBe('allow')
    expect(await bench().verdict(withHeader(both, 'authorization', `Bearer ${token({ sub: 'bob' })}`))).toBe(
      'signature_invalid',
    )
    expect(await bench().verdict(withHeader(both, 'authorization', undefined))).toBe('signature_invalid')
  })

  it('a token put beside a signature that did not cover it is refused', async () => {
    const compact = token()
    expect(await bench().verdict(bearing(compact, { headers: hmacHeaders() }))).toBe('signature_invalid')
  })
})

describe('hmac', () => {
  const keys = keyRing([billing()])
  const replay = null

  it.each<[string, Parameters<typeof hmac>[0]]>([
    ['hmac.replayTimeoutSeconds', { keys, replay, replayTimeoutSeconds: 0 }],
    ['hmac.replayTimeoutSeconds', { keys, replay, replayTimeoutSeconds: Number.NaN }],
    ['hmac.windowSeconds', { keys, replay, windowSeconds: 0 }],
    ['hmac.windowSeconds', { keys, replay, windowSeconds: 3601 }],
    ['hmac.windowSeconds', { keys, replay, windowSeconds: Number.NaN }],
    ['hmac.windowSeconds', { keys, replay, windowSeconds: -1 }],
    ['hmac.windowSeconds', { keys, replay, windowSeconds: 1.5 }],
    ['hmac.bodyLimitBytes', { keys, replay, bodyLimitBytes: -1 }],
    ['hmac.bodyLimitBytes', { keys, replay, bodyLimitBytes: Number.POSITIVE_INFINITY }],
    ['hmac.bodyTimeoutSeconds', { keys, replay, bodyTimeoutSeconds: 0 }],
    ['hmac.bodyTimeoutSeconds', { keys, replay, bodyTimeoutSeconds: Number.NaN }],
    // @ts-expect-error replay has no default
    ['hmac.replay', { keys }],
    // @ts-expect-error a store claims
    ['hmac.replay', { keys, replay: {} }],
    // @ts-expect-error keys are required
    ['hmac.keys', { replay }],
    // @ts-expect-error a misspelt option does not compile
    ['hmac.windowSecond', { keys, replay, windowSecond: 1 }],
  ])('names %s', (option, options) => {
    expect(optionOf(() => hmac(options))).toBe(option)
  })

  it('refuses an audience with a line feed: it would make the canonical text ambiguous', () => {
    expect(optionOf(() => bench({ verifier: { audience: 'a\nmethod:GET' } }))).toBe('audience')
  })
})
