import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  bearer,
  createVerifier,
  hmac,
  type Jwk,
  keyRing,
  memoryReplayStore,
  type Policy,
  staticKeys,
} from '@countersign/core'
import { NOW, publicJwk } from '../foreign/mint.js'
import { configurationProbe, type Probe } from '../probe.js'
import { asService, asUser } from '../requests.js'
import { billingKey, decide, es256Issuer, issuerOf, verifierOf } from './decide.js'
import { throwsNaming, wrong } from './naming.js'

const publicKeyOf = () => publicJwk('issuer-es256') as Jwk

const NUMBERS = [Number.NaN, -1, Number.POSITIVE_INFINITY, '60', null, {}]

export const CONFIGURATION: readonly Probe[] = [
  configurationProbe('N01', 'no algorithms, no issuer and no audience stop the start unless null is written', () => {
    for (const value of [undefined, null, [], ['none'], ['HS1'], 'ES256', ['ES256', 'ES256']]) {
      throwsNaming('algorithms', () => verifierOf({ issuers: [es256Issuer({ algorithms: wrong(value) })] }))
    }
    throwsNaming('issuer', () => verifierOf({ issuers: [es256Issuer({ issuer: wrong(undefined) })] }))
    for (const value of ['', ' ']) {
      throwsNaming('issuer', () => verifierOf({ issuers: [es256Issuer({ issuer: value })] }))
      throwsNaming('audience', () => verifierOf({ bearer: {}, options: { audience: value } }))
      throwsNaming('audience', () => verifierOf({ issuers: [es256Issuer({ audience: value })] }))
    }
    const schemes = [bearer({ issuers: [es256Issuer()] })]
    throwsNaming('audience', () => createVerifier(wrong({ schemes, audit: null })))
    createVerifier({ audience: null, schemes, audit: null })
    verifierOf({ issuers: [es256Issuer({ issuer: null, audience: null })] })
  }),
  configurationProbe('N01', 'what null opted out of is not checked, and nothing else is left out with it', async () => {
    const anyIssuer = { issuers: [es256Issuer({ issuer: null, audience: null, expiry: null })] }
    const claims = { iss: undefined, aud: undefined, exp: undefined }
    assert.equal((await decide(anyIssuer, asUser('/', claims))).outcome, 'allow')
    assert.equal((await decide(anyIssuer, asUser('/', { ...claims, exp: NOW - 31 }))).reason, 'token_expired')
    assert.equal((await decide(anyIssuer, asUser('/', { ...claims, exp: '1' }))).reason, 'claim_invalid')
  }),
  configurationProbe('N01', 'no schemes, no issuers, no keys and one scheme twice stop the start', () => {
    throwsNaming('schemes', () => createVerifier({ audience: 'target', schemes: [], audit: null }))
    throwsNaming('issuers', () => bearer({ issuers: [] }))
    throwsNaming('keys', () => verifierOf({ issuers: [es256Issuer({ keys: staticKeys([]) })] }))
    throwsNaming('keys', () => verifierOf({ issuers: [es256Issuer({ keys: wrong(undefined) })] }))
    throwsNaming('keys', () => keyRing([]))
    throwsNaming('keys', () => hmac(wrong({ replay: null })))
    throwsNaming('issuer', () => verifierOf({ issuers: [es256Issuer(), es256Issuer()] }))
    const schemes = [bearer({ issuers: [es256Issuer()] }), bearer({ issuers: [es256Issuer()] })]
    throwsNaming('schemes', () => createVerifier({ audience: 'target', schemes, audit: null }))
  }),
  configurationProbe('N03', 'a duration or a size that is no number in its bounds stops the start', () => {
    for (const number of [...NUMBERS.filter((value) => value !== null), 301]) {
      throwsNaming('skewSeconds', () => verifierOf({ bearer: { skewSeconds: wrong(number) } }))
    }
    const keys = keyRing([billingKey()])
    const replay = memoryReplayStore()
    for (const number of [...NUMBERS.filter((value) => value !== null), 0, 1.5, 3601]) {
      throwsNaming('windowSeconds', () => hmac({ keys, replay, windowSeconds: wrong(number) }))
    }
    for (const number of NUMBERS.filter((value) => value !== null)) {
      throwsNaming('bodyLimitBytes', () => hmac({ keys, replay, bodyLimitBytes: wrong(number) }))
      throwsNaming('bodyTimeoutSeconds', () => hmac({ keys, replay, bodyTimeoutSeconds: wrong(number) }))
      throwsNaming('tokenCacheEntries', () => verifierOf({ bearer: { tokenCacheEntries: wrong(number) } }))
      throwsNaming('maxAgeSeconds', () => verifierOf({ issuers: [es256Issuer({ maxAgeSeconds: wrong(number) })] }))
      throwsNaming('maxEntries', () => memoryReplayStore({ maxEntries: wrong(number) }))
      throwsNaming('notAfter', () => keyRing([{ ...billingKey(), notAfter: wrong(number) }]))
    }
    throwsNaming('notAfter', () => keyRing([{ ...billingKey(), notAfter: Date.now() }]))
  }),
  configurationProbe('N07', 'signed requests without a word on replay stop the start', () => {
    const keys = keyRing([billingKey()])
    throwsNaming('replay', () => hmac(wrong({ keys })))
    for (const value of [undefined, {}, true, 'memory'])
      throwsNaming('replay', () => hmac({ keys, replay: wrong(value) }))
    hmac({ keys, replay: null })
  }),
  configurationProbe(
    'N09',
    'where no key is in its period health says so and requests are answered with 503',
    async () => {
      const gap = { hmac: { keys: keyRing([{ ...billingKey(), notAfter: NOW - 1 }]) } }
      assert.equal((await decide(gap, asService())).reason, 'keys_unavailable')
      assert.equal((await verifierOf(gap).health()).ready, false)
      await assert.rejects(verifierOf(gap).warmup())
      const issuer = es256Issuer({
        keys: staticKeys([{ kid: 'issuer-es256', algorithm: 'ES256', publicKey: publicKeyOf(), notBefore: NOW + 1 }]),
      })
      assert.equal((await decide({ issuers: [issuer] }, asUser('/'))).reason, 'keys_unavailable')
      assert.equal((await verifierOf({ issuers: [issuer] }).health()).ready, false)
      assert.equal((await verifierOf({ bearer: {}, hmac: {} }).health()).ready, true)
    },
  ),
  configurationProbe('G15', 'a secret that is absent, empty, blank, all zero or short stops the start', () => {
    const secrets = [
      undefined,
      null,
      '',
      '   ',
      '\n',
      'whsec_',
      Buffer.alloc(0),
      Buffer.alloc(32),
      randomBytes(31),
      'x'.repeat(31),
    ]
    for (const secret of [...secrets, 7, {}, ` ${'x'.repeat(40)}`, `${'x'.repeat(40)}\n`]) {
      throwsNaming('secret', () => keyRing([{ ...billingKey(), secret: wrong(secret) }]))
    }
    throwsNaming('secret', () => keyRing([{ ...billingKey(), algorithm: 'sha512', secret: randomBytes(63) }]))
    keyRing([{ ...billingKey(), algorithm: 'sha512', secret: randomBytes(64) }])
    keyRing([{ ...billingKey(), secret: randomBytes(32) }])
    throwsNaming('secret', () => keyRing([{ ...billingKey(), secret: '', allowWeakSecret: true }]))
  }),
  configurationProbe(
    'CFG-01',
    'two names for one secret, one name for two, or a key of both profiles stop the start',
    () => {
      const key = billingKey()
      const secret = randomBytes(32)
      throwsNaming('id', () => keyRing([key, { ...key, secret }]))
      throwsNaming('secret', () => keyRing([key, { ...key, id: 'other' }]))
      throwsNaming('secret', () => keyRing([key, { ...key, id: 'other', profile: 'body-timestamp' }]))
      const padded = Buffer.concat([secret, Buffer.alloc(5)])
      throwsNaming('secret', () =>
        keyRing([
          { ...key, secret },
          { ...key, id: 'padded', secret: padded },
        ]),
      )
      throwsNaming('profile', () => keyRing([{ ...key, profile: wrong(['request', 'body-timestamp']) }]))
      throwsNaming('algorithm', () =>
        keyRing([{ ...key, secret: randomBytes(64), profile: 'body-timestamp', algorithm: 'sha512' }]),
      )
      throwsNaming('id', () => keyRing([{ ...key, id: 'a b' }]))
      throwsNaming('methods', () => keyRing([{ ...key, methods: ['POST'] }]))
    },
  ),
  configurationProbe('CFG-02', 'HS and asymmetric algorithms under one issuer stop the start', () => {
    throwsNaming('algorithms', () => verifierOf({ issuers: [es256Issuer({ algorithms: ['ES256', 'HS256'] })] }))
  }),
  configurationProbe(
    'CFG-03',
    'a key that does not fit its algorithm, is private or may be confused stops the start',
    () => {
      const publicKey = publicKeyOf()
      const withKeys = (...keys: Parameters<typeof staticKeys>[0]) => {
        return () => verifierOf({ issuers: [es256Issuer({ algorithms: ['ES256', 'ES384'], keys: staticKeys(keys) })] })
      }
      throwsNaming('keys', withKeys({ algorithm: 'ES384', publicKey }))
      throwsNaming('keys', withKeys({ algorithm: 'RS256', publicKey }))
      throwsNaming('keys', withKeys({ algorithm: 'ES256', publicKey: { ...publicKey, d: 'AA' } }))
      throwsNaming('keys', withKeys({ algorithm: 'ES256', secret: randomBytes(32) }))
      throwsNaming('keys', withKeys({ algorithm: 'ES256', publicKey: 'not a key' }))
      throwsNaming(
        'keys',
        withKeys({ kid: 'k', algorithm: 'ES256', publicKey }, { kid: 'k', algorithm: 'ES256', publicKey }),
      )
      throwsNaming('keys', withKeys({ algorithm: 'ES256', publicKey }, { kid: 'k', algorithm: 'ES256', publicKey }))
      const small = { kty: 'RSA', e: 'AQAB', n: randomBytes(128).toString('base64url') }
      throwsNaming('keys', () => verifierOf({ issuers: [issuerOf({ algorithms: ['RS256'], jwks: [small] })] }))
    },
  ),
  configurationProbe(
    'CFG-04',
    'a policy that asks for nothing, for something unknown or in an unknown word stops the start',
    () => {
      const verifier = verifierOf({ bearer: {} })
      const policies: readonly unknown[] = [
        {},
        { anyRole: [] },
        { anyRole: [''] },
        { anyRole: 'admin' },
        { allRoles: [] },
        { anyScope: [] },
        { allScopes: [1] },
        { anyOf: [] },
        { allOf: [] },
        { anyOf: ['public'] },
        { allOf: ['optional'] },
        { roles: ['admin'] },
        { scheme: 'hmac' },
        { scheme: 'basic' },
        { check: 'unknown' },
        { actor: { actor: {} } },
        { anyOf: ['authenticated'], anyRole: ['x'] },
        'Public',
        '',
        null,
        undefined,
        true,
        [],
      ]
      for (const policy of policies) throwsNaming('policy', () => verifier.checkPolicy(policy as Policy))
    },
  ),
  configurationProbe(
    'CFG-05',
    'an option with a misspelt name, and a hierarchy that goes in a circle, stop the start',
    () => {
      throwsNaming('audiences', () => verifierOf({ bearer: {}, options: wrong({ audiences: 'x' }) }))
      throwsNaming('skew', () => verifierOf({ bearer: wrong({ skew: 1 }) }))
      throwsNaming('aud', () => verifierOf({ issuers: [es256Issuer(wrong({ aud: 'x' }))] }))
      throwsNaming('window', () => verifierOf({ hmac: wrong({ window: 1 }) }))
      throwsNaming('role', () => keyRing([wrong({ ...billingKey(), role: 'x' })]))
      const roleHierarchy = { a: ['b'], b: ['c'], c: ['a'] }
      throwsNaming('roleHierarchy', () => verifierOf({ bearer: {}, options: { roleHierarchy } }))
      throwsNaming('roleHierarchy', () => verifierOf({ bearer: {}, options: { roleHierarchy: { a: [] } } }))
      throwsNaming('audit', () => verifierOf({ bearer: {}, options: { audit: wrong({}) } }))
    },
  ),
]
