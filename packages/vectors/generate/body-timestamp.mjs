// Signed requests of profile `body-timestamp`.
import { AUDIENCE, headerValues, macHex, NOW, vectorFile } from './lib.mjs'
import { BAD_TIMESTAMPS } from './request-mac.mjs'
import { HMAC_KEYS } from './target.mjs'

const NOTES = {
  Basic: 'An ordinary request.',
  BodyBytes: 'The MAC is over the bytes that travel, whatever they mean.',
  NotBound: 'The profile binds body and timestamp only. A verifier accepts this; profile `request` would not.',
  Boundary:
    'Nothing stands between body and timestamp: digits moved across keep the MAC. The ten-digit grammar refuses them.',
  Changed: 'Body or timestamp differs from what was signed.',
  Freshness: 'The age limit is 300 s in both directions, the limit itself still allowed.',
  TimestampGrammar: 'Ten digits, the first not 0. The MAC is right for the text as sent.',
  MissingHeader: 'A required header is not there.',
  DuplicateHeader: 'A header stands twice.',
  MacSpelling: 'The MAC header does not have the one spelling of 64 lower-case hex digits.',
  Key: 'MACed with another secret.',
  Profile: 'Headers of one profile for a key of the other.',
}

const KEY = HMAC_KEYS.webhook
const LONG_KEY = { ...KEY, id: 'webhook-long', client: 'webhook', secretHex: HMAC_KEYS.billing.secretHex }

const messageBytes = (body, timestamp) => Buffer.concat([body, Buffer.from(timestamp, 'latin1')])

const HEADERS = ['x-hmac-timestamp', 'x-hmac-sha256']

function signedRequest(body, timestamp = String(NOW), key = KEY) {
  const bytes = Buffer.from(body)
  return {
    method: 'POST',
    target: '/orders',
    headers: [
      ['content-type', 'application/x-www-form-urlencoded'],
      ['x-hmac-timestamp', timestamp],
      ['x-hmac-sha256', macHex('sha256', key.secretHex, messageBytes(bytes, timestamp))],
    ],
    bodyHex: bytes.toString('hex'),
    audience: AUDIENCE,
    now: NOW,
    key,
  }
}

function macMatches({ headers, bodyHex, key }) {
  const [timestamps, macs] = HEADERS.map((name) => headerValues(headers, name))
  if (timestamps.length !== 1 || macs.length !== 1) return null
  return macHex('sha256', key.secretHex, messageBytes(Buffer.from(bodyHex, 'hex'), timestamps[0])) === macs[0]
}

function valid(id, comment, flag, request) {
  const headers = request.headers.filter(([name]) => HEADERS.includes(name))
  return {
    id,
    comment,
    flags: [flag],
    sign: { timestamp: headers[0][1] },
    ...request,
    expected: { mac: headers[1][1], headers },
    macMatches: macMatches(request),
    result: 'valid',
  }
}

const invalid = (id, comment, flag, reason, request, ...alsoAcceptable) => ({
  id,
  comment,
  flags: [flag],
  ...request,
  macMatches: macMatches(request),
  result: 'invalid',
  reason,
  alsoAcceptable: alsoAcceptable.length > 0 ? alsoAcceptable : undefined,
})

const setHeader = (request, name, value) => ({
  ...request,
  headers: request.headers.map((header) => (header[0] === name ? [name, value] : header)),
})
const mapHeader = (request, name, change) => setHeader(request, name, change(headerValues(request.headers, name)[0]))
const dropHeader = (request, name) => ({ ...request, headers: request.headers.filter(([header]) => header !== name) })
const addHeader = (request, name, value) => ({ ...request, headers: [...request.headers, [name, value]] })
const withBody = (request, body) => ({ ...request, bodyHex: Buffer.from(body).toString('hex') })
const flipFirst = (text) => (text[0] === '0' ? '1' : '0') + text.slice(1)

const validTests = () => [
  valid('form', 'a form body that ends in a digit', 'Basic', signedRequest('amount=1000')),
  valid('json', 'a JSON body', 'Basic', signedRequest('{"amount":1000}')),
  valid('long-secret', 'a secret of 32 bytes', 'Basic', signedRequest('amount=1000', String(NOW), LONG_KEY)),
  valid('empty-body', 'no body: the MAC is over the ten digits', 'BodyBytes', signedRequest('')),
  valid('body-utf8', 'UTF-8 text beyond ASCII', 'BodyBytes', signedRequest('name=Zoë 日本 🦀')),
  valid('body-binary', 'bytes that are not UTF-8', 'BodyBytes', signedRequest(Buffer.from('00ff80fe0a0dc328', 'hex'))),
  valid('body-line-feed-at-end', 'a line feed at the end of the body', 'BodyBytes', signedRequest('amount=1000\n')),
  valid('body-of-a-timestamp', 'a body that is itself a timestamp', 'BodyBytes', signedRequest('1700000000')),
  valid('other-method', 'signed for POST /orders, sent as PUT', 'NotBound', {
    ...signedRequest('amount=1000'),
    method: 'PUT',
  }),
  valid('other-target', 'signed for POST /orders, sent to /service?x=1', 'NotBound', {
    ...signedRequest('amount=1000'),
    target: '/service?x=1',
  }),
  valid(
    'other-content-type',
    'another content type over the same bytes',
    'NotBound',
    setHeader(signedRequest('amount=1000'), 'content-type', 'text/plain'),
  ),
  valid('300s-old', 'exactly 300 s old', 'Freshness', signedRequest('amount=1000', String(NOW - 300))),
  valid('300s-ahead', 'exactly 300 s ahead', 'Freshness', signedRequest('amount=1000', String(NOW + 300))),
]

const boundaryTests = () => {
  const move = (id, comment, from, body, timestamp) =>
    invalid(
      `boundary-${id}`,
      comment,
      'Boundary',
      'timestamp_malformed',
      withBody(setHeader(signedRequest(...from), 'x-hmac-timestamp', timestamp), body),
    )
  return [
    move(
      'three-digits-right',
      'signed amount=1000 at 1700000000, sent as amount=1 at 0001700000000',
      ['amount=1000'],
      'amount=1',
      '0001700000000',
    ),
    move(
      'one-digit-right',
      'signed amount=1000, sent as amount=100 at 01700000000',
      ['amount=1000'],
      'amount=100',
      '01700000000',
    ),
    move(
      'nonzero-digit-right',
      'signed amount=1005, sent as amount=100 at 51700000000',
      ['amount=1005'],
      'amount=100',
      '51700000000',
    ),
    move('all-digits-right', 'signed a body of digits, sent without body', ['42'], '', '421700000000'),
    move('one-digit-left', 'signed amount=1, sent as amount=11 at 700000000', ['amount=1'], 'amount=11', '700000000'),
    move(
      'all-digits-left',
      'signed amount=1, the whole timestamp moved into the body',
      ['amount=1'],
      'amount=11700000000',
      '',
    ),
  ].map((test) =>
    test.id === 'boundary-all-digits-left' ? { ...test, alsoAcceptable: ['malformed_credentials'] } : test,
  )
}

const changedTests = () => {
  const request = signedRequest('amount=1000')
  const changed = (id, comment, after) => invalid(`changed-${id}`, comment, 'Changed', 'signature_invalid', after)
  return [
    changed('body', 'another body', withBody(request, 'amount=9000')),
    changed('body-dropped', 'the body is dropped', withBody(request, '')),
    changed('body-line-feed', 'a line feed added at the end', withBody(request, 'amount=1000\n')),
    changed('timestamp', 'a timestamp one second later', setHeader(request, 'x-hmac-timestamp', String(NOW + 1))),
    changed(
      'separator',
      'MACed with a line feed between body and timestamp',
      setHeader(request, 'x-hmac-sha256', macHex('sha256', KEY.secretHex, `amount=1000\n${NOW}`)),
    ),
    changed(
      'order',
      'MACed with the timestamp before the body',
      setHeader(request, 'x-hmac-sha256', macHex('sha256', KEY.secretHex, `${NOW}amount=1000`)),
    ),
    invalid(
      'stale-301s-old',
      '301 s old',
      'Freshness',
      'timestamp_out_of_range',
      signedRequest('amount=1000', String(NOW - 301)),
    ),
    invalid(
      'stale-301s-ahead',
      '301 s ahead',
      'Freshness',
      'timestamp_out_of_range',
      signedRequest('amount=1000', String(NOW + 301)),
    ),
    ...BAD_TIMESTAMPS.map(([id, comment, timestamp]) =>
      invalid(
        `timestamp-${id}`,
        comment,
        'TimestampGrammar',
        'timestamp_malformed',
        signedRequest('amount=1000', timestamp),
      ),
    ),
    invalid('wrong-secret', 'MACed with another secret', 'Key', 'signature_invalid', {
      ...signedRequest('amount=1000', String(NOW), LONG_KEY),
      key: KEY,
    }),
    invalid(
      'secret-as-hex-text',
      'MACed with the hex text of the secret in place of its bytes',
      'Key',
      'signature_invalid',
      {
        ...signedRequest('amount=1000', String(NOW), { ...KEY, secretHex: Buffer.from(KEY.secretHex).toString('hex') }),
        key: KEY,
      },
    ),
    invalid('empty-secret', 'MACed with an empty secret', 'Key', 'signature_invalid', {
      ...signedRequest('amount=1000', String(NOW), { ...KEY, secretHex: '' }),
      key: KEY,
    }),
    invalid(
      'for-request-key',
      'the two headers for a key of profile request',
      'Profile',
      'malformed_credentials',
      { ...signedRequest('amount=1000', String(NOW), HMAC_KEYS.billing), key: HMAC_KEYS.billing },
      'key_unknown',
      'signature_invalid',
    ),
  ]
}

const headerTests = () => {
  const request = signedRequest('amount=1000')
  const twice = (id, name, value) =>
    invalid(`twice-${id}`, `${name} twice`, 'DuplicateHeader', 'duplicate_header', addHeader(request, name, value))
  const spelled = (id, comment, change, ...alsoAcceptable) =>
    invalid(
      `mac-${id}`,
      comment,
      'MacSpelling',
      'signature_invalid',
      mapHeader(request, 'x-hmac-sha256', change),
      ...alsoAcceptable,
    )
  return [
    invalid(
      'missing-timestamp',
      'without x-hmac-timestamp',
      'MissingHeader',
      'malformed_credentials',
      dropHeader(request, 'x-hmac-timestamp'),
    ),
    invalid(
      'missing-mac',
      'without x-hmac-sha256',
      'MissingHeader',
      'malformed_credentials',
      dropHeader(request, 'x-hmac-sha256'),
    ),
    invalid('missing-both', 'without both', 'MissingHeader', 'missing_credentials', {
      ...request,
      headers: request.headers.slice(0, 1),
    }),
    twice('equal-timestamp', 'x-hmac-timestamp', String(NOW)),
    twice('different-timestamp', 'x-hmac-timestamp', String(NOW + 1)),
    twice('equal-mac', 'x-hmac-sha256', headerValues(request.headers, 'x-hmac-sha256')[0]),
    twice('different-mac', 'x-hmac-sha256', '0'.repeat(64)),
    spelled('first-digit', 'the first digit changed', flipFirst),
    spelled('upper-case', 'upper-case digits', (mac) => mac.toUpperCase()),
    spelled('63', '63 digits', (mac) => mac.slice(0, 63)),
    spelled('62', '62 digits: a byte less', (mac) => mac.slice(0, 62)),
    spelled('65', '65 digits', (mac) => `${mac}0`),
    spelled('66', '66 digits: a byte more', (mac) => `${mac}00`),
    spelled('0x', '0x in front', (mac) => `0x${mac}`),
    spelled('base64', 'base64', (mac) => Buffer.from(mac, 'hex').toString('base64')),
    spelled('prefix', 'sha256= in front', (mac) => `sha256=${mac}`),
    spelled('not-hex-at-end', 'hex digits, then one that is none', (mac) => `${mac}z`),
    spelled('list', 'two values in one header', (mac) => `${mac}, ${mac}`),
    spelled('empty', 'an empty value', () => '', 'malformed_credentials'),
  ]
}

export const bodyTimestamp = () =>
  vectorFile({
    description:
      'HMAC profile `body-timestamp`: HMAC-SHA-256 over the body bytes followed at once by the ASCII digits of the timestamp.',
    schema: 'schema/body-timestamp.schema.json',
    notes: NOTES,
    testGroups: [
      { type: 'Sign', algorithm: 'sha256', tests: validTests() },
      { type: 'Verify', algorithm: 'sha256', tests: [...boundaryTests(), ...changedTests(), ...headerTests()] },
    ],
  })
