import { allowed, refused, UNGUARDED, unparsed } from '../expectation.js'
import { mint } from '../foreign/mint.js'
import { signBody, signRequest } from '../foreign/sign.js'
import { type Probe, probe, wireProbe } from '../probe.js'
import { asService, asUser, utf8, withAuthorization, withHeader, withToken } from '../requests.js'

const HMAC_NAMES = ['x-hmac-key-id', 'x-hmac-timestamp', 'x-hmac-nonce', 'x-hmac-content-sha256', 'x-hmac-sha256']

export const HEADERS: readonly Probe[] = [
  probe('I01', 'two Authorization headers are refused, whichever is good', async (target) => {
    const good = ['authorization', `Bearer ${mint()}`] as const
    const bad = ['Authorization', 'Bearer a.b.c'] as const
    for (const headers of [
      [good, bad],
      [bad, good],
      [good, good],
      [good, ['AUTHORIZATION', 'Basic eDp5'] as const],
    ]) {
      await target.send({ target: '/echo', headers }, refused('duplicate_header'))
      await target.send({ target: '/optional', headers }, refused('duplicate_header'))
    }
  }),
  probe(
    'I03',
    'a token in the query beside one in the header is refused, and one in the query alone is none',
    async (target) => {
      await target.send(withToken('/echo?access_token=abcdefgh', mint()), refused('malformed_credentials'))
      await target.send(withToken('/echo?x=1&access_token=', mint()), refused('malformed_credentials'))
      await target.send({ target: `/echo?access_token=${mint()}` }, refused('missing_credentials'))
      const form = {
        headers: [['content-type', 'application/x-www-form-urlencoded']] as const,
        body: `access_token=${mint()}`,
      }
      await target.send({ method: 'POST', target: '/echo', ...form }, refused('missing_credentials'))
      await target.send(asUser('/echo?xaccess_token=1'), allowed('user-1'))
    },
  ),
  probe('I04', 'a signature header that stands twice is refused, whether equal or not', async (target) => {
    for (const name of HMAC_NAMES) {
      const request = asService()
      const value = (request.headers ?? []).find(([candidate]) => candidate === name)?.[1] ?? ''
      const headers = request.headers ?? []
      for (const twin of [
        [name, value],
        [name.toUpperCase(), value],
        [name, 'x'],
      ] as const) {
        await target.send({ ...request, headers: [...headers, twin] }, refused('duplicate_header'))
        await target.send({ ...request, headers: [twin, ...headers] }, refused('duplicate_header'))
      }
    }
  }),
  probe(
    ['I06', 'REG-17'],
    'the scheme name Bearer is case-insensitive and followed by exactly one space',
    async (target) => {
      const token = mint()
      for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
        await target.send(withAuthorization('/echo', `${scheme} ${token}`), allowed('user-1'))
      }
      for (const value of [
        'Bearer',
        'bearer',
        `Bearer  ${token}`,
        `Bearer\t${token}`,
        `Bearer:${token}`,
        `Bearer, ${token}`,
      ]) {
        await target.send(withAuthorization('/echo', value), refused('malformed_credentials'))
      }
      for (const value of [
        `Basic ${token}`,
        `Token ${token}`,
        `JWT ${token}`,
        `Bearerx ${token}`,
        `HMAC ${token}`,
        token,
        '',
      ]) {
        await target.send(withAuthorization('/echo', value), refused('missing_credentials'))
      }
    },
  ),
  probe('I08', 'a byte outside ASCII in a security header is refused', async (target) => {
    for (const text of ['\u0080', '\u00ff', utf8('é'), utf8('✓'), '\u00a0']) {
      const bad = `a${text}b`
      await target.send(withToken('/echo', bad), refused('token_malformed'))
      await target.send(withToken('/echo', `${mint()}${text}x`), refused('token_malformed'))
      await target.send(withHeader(asService(), 'x-hmac-key-id', bad), refused('malformed_credentials'))
      await target.send(withHeader(asService(), 'x-hmac-timestamp', bad), refused('timestamp_malformed'))
      await target.send(withHeader(asService(), 'x-hmac-nonce', `${bad}0123456789abcdef`), refused('nonce_malformed'))
      await target.send(withHeader(asService(), 'x-hmac-content-sha256', bad), refused('malformed_credentials'))
      await target.send(withHeader(asService(), 'x-hmac-sha256', bad), refused('signature_invalid'))
      await target.send(asService({ contentType: `text/${bad}` }), refused('malformed_credentials'))
    }
  }),
  wireProbe('I09', 'a message that is not well-formed is refused before any framework', async (target) => {
    const token = mint()
    const opening = 'GET /echo HTTP/1.1\r\nHost: target.test\r\nx-request-id: {id}\r\n'
    const malformed = [
      `${opening}Authorization: Bearer\r\n ${token}\r\n\r\n`,
      `${opening}Authorization : Bearer ${token}\r\n\r\n`,
      `${opening}Authorization: Bearer ${token}\u0000\r\n\r\n`,
      `${opening}Authorization: Bearer ${token}\rX: y\r\n\r\n`,
      `${opening}X-Y\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      `POST /echo HTTP/1.1\r\nHost: target.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `POST /echo HTTP/1.1\r\nHost: target.test\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
      `POST /echo HTTP/1.1\r\nHost: target.test\r\nContent-Length: +3\r\n\r\nabc`,
      `GET /echo HTTP/9.9\r\nHost: target.test\r\n\r\n`,
      `FOO /public HTTP/1.1\r\nHost: target.test\r\n\r\n`,
    ]
    for (const text of malformed) await target.sendBytes(text, unparsed())
  }),
  wireProbe('F07', 'a header longer than the server takes is refused before any framework', async (target) => {
    const [header, payload] = mint().split('.')
    await target.send(withToken('/echo', `${header}.${payload}.${'A'.repeat(65_536)}`), unparsed(431))
  }),
  probe('I11', 'a target in absolute form must name the host of the Host header', async (target) => {
    const host = 'target.test'
    for (const authority of ['evil.test', 'target.test:81', 'target.test.evil.test', 'user@target.test', '']) {
      await target.send(asUser(`http://${authority}/echo`), refused('target_invalid'))
      const signed = asService({ method: 'GET', target: '/service' })
      await target.send({ ...signed, target: `http://${authority}/service` }, refused('target_invalid'))
    }
    await target.send(asUser(`http://${host}/echo`), allowed('user-1'))
    const signed = asService({ method: 'GET', target: '/service?a=1' })
    await target.send({ ...signed, target: `http://${host}/service?a=2` }, refused('signature_invalid'))
    await target.send({ ...signed, target: `http://${host}/service?a=1` }, allowed('billing'))
  }),
  probe('I12', 'what a proxy is said to have forwarded is not in the signed text', async (target) => {
    const headers = [
      ['X-Forwarded-Host', 'evil.test'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Prefix', '/evil'],
      ['Forwarded', 'host=evil.test'],
    ] as const
    await target.send(asService({ headers }), allowed('billing'))
    const elsewhere = signRequest({ method: 'POST', target: '/evil/service' })
    await target.send(
      { method: 'POST', target: '/service', headers: [...elsewhere, ...headers] },
      refused('signature_invalid'),
    )
  }),
  probe('WIRE-14', 'header names of credentials are case-insensitive', async (target) => {
    const request = asService({ contentType: 'text/plain', body: 'x' })
    const headers = (request.headers ?? []).map(([name, value]) => [name.toUpperCase(), value] as const)
    await target.send({ ...request, headers }, allowed('billing'))
  }),
  probe('POL-04', 'a public route does not look at credentials, good, bad or several', async (target) => {
    const bad = ['authorization', 'Bearer a.b.c'] as const
    await target.send({ target: '/public' }, UNGUARDED)
    await target.send({ target: '/public', headers: [bad, bad] }, UNGUARDED)
    await target.send({ ...asService({ target: '/public' }), body: 'other' }, UNGUARDED)
    await target.send(asUser('/public'), UNGUARDED)
    await target.send({ method: 'POST', target: '/public', headers: signBody('x'), body: 'y' }, UNGUARDED)
  }),
]
