import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { keyRing } from '@countersign/core'
import { allowed, refused } from '../expectation.js'
import { mint, NOW } from '../foreign/mint.js'
import { nextNonce, sha256, signBody } from '../foreign/sign.js'
import { configurationProbe, type Probe, probe } from '../probe.js'
import { asService, utf8, withHeader } from '../requests.js'
import { billingKey, decide } from './decide.js'

const JSON_TYPE = 'application/json'
const WINDOW = 300
const BODY = '{"amount":"A1","to":"B"}'

export const SIGNATURE: readonly Probe[] = [
  probe('G01', 'a byte cannot move between body and timestamp', async (target) => {
    const signed = signBody('amount=1000')
    await target.send({ method: 'POST', target: '/service', headers: signed, body: 'amount=1000' }, allowed('webhook'))
    for (const [body, timestamp] of [
      ['amount=1', `000${NOW}`],
      ['amount=100', `0${NOW}`],
      ['amount=10001', '700000000'],
    ] as const) {
      const moved = withHeader(
        { method: 'POST', target: '/service', headers: signed, body },
        'x-hmac-timestamp',
        timestamp,
      )
      await target.send(moved, refused('timestamp_malformed'))
    }
  }),
  probe(['G03', 'REG-11'], 'a signature is good for one method, one path and one query', async (target) => {
    const request = asService({ method: 'GET', target: '/service?a=1' })
    await target.send({ ...request, method: 'DELETE' }, refused('signature_invalid'))
    await target.send({ ...request, method: 'HEAD' }, refused('signature_invalid'))
    for (const other of [
      '/echo?a=1',
      '/service',
      '/service?a=2',
      '/service?a=1&',
      '/service?a=%31',
      '/service?A=1',
      '/admin',
    ]) {
      await target.send({ ...request, target: other }, refused('signature_invalid'))
    }
    await target.send(request, allowed('billing'))
  }),
  probe('WIRE-04', 'a signature is good for one audience', async (target) => {
    for (const audience of ['orders', '', 'Target', 'target ']) {
      await target.send(asService({ audience }), refused('signature_invalid'))
    }
  }),
  probe('WIRE-05', 'the target is covered byte for byte, as it was sent', async (target) => {
    for (const path of [
      '/service?q=%C3%A9&x=a+b',
      '/service?q=%c3%a9',
      '/service??',
      '/service?',
      '/service?x=%',
      '/service?x=%zz',
    ]) {
      await target.send(asService({ method: 'GET', target: path }), allowed('billing'))
    }
  }),
  probe('WIRE-06', 'the method is covered in the case in which it was sent, for every method', async (target) => {
    for (const method of [
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'HEAD',
      'PROPFIND',
      'QUERY',
      'TRACE',
      'M-SEARCH',
    ]) {
      await target.send(asService({ method, target: '/service' }), allowed('billing'))
    }
  }),
  probe('G06', 'the key id is covered: another one makes another signature', async (target) => {
    const request = asService()
    await target.send(withHeader(request, 'x-hmac-key-id', 'gateway'), refused('signature_invalid'))
    await target.send(withHeader(request, 'x-hmac-key-id', 'Billing'), refused('key_unknown'))
    await target.send(withHeader(request, 'x-hmac-nonce', nextNonce()), refused('signature_invalid'))
    await target.send(withHeader(request, 'x-hmac-timestamp', String(NOW + 1)), refused('signature_invalid'))
    await target.send(request, allowed('billing'))
  }),
  probe(['G07', 'K01'], 'the content type is covered, whatever it says', async (target) => {
    const request = asService({ contentType: JSON_TYPE, body: BODY })
    const others = ['application/x-www-form-urlencoded', 'application/json;x', 'APPLICATION/JSON', 'text/plain']
    for (const other of others)
      await target.send(withHeader(request, 'content-type', other), refused('signature_invalid'))
    await target.send(withHeader(request, 'content-type', undefined), refused('signature_invalid'))
    await target.send(withHeader(request, 'Content-Type', JSON_TYPE), refused('duplicate_header'))
    const types = [
      'application/json\ta',
      'application/json;x',
      'APPLICATION/JSON',
      'application/json, text/plain',
      'x',
      ';',
      '/',
    ]
    for (const contentType of [
      ...types,
      'application/json; charset=utf-16',
      'multipart/form-data; boundary=x',
      'a/b; c="d',
    ]) {
      const answer = await target.send(asService({ contentType, body: BODY }), allowed('billing'))
      assert.equal(answer.json()['contentSha256'], sha256(BODY))
    }
  }),
  probe('G08', 'a body with one byte changed is refused', async (target) => {
    const bodies = [
      BODY.replace('A', 'B'),
      ` ${BODY}`,
      `${BODY}\n`,
      '{"to":"B","amount":"A1"}',
      BODY.replace('A', '\\u0041'),
      '',
    ]
    for (const body of bodies) {
      const request = asService({ contentType: JSON_TYPE, body: BODY })
      await target.send({ ...request, body }, refused('content_digest_mismatch'))
    }
    const request = asService({ contentType: JSON_TYPE, body: BODY })
    const resigned = withHeader({ ...request, body: 'x' }, 'x-hmac-content-sha256', sha256('x'))
    await target.send(resigned, refused('signature_invalid'))
    const empty = asService({ contentType: JSON_TYPE })
    await target.send({ ...empty, body: '{}' }, refused('content_digest_mismatch'))
  }),
  probe('G10', 'a timestamp is ten digits, the first not 0', async (target) => {
    const malformed = [
      `${NOW}.0`,
      '1.7e9',
      '0x6553f100',
      `+${NOW}`,
      `0${NOW}`,
      '0700000000',
      '-1',
      '',
      'NaN',
      'Infinity',
      `${NOW} 0`,
      `${NOW}n`,
      '1_700_000_0',
      '170000000',
      '17000000000',
      utf8('١٧٠٠٠٠٠٠٠٠'),
      utf8('１７００００００００'),
      '1'.repeat(30),
      `${NOW}, ${NOW}`,
    ]
    for (const timestamp of malformed) {
      await target.send(asService({ timestamp }), refused('timestamp_malformed'))
      const [, mac] = signBody('x')
      const headers = [['x-hmac-timestamp', timestamp] as const, ...(mac === undefined ? [] : [mac])]
      await target.send({ method: 'POST', target: '/service', headers, body: 'x' }, refused('timestamp_malformed'))
    }
  }),
  probe(
    ['G12', 'REG-12'],
    'a timestamp may be 300 s from now in either direction and not one second more',
    async (target) => {
      for (const offset of [-WINDOW, WINDOW]) {
        await target.send(asService({ timestamp: String(NOW + offset) }), allowed('billing'))
        const body = `offset ${offset}`
        const headers = signBody(body, String(NOW + offset))
        await target.send({ method: 'POST', target: '/service', headers, body }, allowed('webhook'))
      }
      for (const offset of [-WINDOW - 1, WINDOW + 1, 31_536_000, -31_536_000]) {
        await target.send(asService({ timestamp: String(NOW + offset) }), refused('timestamp_out_of_range'))
        const headers = signBody('x', String(NOW + offset))
        await target.send({ method: 'POST', target: '/service', headers, body: 'x' }, refused('timestamp_out_of_range'))
      }
    },
  ),
  probe('G13', 'a MAC is lower-case hex of one length, and every other form is a wrong one', async (target) => {
    const request = asService()
    const mac = (request.headers ?? []).find(([name]) => name === 'x-hmac-sha256')?.[1] ?? ''
    const others = [
      mac.toUpperCase(),
      `0x${mac}`,
      Buffer.from(mac, 'hex').toString('base64'),
      Buffer.from(mac, 'hex').toString('base64url'),
      '',
      'null',
      'undefined',
      mac.slice(0, 63),
      `${mac}0`,
      mac.slice(0, 62),
      `${mac}00`,
      `${mac} `.repeat(2).trim(),
      `sha256=${mac}`,
      'g'.repeat(64),
      '0'.repeat(64),
      utf8(`${mac.slice(0, 63)}０`),
    ]
    for (const other of others)
      await target.send(withHeader(request, 'x-hmac-sha256', other), refused('signature_invalid'))
    await target.send(request, allowed('billing'))
  }),
  probe('G16', 'a list of signatures is one wrong signature', async (target) => {
    const request = asService()
    const mac = (request.headers ?? []).find(([name]) => name === 'x-hmac-sha256')?.[1] ?? ''
    const list = Array.from({ length: 100 }, () => mac).join(',')
    await target.send(withHeader(request, 'x-hmac-sha256', list), refused('signature_invalid'))
    await target.send(withHeader(request, 'x-hmac-sha256', `v1,${mac} v1,${mac}`), refused('signature_invalid'))
  }),
  configurationProbe('G16', 'at most four keys are tried for a request that names none', () => {
    const webhooks = (count: number) => {
      return Array.from({ length: count }, (_, index) => {
        return { id: `w${index}`, client: 'w', secret: randomBytes(32), profile: 'body-timestamp' as const }
      })
    }
    keyRing(webhooks(4))
    assert.throws(() => keyRing(webhooks(5)), /body-timestamp/)
  }),
  configurationProbe('G17', 'two keys of one client are both good while their periods overlap', async () => {
    const secret = randomBytes(32)
    const keys = keyRing([
      { ...billingKey(), notAfter: NOW },
      { id: 'billing-2', client: 'billing', secret, notBefore: NOW },
      { id: 'billing-0', client: 'billing', secret: randomBytes(32), notAfter: NOW - 1 },
    ])
    assert.equal((await decide({ hmac: { keys } }, asService())).outcome, 'allow')
    assert.equal((await decide({ hmac: { keys } }, asService({ keyId: 'billing-2', secret }))).outcome, 'allow')
    assert.equal((await decide({ hmac: { keys } }, asService({ keyId: 'billing-0', secret }))).reason, 'key_inactive')
  }),
  probe('G17', 'a key that is retired or not yet in its period signs nothing', async (target) => {
    await target.send(asService({ keyId: 'retired' }), refused('key_inactive'))
    await target.send(asService({ keyId: 'upcoming' }), refused('key_inactive'))
  }),
  probe('WIRE-03', 'a secret is good in its first and its last second and not one second beyond', async (target) => {
    const windows = [
      ['retired', 1_546_300_799, false],
      ['retired', 1_546_300_800, true],
      ['retired', 1_577_836_800, true],
      ['retired', 1_577_836_801, false],
      ['upcoming', 4_102_444_799, false],
      ['upcoming', 4_102_444_800, true],
    ] as const
    for (const [keyId, now, isActive] of windows) {
      const then = await target.fresh({ now })
      const request = asService({ keyId, timestamp: String(now) })
      await then.send(request, isActive ? allowed(keyId) : refused('key_inactive'))
    }
  }),
  probe('G19', 'the body of a GET, a DELETE or a HEAD is covered as any other', async (target) => {
    for (const method of ['GET', 'DELETE', 'OPTIONS']) {
      const request = asService({ method, target: '/service', contentType: JSON_TYPE, body: BODY })
      await target.send({ ...request, body: BODY.replace('A', 'B') }, refused('content_digest_mismatch'))
      const answer = await target.send(request, allowed('billing'))
      assert.equal(answer.json()['contentSha256'], sha256(BODY))
      assert.equal(answer.json()['contentLength'], BODY.length)
    }
  }),
  probe(
    'WIRE-07',
    'a key of sha512 answers to x-hmac-sha512 only, one of sha256 to x-hmac-sha256 only',
    async (target) => {
      await target.send(asService({ keyId: 'ledger', algorithm: 'sha512', target: '/orders' }), allowed('ledger'))
      await target.send(asService({ keyId: 'ledger', algorithm: 'sha256' }), refused('signature_invalid'))
      await target.send(asService({ keyId: 'billing', algorithm: 'sha512' }), refused('signature_invalid'))
      const both = withHeader(asService({ keyId: 'ledger', algorithm: 'sha512' }), 'x-hmac-sha256', '0'.repeat(64))
      await target.send(both, refused('malformed_credentials'))
    },
  ),
  probe('WIRE-08', 'every header of the profile request is needed, and has its grammar', async (target) => {
    for (const name of [
      'x-hmac-key-id',
      'x-hmac-timestamp',
      'x-hmac-nonce',
      'x-hmac-content-sha256',
      'x-hmac-sha256',
    ]) {
      await target.send(withHeader(asService(), name, undefined), refused('malformed_credentials'))
    }
    for (const keyId of ['', 'a b', 'a/b', 'a,b', 'k'.repeat(129), '{', utf8('é')]) {
      await target.send(withHeader(asService(), 'x-hmac-key-id', keyId), refused('malformed_credentials'))
    }
    await target.send(withHeader(asService(), 'x-hmac-key-id', 'k'.repeat(128)), refused('key_unknown'))
    for (const nonce of [
      '',
      'n'.repeat(15),
      'n'.repeat(129),
      `${'n'.repeat(16)}=`,
      `${'n'.repeat(16)}.`,
      `a b${'n'.repeat(16)}`,
    ]) {
      await target.send(asService({ nonce }), refused('nonce_malformed'))
    }
    for (const length of [16, 128]) {
      await target.send(asService({ nonce: nextNonce().repeat(8).slice(0, length) }), allowed('billing'))
    }
    const digest = sha256('')
    for (const other of [
      digest.toUpperCase(),
      digest.slice(1),
      `${digest}0`,
      '',
      Buffer.from(digest, 'hex').toString('base64'),
    ]) {
      await target.send(withHeader(asService(), 'x-hmac-content-sha256', other), refused('malformed_credentials'))
    }
    await target.send(
      { target: '/service', headers: [['x-hmac-nonce', nextNonce()]] },
      refused('malformed_credentials'),
    )
  }),
  probe('WIRE-09', 'the profile body-timestamp covers the body bytes and the timestamp', async (target) => {
    const body = Buffer.from(Array.from({ length: 300 }, (_, index) => index % 256))
    const headers = signBody(body)
    const request = { method: 'POST', target: '/service', headers, body }
    const answer = await target.send(request, allowed('webhook'))
    assert.equal(answer.json()['contentSha256'], sha256(body))
    await target.send({ ...request, body: Buffer.concat([body, Buffer.from('0')]) }, refused('signature_invalid'))
    await target.send({ ...request, body: body.subarray(1) }, refused('signature_invalid'))
    await target.send(withHeader(request, 'x-hmac-timestamp', String(NOW + 1)), refused('signature_invalid'))
    await target.send(withHeader(request, 'x-hmac-sha256', '0'.repeat(64)), refused('signature_invalid'))
    await target.send(withHeader(request, 'x-hmac-timestamp', undefined), refused('malformed_credentials'))
    await target.send(withHeader(request, 'x-hmac-sha256', undefined), refused('malformed_credentials'))
    await target.send({ method: 'GET', target: '/service', headers: signBody('') }, allowed('webhook'))
  }),
  probe('WIRE-10', 'the profile is decided by the key, never by the request', async (target) => {
    await target.send(asService({ keyId: 'webhook' }), refused('key_unknown'))
    const stranger = signBody('x', String(NOW), 'billing')
    await target.send(
      { method: 'POST', target: '/service', headers: stranger, body: 'x' },
      refused('signature_invalid'),
    )
  }),
  probe('WIRE-11', 'a body of 1 MiB is accepted and one byte more is not', async (target) => {
    const most = Buffer.alloc(1_048_576, 'a')
    const more = Buffer.alloc(1_048_577, 'a')
    for (const framing of ['length', 'chunked'] as const) {
      const answer = await target.send(asService({ body: most, framing }), allowed('billing'))
      assert.equal(answer.json()['contentLength'], most.length)
      await target.send(asService({ body: more, framing }), refused('body_too_large'))
      const webhook = (body: Buffer) => ({ method: 'POST', target: '/service', headers: signBody(body), body, framing })
      await target.send(webhook(most), allowed('webhook'))
      await target.send(webhook(more), refused('body_too_large'))
    }
  }),
  probe(
    'POL-03',
    'a signature covers the token beside it: it cannot be swapped, taken away or added',
    async (target) => {
      const authorization = `Bearer ${mint()}`
      const other = `Bearer ${mint({ sub: 'user-2' })}`
      const request = asService({ keyId: 'gateway', target: '/both', authorization })
      await target.send(withHeader(request, 'authorization', other), refused('signature_invalid'))
      await target.send(
        withHeader(request, 'authorization', authorization.replace('Bearer', 'bearer')),
        refused('signature_invalid'),
      )
      await target.send(withHeader(request, 'authorization', undefined), refused('signature_invalid'))
      const alone = asService({ keyId: 'gateway', target: '/both' })
      await target.send(withHeader(alone, 'authorization', authorization), refused('signature_invalid'))
      await target.send(request, allowed('user-1', 'gateway'))
    },
  ),
]
