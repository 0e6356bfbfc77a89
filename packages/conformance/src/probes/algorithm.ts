import assert from 'node:assert/strict'
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { allowed, refused } from '../expectation.js'
import { base64url, claimsOf, compactOf, mint, NOW, privateKey, publicJwk, signBytes } from '../foreign/mint.js'
import { configurationProbe, type Probe, probe } from '../probe.js'
import { asUser, withToken } from '../requests.js'
import { decide, issuerOf } from './decide.js'

const ADMIN = { roles: ['admin'] }
const unsigned = (header: unknown) =>
  compactOf(JSON.stringify(header), JSON.stringify(claimsOf(ADMIN)), () => Buffer.alloc(0))

/** An HS256 token whose secret is something public of an RSA key. */
const confused = (secret: Uint8Array, header: object) => {
  const key = createSecretKey(secret).export()
  return compactOf(JSON.stringify(header), JSON.stringify(claimsOf(ADMIN)), (input) => signBytes('HS256', key, input))
}

function publicTexts(key: KeyObject): readonly Buffer[] {
  return [
    Buffer.from(key.export({ type: 'spki', format: 'pem' })),
    Buffer.from(key.export({ type: 'spki', format: 'pem' }).toString().trim()),
    Buffer.from(key.export({ type: 'pkcs1', format: 'pem' })),
    key.export({ type: 'spki', format: 'der' }),
    Buffer.from(JSON.stringify(key.export({ format: 'jwk' }))),
    Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url'),
  ]
}

export const ALGORITHM: readonly Probe[] = [
  probe('A01', 'a token with alg none and no signature is refused', async (target) => {
    await target.send(withToken('/admin', unsigned({ alg: 'none' })), refused('algorithm_not_allowed'))
    await target.send(
      withToken('/admin', unsigned({ alg: 'none', kid: 'issuer-rs256' })),
      refused('algorithm_not_allowed'),
    )
  }),
  probe('A02', 'alg none is refused in every spelling', async (target) => {
    for (const alg of ['nOnE', 'NONE', 'None', 'none ', ' none', 'none\u0000']) {
      await target.send(withToken('/admin', unsigned({ alg })), refused('algorithm_not_allowed'))
    }
  }),
  probe('A04', 'an RSA public key in any spelling is not taken as an HS256 secret', async (target) => {
    const key = createPublicKey({ key: publicJwk('issuer-rs256'), format: 'jwk' })
    for (const secret of publicTexts(key)) {
      for (const kid of ['issuer-rs256', 'legacy-hs256', undefined]) {
        await target.send(
          withToken('/admin', confused(secret, { alg: 'HS256', kid })),
          refused('algorithm_not_allowed'),
        )
      }
    }
  }),
  configurationProbe('A06', 'an RSA key of a JWK Set without alg is not taken as an HS256 secret', async () => {
    const { alg: _, ...jwk } = publicJwk('issuer-rs256')
    const issuers = [issuerOf({ algorithms: ['RS256'], jwks: [jwk] })]
    for (const secret of publicTexts(createPublicKey({ key: jwk, format: 'jwk' }))) {
      const decision = await decide(
        { issuers },
        withToken('/', confused(secret, { alg: 'HS256', kid: 'issuer-rs256' })),
      )
      assert.equal(decision.reason, 'algorithm_not_allowed')
    }
    const good = await decide({ issuers }, asUser('/', {}, { kid: 'issuer-rs256' }))
    assert.equal(good.outcome, 'allow')
  }),
  probe('A08', 'an alg that is absent or no string is malformed', async (target) => {
    for (const alg of [['RS256'], 1, null, {}, '', true, undefined]) {
      await target.send(withToken('/admin', mint(ADMIN, { header: { alg } })), refused('token_malformed'))
    }
  }),
  probe('A09', 'an ES algorithm of another curve is refused', async (target) => {
    for (const alg of ['ES384', 'ES512', 'ES256K']) {
      await target.send(asUser('/echo', {}, { header: { alg } }), refused('algorithm_not_allowed'))
    }
  }),
  probe('A10', 'a key is good for its own algorithm only', async (target) => {
    const crossed = (kid: string, alg: string) => asUser('/echo', {}, { kid, header: { alg }, algorithm: alg })
    await target.send(crossed('issuer-rs256', 'PS256'), refused('algorithm_not_allowed'))
    await target.send(crossed('issuer-ps256', 'RS256'), refused('algorithm_not_allowed'))
    await target.send(crossed('issuer-rs256', 'RS512'), refused('algorithm_not_allowed'))
    const borrowed = {
      kid: 'issuer-rs256',
      header: { alg: 'ES256' },
      algorithm: 'ES256',
      key: privateKey('issuer-es256'),
    }
    await target.send(asUser('/echo', {}, borrowed), refused('algorithm_not_allowed'))
  }),
  probe('A11', 'an alg is compared with its case and to its last character', async (target) => {
    for (const alg of ['es256', 'ES256 ', 'ES256\u0000', 'RS1', 'HS1', 'Es256', 'ＥＳ256', 'toString', '__proto__']) {
      await target.send(asUser('/echo', {}, { header: { alg } }), refused('algorithm_not_allowed'))
    }
  }),
  probe('WIRE-01', 'a token of each of the five algorithms is accepted', async (target) => {
    for (const kid of ['issuer-rs256', 'issuer-ps256', 'issuer-es256', 'issuer-eddsa', 'legacy-hs256']) {
      await target.send(asUser('/user', { sub: kid }, { kid }), allowed(kid))
      // Once more, from what is remembered of it.
      await target.send(asUser('/user', { sub: kid, jti: String(NOW) }, { kid }), allowed(kid))
    }
  }),
  probe('WIRE-02', 'a token without kid is verified with the one key of its algorithm', async (target) => {
    for (const kid of ['issuer-rs256', 'issuer-eddsa', 'legacy-hs256']) {
      await target.send(asUser('/user', {}, { kid, header: { kid: undefined } }), allowed('user-1'))
    }
    const stranger = { kid: 'issuer-rs256', header: { kid: undefined }, key: privateKey('issuer-ps256') }
    await target.send(asUser('/user', {}, stranger), refused('signature_invalid'))
  }),
  probe('F01', 'an ES256 signature with r or s outside its range is refused', async (target) => {
    const zero = Buffer.alloc(32)
    const one = Buffer.alloc(32, 0)
    one[31] = 1
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
    for (const [r, s] of [
      [zero, zero],
      [zero, one],
      [one, zero],
      [order, one],
      [one, order],
      [order, order],
    ] as const) {
      const token = compactOf(es256Header, JSON.stringify(claimsOf({})), () => Buffer.concat([r, s]))
      await target.send(withToken('/echo', token), refused('signature_invalid'))
    }
  }),
  probe('F02', 'an ES256 signature in DER or of another length is refused', async (target) => {
    const good = (input: string) => signBytes('ES256', privateKey('issuer-es256'), input)
    const bad: readonly ((input: string) => Buffer)[] = [
      (input) => toDer(good(input)),
      (input) => good(input).subarray(0, 63),
      (input) => Buffer.concat([good(input), Buffer.alloc(1)]),
      (input) => Buffer.concat([good(input), good(input)]),
      () => Buffer.alloc(0),
    ]
    for (const signature of bad) {
      const token = compactOf(es256Header, JSON.stringify(claimsOf({})), signature)
      await target.send(withToken('/echo', token), refused('signature_invalid'))
    }
  }),
  probe('F06', 'an HS256 tag that is cut, empty or too long is refused', async (target) => {
    const token = mint({}, { kid: 'legacy-hs256' })
    const input = token.slice(0, token.lastIndexOf('.'))
    const tag = Buffer.from(token.slice(input.length + 1), 'base64url')
    for (const other of [tag.subarray(0, 16), tag.subarray(0, 0), Buffer.concat([tag, tag.subarray(0, 1)])]) {
      await target.send(withToken('/echo', `${input}.${base64url(other)}`), refused('signature_invalid'))
    }
  }),
  probe('F07', 'a token with an endless signature is refused before it is decoded', async (target) => {
    const [header, payload] = mint().split('.')
    await target.send(withToken('/echo', `${header}.${payload}.${'A'.repeat(12_000)}`), refused('token_too_large'))
  }),
]

const es256Header = JSON.stringify({ alg: 'ES256', kid: 'issuer-es256' })

/** r and s as the SEQUENCE of two INTEGERs that other formats use. */
function toDer(signature: Buffer): Buffer {
  const integer = (bytes: Buffer) => Buffer.concat([Buffer.from([2, bytes.length + 1, 0]), bytes])
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}
