import assert from 'node:assert/strict'
import type { AuditRecord } from '@countersign/core'
import { ANONYMOUS, allowed, type Expectation, refused, UNGUARDED } from '../expectation.js'
import { mint, NOW } from '../foreign/mint.js'
import { configurationProbe, type Probe, probe, wireProbe } from '../probe.js'
import { asService, asUser, utf8, withHeader } from '../requests.js'
import { decide, verifierOf, viewOf } from './decide.js'

/** DESIGN section 7. */
const FIXED_KEYS = [
  'event',
  'v',
  'outcome',
  'reason',
  'status',
  'scheme',
  'principal',
  'actor',
  'issuer',
  'keyId',
  'kid',
  'tokenId',
  'roles',
  'route',
  'method',
  'ip',
  'requestId',
  'traceId',
  'framework',
  'durationUs',
  'suppressed',
]

const unnecessary = ({
  ip: _ip,
  durationUs: _durationUs,
  requestId: _id,
  framework: _framework,
  ...rest
}: AuditRecord) => rest

export const AUDIT: readonly Probe[] = [
  probe(['AUD-01', 'M10'], 'an attempt is told in the fixed keys, as far as they apply', async (target) => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const traced = [['traceparent', `00-${traceId}-00f067aa0ba902b7-01`]] as const
    const authorization = `Bearer ${mint({ jti: 'token-1', roles: ['admin'] })}`
    const service = asService({ keyId: 'gateway', target: '/both?secret=1', authorization, headers: traced })
    const allowance = await target.send(service, allowed('user-1', 'gateway'))
    assert.deepEqual(allowance.record && unnecessary(allowance.record), {
      event: 'auth.attempt',
      v: 1,
      outcome: 'allow',
      scheme: 'bearer',
      principal: 'user-1',
      actor: 'gateway',
      issuer: 'https://issuer.test',
      keyId: 'gateway',
      kid: 'issuer-es256',
      tokenId: 'token-1',
      roles: ['gateway'],
      route: '/both',
      traceId,
      method: 'POST',
    })
    const denial = await target.send(asUser('/admin', { jti: 'token-2' }), refused('role_missing'))
    assert.deepEqual(denial.record && unnecessary(denial.record), {
      event: 'auth.attempt',
      v: 1,
      outcome: 'deny',
      reason: 'role_missing',
      status: 403,
      scheme: 'bearer',
      principal: 'user-1',
      issuer: 'https://issuer.test',
      kid: 'issuer-es256',
      tokenId: 'token-2',
      roles: ['admin'],
      route: '/admin',
      method: 'GET',
    })
    for (const { record } of [allowance, denial]) {
      for (const key of Object.keys(record ?? {})) assert.ok(FIXED_KEYS.includes(key), key)
      assert.equal(record?.framework, target.subject === 'express4' ? 'express' : target.subject)
      assert.ok(Number.isInteger(record?.durationUs) && (record?.durationUs ?? -1) >= 0)
      assert.equal(record?.ip, '127.0.0.1')
    }
  }),
  probe('AUD-02', 'the id of a key that was refused is on record, its holder is not', async (target) => {
    const unknown = await target.send(
      asService({ keyId: 'nobody', secret: Buffer.alloc(32, 1) }),
      refused('key_unknown'),
    )
    assert.equal(unknown.record?.keyId, 'nobody')
    const forged = await target.send(withHeader(asService(), 'x-hmac-sha256', '0'), refused('signature_invalid'))
    assert.deepEqual([forged.record?.keyId, forged.record?.principal], ['billing', undefined])
    const token = await target.send(
      asUser('/echo', { jti: 'forged' }, { header: { kid: 'nobody' } }),
      refused('key_unknown'),
    )
    assert.deepEqual(
      [token.record?.kid, token.record?.tokenId, token.record?.principal],
      ['nobody', undefined, undefined],
    )
  }),
  probe(['AUD-03', 'M10'], 'every decision is on record once, of a public route none', async (target) => {
    await target.send({ target: '/public' }, UNGUARDED)
    await target.send({ target: '/health' }, OPEN)
    await target.send({ target: '/metrics' }, OPEN)
    await target.send({ target: '/optional' }, ANONYMOUS)
    await target.send(asUser('/echo'), allowed('user-1'))
    await target.send({ target: '/echo' }, refused('missing_credentials'))
    await target.send(asUser('/admin'), refused('role_missing'))
    await target.send({ target: '/unknown' }, refused('missing_credentials'))
  }),
  configurationProbe(
    'AUD-04',
    'an allowance is information, a denial a warning, a failure of ours an error',
    async () => {
      const lines: string[] = []
      const write = (level: string) => (record: object, message: string) => {
        lines.push(`${level} ${(record as AuditRecord).outcome} ${message}`)
      }
      const audit = { info: write('info'), warn: write('warn'), error: write('error') }
      const verifier = verifierOf({ bearer: {}, options: { audit, checks: { fail: failing } } })
      await verifier.verify(viewOf(asUser('/')), 'authenticated')
      await verifier.verify(viewOf({ target: '/' }), 'optional')
      await verifier.verify(viewOf({ target: '/' }), 'authenticated')
      await verifier.verify(viewOf(asUser('/')), { anyRole: ['x'] })
      await verifier.verify(viewOf(asUser('/')), { check: 'fail' })
      assert.deepEqual(lines, [
        'info allow auth allow',
        'info anonymous auth anonymous',
        'warn deny auth deny: missing_credentials',
        'warn deny auth deny: role_missing',
        'error error auth error: internal',
      ])
    },
  ),
  configurationProbe('AUD-05', 'a sink that throws changes no decision', async () => {
    const audit = { info: failing, warn: failing, error: failing }
    assert.equal((await decide({ bearer: {}, options: { audit } }, asUser('/'))).outcome, 'allow')
    assert.equal((await decide({ bearer: {}, options: { audit } }, { target: '/' })).reason, 'missing_credentials')
  }),
  probe('M01', 'control characters and quotes of the client stay inside one value of one line', async (target) => {
    const evil = ['a\r\nb', '\u001b[31mred', '\u2028\u2029', '"}', '{"outcome":"allow"}', '\u0000', '\u202eevil']
    for (const text of evil) {
      const answer = await target.send(asUser('/admin', { sub: text, jti: text }), refused('role_missing'))
      assert.equal(answer.record?.principal, text)
      const line = JSON.stringify(answer.record)
      assert.ok([...line].every((character) => character >= ' '))
      const unknown = await target.send(asUser('/echo', {}, { header: { kid: text } }), refused('key_unknown'))
      assert.equal(unknown.record?.kid, text)
    }
    const path = await target.send({ target: '/unknown/%0d%0aoutcome=allow' }, refused('missing_credentials'))
    assert.equal(path.record?.route, undefined)
    const traced = { target: '/echo', headers: [['traceparent', utf8('00-é"}')]] as const }
    assert.equal((await target.send(traced, refused('missing_credentials'))).record?.traceId, undefined)
  }),
  probe(['M01', 'AUD-06'], 'values of the client are cut at 256 characters', async (target) => {
    const long = 'x'.repeat(1000)
    const answer = await target.send(asUser('/admin', { sub: long, jti: long }), refused('role_missing'))
    assert.equal(answer.record?.principal, long.slice(0, 256))
    assert.equal(answer.record?.tokenId, long.slice(0, 256))
    for (const value of Object.values(answer.record ?? {})) {
      if (typeof value === 'string') assert.ok(value.length <= 256)
    }
  }),
  wireProbe('AUD-07', 'a request id of the wrong form is not taken over', async (target) => {
    const uuid = /"requestId":"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"/
    for (const id of ['', 'a b', '"}', 'x'.repeat(129), 'é', '<script>']) {
      const opening = `GET /echo HTTP/1.1\r\nHost: target.test\r\nConnection: close\r\nx-request-id: ${id}\r\n`
      // Ours is the second and not looked at, so no record has it.
      const answer = await target.sendBytes(`${opening}x-request-id: {id}\r\n\r\n`, UNCORRELATED)
      assert.match(answer.body, uuid)
    }
  }),
  probe('M02', 'no credential of a request stands in its reply or its record, accepted or refused', async (target) => {
    // What is looked for is in every request of every probe; here are those that carry most.
    const authorization = `Bearer ${mint({ jti: 'known' })}`
    await target.send(asService({ keyId: 'gateway', target: '/both', authorization }), allowed('user-1', 'gateway'))
    await target.send(
      asService({ keyId: 'nobody', secret: Buffer.alloc(32, 1), authorization }),
      refused('key_unknown'),
    )
    await target.send(
      asUser('/echo', {}, { key: Buffer.alloc(32, 1), algorithm: 'HS256' }),
      refused('signature_invalid'),
    )
    await target.send(asUser('/echo?access_token=abcdefgh'), refused('malformed_credentials'))
    await target.send(asService({ nonce: `${'n'.repeat(20)}!` }), refused('nonce_malformed'))
    await target.send(
      { target: '/echo', headers: [['authorization', 'Basic c2VjcmV0OnNlY3JldA==']] },
      refused('missing_credentials'),
    )
  }),
  probe('M04', 'an unknown key id, an inactive one and a wrong MAC cannot be told apart', async (target) => {
    const answers = [
      await target.send(asService({ keyId: 'nobody', secret: Buffer.alloc(32, 1) }), refused('key_unknown')),
      await target.send(asService({ keyId: 'retired' }), refused('key_inactive')),
      await target.send(asService({ keyId: 'upcoming', secret: Buffer.alloc(32, 1) }), refused('key_inactive')),
      await target.send(asService({ keyId: 'webhook' }), refused('key_unknown')),
      await target.send(asService({ secret: Buffer.alloc(32, 1) }), refused('signature_invalid')),
    ]
    const public_ = answers.map(({ status, headers, body }) => {
      const lasting = headers.filter(([name]) => name !== 'date')
      return JSON.stringify([status, lasting, body.replace(/"requestId":"[^"]*"/, '')])
    })
    assert.equal(new Set(public_.map((text) => text.replace(/"content-length","[0-9]+"/, ''))).size, 1)
    const tokens = [
      await target.send(asUser('/echo', {}, { header: { kid: 'nobody' } }), refused('key_unknown')),
      await target.send(
        asUser('/echo', {}, { key: Buffer.alloc(64, 1), algorithm: 'HS512' }),
        refused('signature_invalid'),
      ),
    ]
    assert.equal(new Set(tokens.map((answer) => answer.all('www-authenticate').join())).size, 1)
  }),
  probe(
    ['M06', 'WIRE-17'],
    'without credentials every scheme that would do is offered, and no error is told',
    async (target) => {
      const challenges = async (path: string) => {
        return (await target.send({ target: path }, refused('missing_credentials'))).all('www-authenticate')
      }
      const [bearer, hmac] = ['Bearer realm="target"', 'HMAC realm="target"']
      for (const path of ['/echo', '/orders', '/admin', '/scoped', '/unknown', '/both']) {
        assert.deepEqual(await challenges(path), [hmac, bearer])
      }
      assert.deepEqual(await challenges('/user'), [bearer])
      assert.deepEqual(await challenges('/service'), [hmac])
    },
  ),
  probe('M08', 'every denial is problem+json, not to be stored, with the status it has', async (target) => {
    // Held of every denial of every probe; here is one of each status.
    const denials = [
      [{ target: '/echo' }, 'missing_credentials'],
      [asUser('/echo', { exp: NOW - 999 }), 'token_expired'],
      [asService({ nonce: 'x' }), 'nonce_malformed'],
      [asUser('/admin'), 'role_missing'],
      [asService({ body: Buffer.alloc(1_048_577) }), 'body_too_large'],
    ] as const
    for (const [request, reason] of denials) {
      const answer = await target.send(request, refused(reason))
      assert.deepEqual(Object.keys(answer.json()), ['type', 'title', 'status', 'code', 'requestId'])
      assert.match(String(answer.json()['title']), /^[A-Z][A-Za-z ]+$/)
    }
    const full = await target.fresh({ replayEntries: 1 })
    await full.send(asService(), allowed('billing'))
    await full.send(asService(), refused('replay_store_unavailable'))
  }),
]

/** Not compared: it is random. */
const UNCORRELATED: Expectation = { status: 401, outcome: 'none', served: false, compared: false }

/** Not compared: it tells of the process. */
const OPEN: Expectation = { status: 200, outcome: 'none', served: true, compared: false }

const failing = (): never => {
  throw new Error('sink')
}
