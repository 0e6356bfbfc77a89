import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError, type Jwk, type StaticKey, staticJwks, staticKeys } from '@countersign/core'
import { refused } from '../expectation.js'
import { mint, publicJwk } from '../foreign/mint.js'
import { configurationProbe, type Probe, probe } from '../probe.js'
import { asUser, withToken } from '../requests.js'
import { decide, es256Issuer, issuerOf, verifierOf } from './decide.js'

/** A P-256 pair that nobody trusts. */
const attacker = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

export const KEYS: readonly Probe[] = [
  probe('E01', 'a key that stands in the token is not taken', async (target) => {
    const { privateKey: key, publicKey } = attacker()
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'attacker', alg: 'ES256' }
    const header = { jwk, x5c: ['MIIB'] }
    await target.send(asUser('/echo', {}, { header: { ...header, kid: 'attacker' }, key }), refused('key_unknown'))
    await target.send(asUser('/echo', {}, { header, key }), refused('signature_invalid'))
    await target.send(asUser('/echo', {}, { header: { ...header, kid: undefined }, key }), refused('signature_invalid'))
  }),
  probe('E02', 'an address that stands in the token is not asked', async (target) => {
    let connections = 0
    const server = createServer().on('connection', () => connections++)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { privateKey: key } = attacker()
    for (const url of [`http://127.0.0.1:${port}/jwks`, 'http://169.254.169.254/']) {
      for (const header of [{ jku: url }, { x5u: url }, { jku: url, kid: 'other' }]) {
        const known = !('kid' in header)
        await target.send(asUser('/echo', {}, { header, key }), refused(known ? 'signature_invalid' : 'key_unknown'))
      }
    }
    await new Promise((resolve) => server.close(resolve))
    assert.equal(connections, 0)
  }),
  probe('E04', 'a kid is a name to look up, never a path, a query or a text to end early', async (target) => {
    const kids = [
      '../../../../dev/null',
      '/proc/sys/kernel/randomize_va_space',
      "' UNION SELECT 'k'-- ",
      'legacy-hs256\u0000',
      'legacy-hs256 ',
      'LEGACY-HS256',
      '__proto__',
      'constructor',
      'toString',
    ]
    for (const kid of kids) {
      for (const secret of [Buffer.alloc(0), Buffer.from('2\n')]) {
        const key = createSecretKey(secret).export()
        await target.send(asUser('/echo', {}, { kid: 'legacy-hs256', header: { kid }, key }), refused('key_unknown'))
      }
    }
  }),
  probe('E07', 'a kid that is no string of 1 to 256 characters is malformed', async (target) => {
    for (const kid of [1, ['issuer-es256'], {}, null, true, '', 'k'.repeat(257)]) {
      await target.send(asUser('/echo', {}, { header: { kid } }), refused('token_malformed'))
    }
    await target.send(asUser('/echo', {}, { header: { kid: 'k'.repeat(256) } }), refused('key_unknown'))
    await target.send(asUser('/echo', {}, { header: { kid: 'k'.repeat(10_000) } }), refused('token_too_large'))
  }),
  configurationProbe('E09', 'a JWK that is not for verifying stops the start', () => {
    const jwk = publicJwk('issuer-es256')
    for (const other of [
      { use: 'enc' },
      { key_ops: ['encrypt'] },
      { key_ops: ['sign'] },
      { use: 'sig', key_ops: [] },
    ]) {
      throwsAtStart(() => verifierOf({ issuers: [issuerOf({ algorithms: ['ES256'], jwks: [{ ...jwk, ...other }] })] }))
    }
    verifierOf({ issuers: [issuerOf({ algorithms: ['ES256'], jwks: [{ ...jwk, key_ops: ['verify'] }] })] })
  }),
  configurationProbe('E11', 'an HS secret shorter than the hash, or empty, stops the start', () => {
    for (const [algorithm, least] of [
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ] as const) {
      const withSecret = (secret: Uint8Array | string) => {
        const keys = staticKeys([{ kid: 'k', algorithm, secret }])
        return verifierOf({ issuers: [{ issuer: 'https://legacy.test', algorithms: [algorithm], keys }] })
      }
      for (const secret of [randomBytes(least - 1), Buffer.alloc(0), '', ' '.repeat(64), Buffer.alloc(least)]) {
        throwsAtStart(() => withSecret(secret))
      }
      withSecret(randomBytes(least))
      const jwk: Jwk = { kty: 'oct', k: randomBytes(least - 1).toString('base64url') }
      const keys = staticJwks({ keys: [jwk] })
      throwsAtStart(() => verifierOf({ issuers: [{ issuer: 'https://legacy.test', algorithms: [algorithm], keys }] }))
    }
  }),
  configurationProbe(
    'E12',
    'a token of one issuer is not verified with the key of another, though both name it alike',
    async () => {
      const { publicKey, privateKey: key } = attacker()
      const other = { ...publicKey.export({ format: 'jwk' }), kid: 'issuer-es256', alg: 'ES256' }
      const issuers = [es256Issuer(), issuerOf({ issuer: 'https://other.test', algorithms: ['ES256'], jwks: [other] })]
      assert.equal((await decide({ issuers }, asUser('/', {}, { key }))).reason, 'signature_invalid')
      assert.equal((await decide({ issuers }, asUser('/', { iss: 'https://other.test' }, { key }))).outcome, 'allow')
      assert.equal((await decide({ issuers }, asUser('/'))).outcome, 'allow')
    },
  ),
  probe('E12', 'a token of one issuer is not verified with the secret of another', async (target) => {
    const borrowed = asUser('/echo', { iss: 'https://issuer.test' }, { kid: 'legacy-hs256' })
    await target.send(borrowed, refused('algorithm_not_allowed'))
    await target.send(asUser('/echo', { iss: 'https://legacy.test' }), refused('algorithm_not_allowed'))
  }),
  configurationProbe(
    'WIRE-03',
    'a verification key is good in its first and its last second and not one second beyond',
    async () => {
      const jwk = publicJwk('issuer-es256') as Jwk
      const reason = async (window: Partial<StaticKey>) => {
        const keys = staticKeys([
          { kid: 'issuer-es256', algorithm: 'ES256', publicKey: jwk, ...window },
          { kid: 'other', algorithm: 'ES256', publicKey: attacker().publicKey },
        ])
        return (await decide({ issuers: [es256Issuer({ keys })] }, withToken('/', mint()))).reason
      }
      const now = 1_700_000_000
      assert.equal(await reason({ notBefore: now }), undefined)
      assert.equal(await reason({ notBefore: now + 1 }), 'key_inactive')
      assert.equal(await reason({ notAfter: now }), undefined)
      assert.equal(await reason({ notAfter: now - 1 }), 'key_inactive')
    },
  ),
]

function throwsAtStart(make: () => unknown): void {
  assert.throws(make, ConfigurationError)
}
