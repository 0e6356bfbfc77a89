import { refused } from '../expectation.js'
import { base64url, claimsOf, compactOf, jwtSecret, mint, privateKey, signBytes } from '../foreign/mint.js'
import { type Probe, probe } from '../probe.js'
import { asUser, utf8, withAuthorization, withToken } from '../requests.js'

const es256 = (input: string) => signBytes('ES256', privateKey('issuer-es256'), input)

export const ENCODING: readonly Probe[] = [
  probe('B01', 'a token has three segments, two of them not empty', async (target) => {
    const [header, payload, signature] = mint().split('.')
    const malformed = [
      '.',
      '..',
      '...',
      'a',
      'a.b',
      'a.b.c.d',
      'a.b.c.d.e',
      `${header}.${payload}.${signature}.`,
      `.${header}.${payload}.${signature}`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${header}.${payload}`,
    ]
    for (const token of malformed) await target.send(withToken('/echo', token), refused('token_malformed'))
    await target.send(withAuthorization('/echo', 'Bearer '), refused('malformed_credentials'))
  }),
  probe('B03', 'the JSON serializations of JWS are refused', async (target) => {
    const [header, payload, signature] = mint().split('.')
    const flattened = { payload, protected: header, signature }
    const twin = { ...flattened, header: { payload: base64url('{"sub":"admin"}') } }
    const general = { payload, signatures: [{ protected: header, signature }] }
    for (const serialization of [flattened, twin, general]) {
      await target.send(withToken('/echo', JSON.stringify(serialization)), refused('token_malformed'))
    }
  }),
  probe('B05', 'padding is refused in every segment', async (target) => {
    const [header, payload, signature] = mint().split('.')
    for (const token of [
      `${header}.${payload}.${signature}=`,
      `${header}.${payload}.${signature}==`,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}=.${signature}`,
    ]) {
      await target.send(withToken('/echo', token), refused('token_malformed'))
    }
  }),
  probe('B06', 'spare bits in the last character are refused: a token has one spelling', async (target) => {
    for (const kid of ['issuer-rs256', 'issuer-es256', 'legacy-hs256']) {
      const token = mint({}, { kid })
      await target.send(withToken('/echo', withSpareBit(token)), refused('token_malformed'))
    }
    for (let length = 0; length < 3; length++) {
      const [header = '', payload = '', signature] = mint({ pad: 'x'.repeat(length) }).split('.')
      if (payload.length % 4 === 0) continue
      await target.send(
        withToken('/echo', `${header}.${withSpareBit(payload)}.${signature}`),
        refused('token_malformed'),
      )
    }
  }),
  probe('B08', 'characters outside base64url are refused', async (target) => {
    let token = mint()
    while (!/[-_]/.test(token)) token = mint()
    const others = [
      token.replaceAll('-', '+').replaceAll('_', '/'),
      `${token}!!`,
      `${token}%`,
      utf8(`${token}\u200b`),
      `${token}\u00a0`,
      `${token} x`,
    ]
    for (const other of others) await target.send(withToken('/echo', other), refused('token_malformed'))
  }),
  probe(
    'B09',
    'a name that stands twice in the header or the claims is refused, however it is escaped',
    async (target) => {
      const headers = [
        '{"alg":"none","alg":"ES256","kid":"issuer-es256"}',
        '{"alg":"ES256","kid":"issuer-es256","alg":"ES256"}',
        '{"alg":"none","\\u0061lg":"ES256","kid":"issuer-es256"}',
      ]
      for (const headerText of headers)
        await target.send(asUser('/echo', {}, { headerText }), refused('token_malformed'))
      const claims = JSON.stringify(claimsOf({})).slice(0, -1)
      const payloads = [`${claims},"sub":"admin"}`, `${claims},"\\u0073ub":"admin"}`, `${claims},"x":{"a":1,"a":2}}`]
      for (const payloadText of payloads)
        await target.send(asUser('/echo', {}, { payloadText }), refused('token_malformed'))
      const hs256 = { kid: 'legacy-hs256', headerText: '{"alg":"none","alg":"HS256"}', key: jwtSecret('legacy-hs256') }
      await target.send(asUser('/echo', {}, hs256), refused('token_malformed'))
    },
  ),
  probe('B11', 'a critical header parameter is refused', async (target) => {
    for (const header of [
      { crit: ['x-policy'], 'x-policy': 'strict' },
      { crit: ['exp'], exp: 1 },
      { crit: [] },
      { crit: null },
      { crit: 'x-policy' },
    ]) {
      await target.send(asUser('/echo', {}, { header }), refused('token_malformed'))
    }
  }),
  probe('B13', 'a payload that is not base64url is refused, and so is every talk of it', async (target) => {
    const header = JSON.stringify({ alg: 'ES256', kid: 'issuer-es256', b64: false, crit: ['b64'] })
    const input = `${base64url(header)}.${JSON.stringify(claimsOf({}))}`
    await target.send(withToken('/echo', `${input}.${base64url(es256(input))}`), refused('token_malformed'))
    for (const b64 of [true, false]) {
      await target.send(asUser('/echo', {}, { header: { b64, crit: ['b64'] } }), refused('token_malformed'))
      await target.send(asUser('/echo', {}, { header: { b64 } }), refused('token_malformed'))
    }
  }),
  probe('B15', 'claims that are no JSON object are refused', async (target) => {
    for (const payloadText of ['[1]', '"x"', '1', 'null', 'true', '{}x', '{"a":NaN}', '{', '\ufeff{}', "{'a':1}"]) {
      await target.send(asUser('/echo', {}, { payloadText }), refused('token_malformed'))
    }
    const notUtf8 = compactOf('{"alg":"ES256"}', Buffer.from('{"sub":"\xff"}', 'latin1'), es256)
    await target.send(withToken('/echo', notUtf8), refused('token_malformed'))
    for (const headerText of ['[1]', 'null', '1', '"x"', '{}', '{"alg":"ES256"', 'x']) {
      await target.send(asUser('/echo', {}, { headerText }), refused('token_malformed'))
    }
    const deep = `${'{"a":'.repeat(80)}1${'}'.repeat(80)}`
    await target.send(asUser('/echo', {}, { payloadText: deep }), refused('token_malformed'))
  }),
  probe('B16', 'a nested token and a compressed one are refused', async (target) => {
    const nested = { header: { cty: 'JWT' }, payloadText: mint() }
    await target.send(asUser('/echo', {}, nested), refused('token_malformed'))
    await target.send(asUser('/echo', {}, { header: { cty: 'application/jwt' } }), refused('token_malformed'))
    await target.send(asUser('/echo', {}, { header: { zip: 'DEF' } }), refused('token_malformed'))
  }),
]

/** The same bytes in another spelling: a bit of the last character that stands for nothing is set. */
function withSpareBit(segment: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet[alphabet.indexOf(segment.at(-1) ?? '') ^ 1]
  return segment.slice(0, -1) + last
}
