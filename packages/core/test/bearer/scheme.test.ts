import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type BearerOptions,
  bearer,
  type IssuerOptions,
  type JwtAlgorithm,
  staticJwks,
  staticKeys,
  type VerificationKeySource,
} from '../../src/index.js'
import {
  AUDIENCE,
  bearing,
  bench,
  claims,
  ISSUER,
  issuer,
  keyPair,
  mint,
  NOW,
  now,
  optionOf,
  signed,
  token,
  view,
} from '../kit.js'

const OTHER = 'https://other.example'
const RS256 = keyPair('RS256')
const ES256 = keyPair('ES256')
const secret = createSecretKey(Buffer.alloc(32, 5))
const hs256 = (kid: string, value = secret.export()): VerificationKeySource =>
  staticKeys([{ kid, algorithm: 'HS256', secret: value }])
const hsToken = (
  more: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
  key = secret,
) => mint(key, { alg: 'HS256', kid: 'shared', ...header }, claims(more))

/** A set of keys that can be changed under a verifier, as one that is fetched. */
function changing(first: VerificationKeySource) {
  const self = { source: first, found: 0 }
  const keys: VerificationKeySource = {
    open: (context) => ({
      find: (...asked) => {
        self.found++
        return self.source.open(context).find(...asked)
      },
      warmup: () => {},
      health: (at) => self.source.open(context).health(at),
      isUsable: (at) => self.source.open(context).isUsable(at),
      close: () => {},
    }),
  }
  return Object.assign(self, { keys })
}

describe('a bearer token', () => {
  it('makes its subject the principal, with all that the token says, frozen', () => {
    const { verifier } = bench()
    const compact = token({ roles: ['a'], scope: 'x y', nested: { list: [{ deep: 1 }] } })
    const decision = now(verifier.verify(bearing(compact), 'authenticated'))
    if (decision.outcome === 'deny' || decision.auth === null) throw new Error('denied')
    const { principal } = decision.auth
    expect(principal).toMatchObject({
      id: 'alice',
      scheme: 'bearer',
      keyId: ES256.publicJwk.kid,
      issuer: ISSUER,
      expiresAt: NOW + 600,
    })
    expect([[...principal.roles], [...principal.scopes]]).toEqual([['a'], ['x', 'y']])
    expect(principal.claims).toEqual(JSON.parse(Buffer.from(compact.split('.')[1] ?? '', 'base64url').toString()))
    const nested = principal.claims?.['nested'] as { list: { deep: number }[] }
    for (const part of [principal, principal.claims, nested, nested.list, nested.list[0]])
      expect(Object.isFrozen(part)).toBe(true)
  })

  it.each<[string, () => string, string]>([
    [
      'alg none',
      () =>
        mint(secret, { alg: 'HS256' }, claims()).replace(/^[^.]+/, Buffer.from('{"alg":"none"}').toString('base64url')),
      'algorithm_not_allowed',
    ],
    [
      'a MAC with the public key as secret',
      () => mint(Buffer.from(JSON.stringify(ES256.publicJwk)), { alg: 'HS256', kid: ES256.publicJwk.kid }, claims()),
      'algorithm_not_allowed',
    ],
    [
      'an algorithm of another key',
      () => mint(RS256.privateKey, { alg: 'RS256', kid: ES256.publicJwk.kid }, claims()),
      'algorithm_not_allowed',
    ],
    [
      'an algorithm in another case',
      () => token({}, { alg: 'ES256' }).replace(/^[^.]+/, Buffer.from('{"alg":"es256"}').toString('base64url')),
      'algorithm_not_allowed',
    ],
    ['an unknown kid', () => token({}, { kid: 'nobody' }), 'key_unknown'],
    ['a path for a kid', () => token({}, { kid: '../../../dev/null' }), 'key_unknown'],
    ['the kid __proto__', () => token({}, { kid: '__proto__' }), 'key_unknown'],
    [
      'a key of its own in the header',
      () => mint(keyPair('ES256').privateKey, { alg: 'ES256', kid: 'mine', jwk: ES256.publicJwk }, claims()),
      'key_unknown',
    ],
    ['a bad signature', () => `${token().slice(0, -4)}AAAA`, 'signature_invalid'],
    ['no exp', () => token({ exp: undefined }), 'claim_missing'],
    ['another type', () => token({}, { typ: 'logout+jwt' }), 'token_type_invalid'],
    [
      'a payload with a name twice',
      () =>
        mint(
          ES256.privateKey,
          { alg: 'ES256', kid: ES256.publicJwk.kid },
          JSON.stringify(claims()).replace('{', '{"sub":"mallory",'),
        ),
      'token_malformed',
    ],
    ['more than 8192 characters', () => token({ padding: 'x'.repeat(8192) }), 'token_too_large'],
  ])('with %s is refused', async (_, compact, reason) => {
    expect(await bench().verdict(bearing(compact()))).toBe(reason)
  })

  it('that is expired and has a bad signature is refused for the signature (CVE-2024-51744)', async () => {
    expect(await bench().verdict(bearing(`${token({ exp: NOW - 999 }).slice(0, -4)}AAAA`))).toBe('signature_invalid')
  })

  it('without kid is verified by the one key of its algorithm, and by none where there are two', async () => {
    const compact = token({}, { kid: undefined })
    expect(await bench().verdict(bearing(compact))).toBe('allow')
    const two = staticJwks({ keys: [ES256.publicJwk, { ...ES256.publicJwk, kid: 'twin' }] })
    expect(await bench({ bearer: { issuers: [issuer({ keys: two })] } }).verdict(bearing(compact))).toBe('key_unknown')
  })

  it('that is also sent in the query is refused (RFC 6750 section 2)', async () => {
    expect(await bench().verdict(bearing(token(), { target: '/orders?access_token=x' }))).toBe('malformed_credentials')
    expect(await bench().verdict(bearing(token(), { target: '/orders?a=1&access_token=' }))).toBe(
      'malformed_credentials',
    )
    expect(await bench().verdict(bearing(token(), { target: '/orders?my_access_token=x' }))).toBe('allow')
  })

  it('in the query alone is no credential', async () => {
    expect(await bench().verdict(view({ target: `/orders?access_token=${token()}` }))).toBe('missing_credentials')
  })

  it.each(['Basic YTpi', 'Token x', 'JWT x', 'DPoP x'])('is not what %s is', async (value) => {
    const request = view({ headers: ['Authorization', value] })
    expect(await bench().verdict(request)).toBe('missing_credentials')
    expect(await bench().verdict(request, 'optional')).toBe('missing_credentials')
  })

  it('sent twice is refused, the good one first or last', async () => {
    for (const [first, second] of [
      [token(), 'x'],
      ['x', token()],
      [token(), token()],
    ]) {
      const request = bearing(first as string, { headers: ['authorization', `Bearer ${second}`] })
      expect(await bench().verdict(request)).toBe('duplicate_header')
    }
  })
})

describe('a token seen before', () => {
  it('is verified once and taken from memory then', () => {
    const { verifier } = bench()
    const request = bearing(token())
    const principals = [1, 2].map(() => {
      const decision = now(verifier.verify(request, 'authenticated'))
      return decision.outcome === 'allow' ? decision.auth?.principal : undefined
    })
    expect(principals[0]).toBeDefined()
    expect(principals[1]).toBe(principals[0])
  })

  it('still ends: the time is checked at every use, to the second', async () => {
    const self = bench()
    const request = bearing(token({ exp: NOW + 10 }))
    expect(await self.verdict(request)).toBe('allow')
    self.now = NOW + 39
    expect(await self.verdict(request)).toBe('allow')
    self.now = NOW + 40
    expect(await self.verdict(request)).toBe('token_expired')
  })

  it('is refused when its key ends', async () => {
    const keys = staticKeys([
      { kid: 'a', algorithm: 'HS256', secret: secret.export(), notAfter: NOW + 10 },
      { kid: 'b', algorithm: 'HS256', secret: 'y'.repeat(32) },
    ])
    const self = bench({ bearer: { issuers: [issuer({ algorithms: ['HS256'], keys })] } })
    const request = bearing(hsToken({}, { kid: 'a' }))
    self.now = NOW + 10
    expect(await self.verdict(request)).toBe('allow')
    self.now = NOW + 11
    expect(await self.verdict(request)).toBe('key_inactive')
  })

  it('is refused when its key is gone, and verified anew when its key is another', async () => {
    const set = changing(hs256('shared'))
    const self = bench({ bearer: { issuers: [issuer({ algorithms: ['HS256'], keys: set.keys })] } })
    const request = bearing(hsToken())
    expect(await self.verdict(request)).toBe('allow')
    set.source = hs256('shared', Buffer.alloc(32, 6))
    expect(await self.verdict(request)).toBe('signature_invalid')
    set.source = hs256('another')
    expect(await self.verdict(request)).toBe('key_unknown')
    expect(set.found).toBe(3)
  })

  it('leaves the same record as the first time', async () => {
    const self = bench()
    const request = bearing(token({ jti: 't-1' }))
    await self.verdict(request)
    await self.verdict(request)
    const [first, second] = self.audit.records.map(({ durationUs: _, ...record }) => record)
    expect(second).toEqual(first)
    expect(second).toMatchObject({ tokenId: 't-1', kid: ES256.publicJwk.kid, issuer: ISSUER })
  })

  it('is not answered for by another token that ends in the same signature', async () => {
    const self = bench()
    const good = token()
    expect(await self.verdict(bearing(good))).toBe('allow')
    const [, , signature] = good.split('.')
    const [header, payload] = token({ sub: 'mallory' }).split('.')
    expect(await self.verdict(bearing(`${header}.${payload}.${signature}`))).toBe('signature_invalid')
  })

  it('is verified anew each time where nothing is to be remembered', async () => {
    const self = bench({ bearer: { tokenCacheEntries: 0 } })
    expect([await self.verdict(bearing(token())), await self.verdict(bearing(token()))]).toEqual(['allow', 'allow'])
  })
})

describe('several issuers', () => {
  const self = () =>
    bench({
      bearer: {
        issuers: [
          issuer(),
          {
            issuer: OTHER,
            algorithms: ['HS256'],
            keys: staticKeys([{ kid: ES256.publicJwk.kid, algorithm: 'HS256', secret: secret.export() }]),
            roles: 'groups',
            audience: 'theirs',
          },
        ],
      },
    })
  const theirs = (more = {}) =>
    hsToken({ iss: OTHER, aud: 'theirs', groups: ['x'], ...more }, { kid: ES256.publicJwk.kid })

  it('each goes by its own keys, roles and audience, also where two keys share a kid', async () => {
    expect(await self().verdict(bearing(token({ roles: ['x'] })), { anyRole: ['x'] })).toBe('allow')
    expect(await self().verdict(bearing(theirs()), { anyRole: ['x'] })).toBe('allow')
    expect(await self().verdict(bearing(theirs({ aud: AUDIENCE })))).toBe('audience_invalid')
    expect(await self().verdict(bearing(theirs({ groups: [], roles: ['x'] })), { anyRole: ['x'] })).toBe('role_missing')
  })

  it('none vouches for another', async () => {
    expect(await self().verdict(bearing(theirs({ iss: ISSUER })))).toBe('algorithm_not_allowed')
    expect(await self().verdict(bearing(token({ iss: OTHER })))).toBe('algorithm_not_allowed')
    const two = bench({
      bearer: {
        issuers: [
          issuer({ algorithms: ['HS256'], keys: hs256('shared') }),
          issuer({ issuer: OTHER, algorithms: ['HS256'], keys: hs256('shared', Buffer.alloc(32, 6)) }),
        ],
      },
    })
    expect(await two.verdict(bearing(hsToken({ iss: OTHER })))).toBe('signature_invalid')
  })

  it.each(['https://evil.example', undefined, [ISSUER], `${ISSUER}/`, 1])(
    'a token of iss %j is refused',
    async (iss) => {
      expect(await self().verdict(bearing(token({ iss })))).toBe('issuer_invalid')
    },
  )
})

describe('a gap in the keys', () => {
  it('answers keys_unavailable where no key of the issuer is active', async () => {
    const keys = staticKeys([{ kid: 'shared', algorithm: 'HS256', secret: secret.export(), notAfter: NOW - 1 }])
    const self = bench({ bearer: { issuers: [issuer({ algorithms: ['HS256'], keys })] } })
    expect(await self.verdict(bearing(hsToken()))).toBe('keys_unavailable')
    expect(await self.verdict(bearing(hsToken({}, { kid: 'nobody' })))).toBe('keys_unavailable')
  })
})

describe('what an issuer may be told', () => {
  const only = (more: Partial<IssuerOptions>) => bench({ bearer: { issuers: [issuer(more)] } })

  it('to take access tokens only (RFC 9068)', async () => {
    expect(await only({ tokenType: 'at+jwt' }).verdict(bearing(token({}, { typ: 'JWT' })))).toBe('token_type_invalid')
    expect(await only({ tokenType: 'at+jwt' }).verdict(bearing(token({}, { typ: 'at+jwt' })))).toBe('allow')
  })

  it('to take tokens of no age above a limit', async () => {
    expect(await only({ maxAgeSeconds: 60 }).verdict(bearing(token({ iat: NOW - 90 })))).toBe('allow')
    expect(await only({ maxAgeSeconds: 60 }).verdict(bearing(token({ iat: NOW - 91 })))).toBe('token_too_old')
  })

  it('aloud, by null, to leave out issuer, audience or expiry', async () => {
    expect(await only({ issuer: null }).verdict(bearing(token({ iss: 'https://any.example' })))).toBe('allow')
    expect(await only({ audience: null }).verdict(bearing(token({ aud: undefined })))).toBe('allow')
    expect(await only({ expiry: null }).verdict(bearing(token({ exp: undefined })))).toBe('allow')
  })
})

describe('bearer', () => {
  const refused = (options: BearerOptions) => optionOf(() => bench({ bearer: options }))
  const withIssuer = (more: Partial<IssuerOptions>): BearerOptions => ({ issuers: [issuer(more)] })
  const algorithms = (...names: JwtAlgorithm[]) => withIssuer({ algorithms: names })
  const at = 'schemes[0].issuers[0]'

  it.each<[string, BearerOptions]>([
    ['bearer.issuers', { issuers: [] }],
    ['bearer.skewSeconds', { issuers: [issuer()], skewSeconds: 301 }],
    ['bearer.skewSeconds', { issuers: [issuer()], skewSeconds: -1 }],
    ['bearer.skewSeconds', { issuers: [issuer()], skewSeconds: Number.NaN }],
    ['bearer.skewSeconds', { issuers: [issuer()], skewSeconds: Number.POSITIVE_INFINITY }],
    ['bearer.tokenCacheEntries', { issuers: [issuer()], tokenCacheEntries: -1 }],
    [`${at}.algorithms`, algorithms()],
    [`${at}.algorithms`, algorithms('ES256', 'HS256')],
    [`${at}.algorithms`, algorithms('ES256', 'ES256')],
    [`${at}.issuer`, withIssuer({ issuer: '' })],
    [`${at}.audience`, withIssuer({ audience: '' })],
    [`${at}.maxAgeSeconds`, withIssuer({ maxAgeSeconds: 0 })],
    [`${at}.maxAgeSeconds`, withIssuer({ maxAgeSeconds: Number.NaN })],
    [`${at}.roles`, withIssuer({ roles: [] })],
    [`${at}.scope`, withIssuer({ scope: '' })],
    [`${at}.keys`, withIssuer({ keys: staticKeys([]) })],
    ['schemes[0].issuers[1].issuer', { issuers: [issuer(), issuer()] }],
    [`${at}.issuer`, { issuers: [issuer({ issuer: null }), issuer()] }],
    // @ts-expect-error no such algorithm
    [`${at}.algorithms[0]`, algorithms('none')],
    // @ts-expect-error numbers are numbers
    ['bearer.skewSeconds', { issuers: [issuer()], skewSeconds: '60' }],
    // @ts-expect-error algorithms have no default
    [`${at}.algorithms`, { issuers: [{ issuer: ISSUER, keys: hs256('a') }] }],
    // @ts-expect-error an issuer is named, or null
    [`${at}.issuer`, { issuers: [{ algorithms: ['HS256'], keys: hs256('a') }] }],
    // @ts-expect-error keys are required
    [`${at}.keys`, { issuers: [{ issuer: ISSUER, algorithms: ['HS256'] }] }],
    // @ts-expect-error an issuer is a text, never a pattern
    [`${at}.issuer`, withIssuer({ issuer: /example/ })],
    // @ts-expect-error no such type
    [`${at}.tokenType`, withIssuer({ tokenType: 'id' })],
    // @ts-expect-error opting out is null
    [`${at}.expiry`, withIssuer({ expiry: false })],
    // @ts-expect-error a misspelt option does not compile
    [`${at}.algorithm`, withIssuer({ algorithm: 'RS256' })],
    // @ts-expect-error a misspelt option does not compile
    ['bearer.clockTolerance', { issuers: [issuer()], clockTolerance: 1 }],
  ])('names %s', (option, options) => {
    expect(refused(options)).toBe(option)
  })

  it('needs a composite request to say who is who: user as principal, signing service as actor', () => {
    const { verifier } = bench()
    const request = signed({ headers: ['Authorization', `Bearer ${token()}`] })
    expect(now(verifier.verify(request, 'authenticated'))).toMatchObject({
      auth: { principal: { id: 'alice', scheme: 'bearer' }, actor: { id: 'billing', scheme: 'hmac' } },
    })
  })

  it('cannot be opened without issuers', () => {
    // @ts-expect-error issuers are required
    expect(optionOf(() => bearer({}))).toBe('bearer.issuers')
  })
})
