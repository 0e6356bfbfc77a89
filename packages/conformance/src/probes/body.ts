import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { allowed, type Expectation, refused, UNGUARDED, unparsed } from '../expectation.js'
import { mint, NOW } from '../foreign/mint.js'
import { sha256, signBody, signRequest } from '../foreign/sign.js'
import { type Probe, probe, wireProbe } from '../probe.js'
import { asService, withToken } from '../requests.js'
import type { ProbeRequest } from '../subject/subject.js'

const BINARY = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7 + (index >> 8)) % 256))
const FORM = [
  '--limit\r\ncontent-disposition: form-data; name="f"; filename="f.bin"\r\ncontent-type: application/octet-stream\r\n\r\n',
  BINARY.toString('latin1'),
  '\r\n--limit--\r\n',
].join('')

export const BODY: readonly Probe[] = [
  probe('K03', 'a handler gets the bytes that were signed, names that stand twice and all', async (target) => {
    for (const body of ['{"to":"A","to":"B"}', '{ "a": 1.0 }', '{"a":"\\u0041"}\r\n', 'not json', '']) {
      const answer = await target.send(asService({ contentType: 'application/json', body }), allowed('billing'))
      assert.equal(answer.json()['contentSha256'], sha256(body))
    }
  }),
  wireProbe(
    'K05',
    'a body longer than its Content-Length is cut where the length says, and refused',
    async (target) => {
      const headers = signRequest({ method: 'POST', target: '/service', body: 'abcdef' })
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      const opening = `POST /service HTTP/1.1\r\nHost: target.test\r\nx-request-id: {id}\r\nConnection: close\r\n${lines}`
      // The bytes behind the length are no message, and the connection ends there.
      const cut: Expectation = { ...refused('content_digest_mismatch'), status: 400, told: false }
      await target.sendBytes(`${opening}Content-Length: 3\r\n\r\nabcdef`, cut)
      await target.sendBytes(`${opening}Content-Length: x\r\n\r\nabcdef`, unparsed())
    },
  ),
  wireProbe('K05', 'a body that breaks off is refused as aborted and its nonce is not used up', async (target) => {
    for (const framing of ['length', 'chunked'] as const) {
      const request = asService({ body: 'a'.repeat(5000), framing })
      const records = await target.abandon(request, 100)
      assert.deepEqual(
        records.map(({ outcome, reason }) => [outcome, reason]),
        [['deny', 'aborted']],
      )
      await target.send(request, allowed('billing'))
    }
  }),
  probe(['K08', 'REG-18'], 'a signed upload is covered to its last byte, whatever its content type', async (target) => {
    for (const contentType of ['multipart/form-data; boundary=limit', 'application/octet-stream', 'x/y', undefined]) {
      const body = Buffer.from(FORM, 'latin1')
      const request = asService({ contentType, body })
      const tampered = Buffer.from(body)
      tampered[body.length - 20] = (tampered[body.length - 20] ?? 0) ^ 1
      await target.send({ ...request, body: tampered }, refused('content_digest_mismatch'))
      await target.send({ ...request, body: body.subarray(0, -1) }, refused('content_digest_mismatch'))
      const answer = await target.send(request, allowed('billing'))
      assert.equal(answer.json()['contentSha256'], sha256(body))
    }
  }),
  wireProbe('K09', 'the same bytes are the same body, in chunks or with a length', async (target) => {
    for (const body of [BINARY, Buffer.alloc(0), Buffer.from('x')]) {
      for (const framing of ['length', 'chunked'] as const) {
        const answer = await target.send(asService({ body, framing }), allowed('billing'))
        assert.equal(answer.json()['contentSha256'], sha256(body))
        await target.send({ ...asService({ body, framing }), body: `${body}!` }, refused('content_digest_mismatch'))
        const headers = signBody(body)
        await target.send({ method: 'POST', target: '/service', headers, body, framing }, allowed('webhook'))
      }
    }
  }),
  probe('WIRE-15', 'the digest is of the bytes as they travel: a content coding is not undone', async (target) => {
    const body = gzipSync('{"a":1}')
    const headers = [['content-encoding', 'gzip']] as const
    const answer = await target.send(asService({ contentType: 'application/json', body, headers }), allowed('billing'))
    assert.equal(answer.json()['contentSha256'], sha256(body))
    const plain = asService({ contentType: 'application/json', body: '{"a":1}', headers })
    await target.send({ ...plain, body }, refused('content_digest_mismatch'))
  }),
  probe('REG-13', 'a binary payload is accepted as it is', async (target) => {
    const answer = await target.send(
      asService({ body: BINARY, contentType: 'application/octet-stream' }),
      allowed('billing'),
    )
    assert.equal(answer.json()['contentLength'], BINARY.length)
    const headers = signBody(BINARY, String(NOW))
    await target.send({ method: 'POST', target: '/service', headers, body: BINARY }, allowed('webhook'))
  }),
  probe('REG-10', 'a text body that was changed is refused, and spaces of JSON are not', async (target) => {
    const text = asService({ contentType: 'text/plain', body: 'amount=1' })
    await target.send({ ...text, body: 'amount=1000000' }, refused('content_digest_mismatch'))
    await target.send(asService({ contentType: 'application/json', body: '{ "a": 1.0 }' }), allowed('billing'))
  }),
  probe('WIRE-16', 'a request without a signature has its body untouched', async (target) => {
    for (const body of [BINARY, Buffer.alloc(0)]) {
      const user = await target.send(withToken('/user', mint(), { method: 'POST', body }), allowed('user-1'))
      assert.equal(user.json()['contentSha256'], sha256(body))
      const anybody = await target.send({ method: 'POST', target: '/public', body }, UNGUARDED)
      assert.equal(anybody.json()['contentSha256'], sha256(body))
    }
  }),
  wireProbe('WIRE-18', 'a refused request leaves its connection to the next one, its body does not', async (target) => {
    const next = 'POST /public HTTP/1.1\r\nHost: target.test\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnext'
    const bodies = [
      `Content-Length: 5000\r\n\r\n${'a'.repeat(5000)}`,
      'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      '\r\n',
    ]
    const headers = withHeaderLines(asService({ target: '/echo', body: 'signed' }))
    for (const body of bodies) {
      for (const [lines, reason] of [
        ['', 'missing_credentials'],
        [headers, 'content_digest_mismatch'],
      ] as const) {
        const opening = `POST /echo HTTP/1.1\r\nHost: target.test\r\nx-request-id: {id}\r\n${lines}`
        const answer = await target.sendBytes(`${opening}${body}${next}`, {
          ...refused(reason),
          served: true,
          told: false,
        })
        const [, second = ''] = answer.body.split('HTTP/1.1 ')
        assert.match(second, /^200 [\s\S]*"contentLength":4,/)
        assert.ok(second.includes(sha256('next')))
      }
    }
  }),
]

function withHeaderLines({ headers = [] }: ProbeRequest): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
}
