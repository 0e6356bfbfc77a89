// Signed requests of profile `request`, to be made by a signer and judged by a verifier.
import { canonicalCases, canonicalNotes } from './canonical-text.mjs'
import { AUDIENCE, canonicalText, headerValues, macHex, NOW, sha256Hex, vectorFile } from './lib.mjs'
import { HMAC_KEYS } from './target.mjs'

const NOTES = {
  ...canonicalNotes,
  Sha512: 'A sha512 key: the MAC is HMAC-SHA-512, 128 hex digits in x-hmac-sha512.',
  HeaderNameCase: 'Header names compare without case.',
  Changed: 'One covered value differs from what was signed.',
  ContentDigest: 'The MAC holds, the body is another one.',
  Freshness: 'The age limit is 300 s in both directions, the limit itself still allowed.',
  TimestampGrammar: 'Ten digits, the first not 0. The MAC is right for the text as sent.',
  NonceGrammar: '16 to 128 characters of [A-Za-z0-9_-]. The MAC is right for the text as sent.',
  KeyIdGrammar: '1 to 128 characters of [A-Za-z0-9._:-]. The MAC is right for the text as sent.',
  ContentSha256Grammar: '64 hex digits in lower case. The MAC is right for the text as sent.',
  MissingHeader: 'A required header is not there.',
  DuplicateHeader: 'A covered header stands twice.',
  MacSpelling: 'The MAC header does not have the one spelling of lower-case hex digits in full length.',
  Key: 'The key is unknown, outside its period, or another one.',
  Order: 'More than one thing is wrong: the earlier check answers.',
  Profile: 'Headers of one profile for a key of the other.',
}

const BASE = {
  keyId: 'billing',
  timestamp: String(NOW),
  nonce: 'n-0123456789abcdef',
  audience: AUDIENCE,
  method: 'POST',
  target: '/orders?limit=10',
  contentType: 'application/json',
  authorization: null,
  bodyHex: Buffer.from('{"amount":1000}').toString('hex'),
}

/** The headers of the profile, in the order of the protocol page, and what they were computed from. */
export function sign(input, key) {
  const contentSha256 = input.contentSha256 ?? sha256Hex(Buffer.from(input.bodyHex, 'hex'))
  const text = canonicalText({ ...input, contentSha256 })
  const mac = macHex(key.algorithm, key.secretHex, text)
  const headers = [
    ['x-hmac-key-id', input.keyId],
    ['x-hmac-timestamp', input.timestamp],
    ['x-hmac-nonce', input.nonce],
    ['x-hmac-content-sha256', contentSha256],
    [`x-hmac-${key.algorithm}`, mac],
  ]
  return { headers, canonicalText: text, contentSha256, mac }
}

/** A request as a verifier gets it. */
function signedRequest(differs = {}, key = HMAC_KEYS.billing) {
  const input = { ...BASE, keyId: key.id, ...differs }
  const covered = [
    ['content-type', input.contentType],
    ['authorization', input.authorization],
  ].filter(([, value]) => value !== null)
  return {
    method: input.method,
    target: input.target,
    headers: [...covered, ...sign(input, key).headers],
    bodyHex: input.bodyHex,
    audience: input.audience,
    now: NOW,
    key,
  }
}

/** Whether the MAC header is the MAC of what is received, or null where a header is missing or repeated. */
function macMatches({ method, target, headers, audience, key }) {
  const one = (name) => {
    const values = headerValues(headers, name)
    return values.length === 1 ? values[0] : null
  }
  const optional = (name) => headerValues(headers, name)
  if (optional('content-type').length > 1 || optional('authorization').length > 1) return null
  const mac = one(`x-hmac-${key.algorithm}`)
  const values = {
    keyId: one('x-hmac-key-id'),
    timestamp: one('x-hmac-timestamp'),
    nonce: one('x-hmac-nonce'),
    contentSha256: one('x-hmac-content-sha256'),
  }
  if (mac === null || Object.values(values).includes(null)) return null
  const contentType = optional('content-type')[0] ?? null
  const authorization = optional('authorization')[0] ?? null
  const text = canonicalText({ ...values, audience, method, target, contentType, authorization })
  return macHex(key.algorithm, key.secretHex, text) === mac
}

const valid = (id, comment, flag, request) => ({
  id,
  comment,
  flags: [flag],
  ...request,
  macMatches: macMatches(request),
  result: 'valid',
})

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
const flipFirst = (text) => (text[0] === '0' ? '1' : '0') + text.slice(1)

function signingTest({ id, comment, flags, expected, bodyUtf8, ...input }, template, prefix) {
  const key = { ...template, id: input.keyId }
  const signed = sign(input, key)
  return {
    id: `${prefix}-${id}`,
    comment,
    flags: key.algorithm === 'sha512' ? [...flags, 'Sha512'] : flags,
    sign: {
      keyId: input.keyId,
      timestamp: input.timestamp,
      nonce: input.nonce,
      contentType: input.contentType,
      authorization: input.authorization,
    },
    ...signedRequest(input, key),
    now: Number(input.timestamp),
    expected: { ...expected, mac: signed.mac, headers: signed.headers },
    macMatches: true,
    result: 'valid',
  }
}

const changedTests = () => {
  const request = signedRequest()
  const withToken = signedRequest({ authorization: 'Bearer mF_9.B5f-4.1JqM' })
  const otherBody = { ...request, bodyHex: Buffer.from('{"amount":9000}').toString('hex') }
  const changed = (id, comment, after) => invalid(`changed-${id}`, comment, 'Changed', 'signature_invalid', after)
  return [
    changed('method', 'PUT in place of POST', { ...request, method: 'PUT' }),
    changed('method-case', 'the method in lower case', { ...request, method: 'post' }),
    changed('path', 'another path', { ...request, target: '/admin?limit=10' }),
    changed('query', 'another query', { ...request, target: '/orders?limit=1000' }),
    changed('query-dropped', 'the query is dropped', { ...request, target: '/orders' }),
    changed('target-encoding', 'the same path, percent-encoded', { ...request, target: '/%6frders?limit=10' }),
    changed('target-slash', 'a doubled slash', { ...request, target: '//orders?limit=10' }),
    changed(
      'content-type',
      'another content type over the same bytes',
      setHeader(request, 'content-type', 'application/x-www-form-urlencoded'),
    ),
    changed(
      'content-type-case',
      'the content type in another case',
      setHeader(request, 'content-type', 'Application/json'),
    ),
    changed(
      'content-type-parameter',
      'a parameter added to the content type',
      setHeader(request, 'content-type', 'application/json; charset=utf-8'),
    ),
    changed('content-type-dropped', 'the content type is dropped', dropHeader(request, 'content-type')),
    changed('content-type-added', 'a content type is added', {
      ...signedRequest({ contentType: null }),
      headers: request.headers.slice(0, 1).concat(signedRequest({ contentType: null }).headers),
    }),
    changed('authorization', 'another bearer token', setHeader(withToken, 'authorization', 'Bearer mF_9.B5f-4.1JqN')),
    changed('authorization-dropped', 'the bearer token is dropped', dropHeader(withToken, 'authorization')),
    changed(
      'authorization-added',
      'a bearer token is added',
      addHeader(request, 'authorization', 'Bearer mF_9.B5f-4.1JqM'),
    ),
    changed(
      'body-and-digest',
      'another body with its own digest, the MAC of the first',
      setHeader(otherBody, 'x-hmac-content-sha256', sha256Hex(Buffer.from(otherBody.bodyHex, 'hex'))),
    ),
    changed('audience', 'sent to another service', { ...request, audience: 'inventory' }),
    changed('audience-case', 'an audience in another case', { ...request, audience: 'Target' }),
    changed('nonce', 'another nonce', setHeader(request, 'x-hmac-nonce', 'n-0123456789abcdeg')),
    changed('timestamp', 'a timestamp one second later', setHeader(request, 'x-hmac-timestamp', String(NOW + 1))),
    changed('key-id', 'the id of another key that has the same secret', {
      ...setHeader(request, 'x-hmac-key-id', 'gateway'),
      key: { ...request.key, id: 'gateway', client: 'gateway', roles: ['gateway'] },
    }),
  ]
}

const digestTests = () => {
  const request = signedRequest()
  const body = (text) => ({ ...request, bodyHex: Buffer.from(text).toString('hex') })
  const mismatch = (id, comment, after) =>
    invalid(`digest-${id}`, comment, 'ContentDigest', 'content_digest_mismatch', after)
  return [
    mismatch('byte-changed', 'one byte of the body changed', body('{"amount":9000}')),
    mismatch('space-added', 'a space added to the JSON', body('{"amount": 1000}')),
    mismatch('line-feed-added', 'a line feed added at the end', body('{"amount":1000}\n')),
    mismatch('escape', 'the same JSON, a letter escaped', body('{"\\u0061mount":1000}')),
    mismatch('body-dropped', 'the body is dropped', body('')),
    mismatch('body-added', 'a body is added to a request without one', {
      ...signedRequest({ bodyHex: '' }),
      bodyHex: '7b7d',
    }),
    mismatch(
      'digest-of-another-body',
      'the signer put the digest of another body',
      signedRequest({ contentSha256: sha256Hex('{"amount":1}') }),
    ),
  ]
}

const freshnessTests = () => {
  const at = (timestamp) => signedRequest({ timestamp: String(timestamp) })
  return [
    valid('fresh-300s-old', 'exactly 300 s old', 'Freshness', at(NOW - 300)),
    valid('fresh-300s-ahead', 'exactly 300 s ahead', 'Freshness', at(NOW + 300)),
    invalid('stale-301s-old', '301 s old', 'Freshness', 'timestamp_out_of_range', at(NOW - 301)),
    invalid('stale-301s-ahead', '301 s ahead', 'Freshness', 'timestamp_out_of_range', at(NOW + 301)),
    invalid(
      'stale-smallest',
      'the smallest timestamp of ten digits',
      'Freshness',
      'timestamp_out_of_range',
      at(1000000000),
    ),
    invalid(
      'stale-largest',
      'the largest timestamp of ten digits',
      'Freshness',
      'timestamp_out_of_range',
      at(9999999999),
    ),
  ]
}

// Also the timestamps that profile `body-timestamp` refuses. Values are latin-1: one character is one byte.
export const BAD_TIMESTAMPS = [
  ['leading-zero', 'ten digits, the first 0', '0170000000'],
  ['zero-added', 'a 0 in front', '01700000000'],
  ['three-zeros-added', 'three zeros in front', '0001700000000'],
  ['9-digits', 'nine digits', '170000000'],
  ['11-digits', 'eleven digits', '17000000000'],
  ['milliseconds', 'milliseconds', '1700000000000'],
  ['30-digits', 'thirty digits', '170000000000000000000000000000'],
  ['plus', 'a plus sign', '+1700000000'],
  ['minus', 'a minus sign', '-1700000000'],
  ['plus-9-digits', 'ten characters with a sign', '+170000000'],
  ['decimal', 'a decimal fraction', '1700000000.0'],
  ['decimal-10', 'ten characters with a point', '17000000.0'],
  ['exponent', 'an exponent', '1.7e9'],
  ['exponent-10', 'ten characters with an exponent', '17000000e2'],
  ['hex', 'hexadecimal', '0x6553f100'],
  ['underscore', 'digit separators', '1_700_0000'],
  ['inner-space', 'a space inside', '170000 000'],
  ['list', 'two values in one header', '1700000000, 1700000000'],
  ['letter', 'a letter at the end', '170000000O'],
  ['date', 'an HTTP date', 'Tue, 14 Nov 2023 22:13:20 GMT'],
  ['nan', 'NaN', 'NaN'],
  ['full-width', 'full-width digits (UTF-8 bytes)', Buffer.from('１７００００００００').toString('latin1')],
]

const BAD_NONCES = [
  ['15', '15 characters', 'ABCDEF_hij-0123'],
  ['129', '129 characters', 'n'.repeat(129)],
  ['point', 'a point', 'n.0123456789abcdef'],
  ['padding', 'base64 padding', 'MDEyMzQ1Njc4OWFi=='],
  ['plus', 'a plus sign', 'n+0123456789abcdef'],
  ['slash', 'a slash', 'n/0123456789abcdef'],
  ['colon', 'a colon', 'n:0123456789abcdef'],
  ['space', 'a space inside', 'n 0123456789abcdef'],
  ['list', 'two values in one header', 'n-0123456789abcdef, n-0123456789abcdef'],
  ['latin1', 'a letter beyond ASCII', 'n\u00e90123456789abcdef'],
]

const BAD_KEY_IDS = [
  ['129', '129 characters', 'k'.repeat(129)],
  ['space', 'a space inside', 'billing 1'],
  ['slash', 'a slash', '../billing'],
  ['at', 'an at sign', 'billing@eu'],
  ['list', 'two values in one header', 'billing, billing'],
  ['latin1', 'a letter beyond ASCII', 'b\u00eflling'],
]

const grammarTests = () => {
  const empty = sha256Hex('')
  const contentSha256 = (id, comment, value) =>
    invalid(
      `content-sha256-${id}`,
      comment,
      'ContentSha256Grammar',
      'malformed_credentials',
      signedRequest({ bodyHex: '', contentSha256: value }),
      'content_digest_mismatch',
    )
  return [
    ...BAD_TIMESTAMPS.map(([id, comment, timestamp]) =>
      invalid(`timestamp-${id}`, comment, 'TimestampGrammar', 'timestamp_malformed', signedRequest({ timestamp })),
    ),
    invalid(
      'timestamp-empty',
      'an empty value',
      'TimestampGrammar',
      'timestamp_malformed',
      signedRequest({ timestamp: '' }),
      'malformed_credentials',
    ),
    ...BAD_NONCES.map(([id, comment, nonce]) =>
      invalid(`nonce-${id}`, comment, 'NonceGrammar', 'nonce_malformed', signedRequest({ nonce })),
    ),
    invalid(
      'nonce-empty',
      'an empty value',
      'NonceGrammar',
      'nonce_malformed',
      signedRequest({ nonce: '' }),
      'malformed_credentials',
    ),
    ...BAD_KEY_IDS.map(([id, comment, keyId]) =>
      invalid(`key-id-${id}`, comment, 'KeyIdGrammar', 'malformed_credentials', signedRequest({ keyId })),
    ),
    invalid('key-id-empty', 'an empty value', 'KeyIdGrammar', 'malformed_credentials', signedRequest({ keyId: '' })),
    contentSha256('upper-case', 'upper-case digits', empty.toUpperCase()),
    contentSha256('63', '63 digits', empty.slice(0, 63)),
    contentSha256('65', '65 digits', `${empty}0`),
    contentSha256('0x', '0x in front', `0x${empty}`),
    contentSha256('base64', 'base64', Buffer.from(empty, 'hex').toString('base64')),
    contentSha256('not-hex', 'a letter that is no hex digit', `${empty.slice(0, 63)}g`),
    contentSha256('empty', 'an empty value', ''),
  ]
}

const REQUEST_HEADERS = ['x-hmac-key-id', 'x-hmac-timestamp', 'x-hmac-nonce', 'x-hmac-content-sha256', 'x-hmac-sha256']

const presenceTests = () => {
  const request = signedRequest()
  const withToken = signedRequest({ authorization: 'Bearer mF_9.B5f-4.1JqM' })
  const missing = (name) =>
    invalid(`missing-${name}`, `without ${name}`, 'MissingHeader', 'malformed_credentials', dropHeader(request, name))
  const twice = (name, other, from = request) => {
    const value = other ?? headerValues(from.headers, name)[0]
    const how = other === undefined ? 'equal' : 'different'
    return invalid(
      `twice-${how}-${name}`,
      `${name} twice, ${how} values`,
      'DuplicateHeader',
      'duplicate_header',
      addHeader(from, name, value),
    )
  }
  return [
    ...REQUEST_HEADERS.map(missing),
    invalid('missing-all', 'none of the headers', 'MissingHeader', 'missing_credentials', {
      ...request,
      headers: request.headers.slice(0, 1),
    }),
    invalid('missing-all-but-mac', 'the MAC header alone', 'MissingHeader', 'malformed_credentials', {
      ...request,
      headers: request.headers.slice(-1),
    }),
    ...REQUEST_HEADERS.map((name) => twice(name)),
    twice('x-hmac-key-id', 'gateway'),
    twice('x-hmac-timestamp', String(NOW + 1)),
    twice('x-hmac-nonce', 'n-fedcba9876543210'),
    twice('x-hmac-content-sha256', sha256Hex('')),
    twice('x-hmac-sha256', '0'.repeat(64)),
    twice('content-type'),
    twice('content-type', 'text/plain'),
    twice('authorization', undefined, withToken),
    twice('authorization', 'Bearer other', withToken),
  ]
}

const macTests = () => {
  const request = signedRequest()
  const large = signedRequest({}, HMAC_KEYS.ledger)
  const spelled = (id, comment, change, ...alsoAcceptable) =>
    invalid(
      `mac-${id}`,
      comment,
      'MacSpelling',
      'signature_invalid',
      mapHeader(request, 'x-hmac-sha256', change),
      ...alsoAcceptable,
    )
  const sha512 = (id, comment, change) =>
    invalid(`mac-sha512-${id}`, comment, 'Sha512', 'signature_invalid', mapHeader(large, 'x-hmac-sha512', change))
  return [
    spelled('first-digit', 'the first digit changed', flipFirst),
    spelled('last-digit', 'the last digit changed', (mac) => mac.slice(0, -1) + (mac.endsWith('0') ? '1' : '0')),
    spelled('zeros', '64 zeros', () => '0'.repeat(64)),
    spelled('upper-case', 'upper-case digits', (mac) => mac.toUpperCase()),
    spelled('63', '63 digits', (mac) => mac.slice(0, 63)),
    spelled('62', '62 digits: a byte less', (mac) => mac.slice(0, 62)),
    spelled('32', '32 digits: half of it', (mac) => mac.slice(0, 32)),
    spelled('65', '65 digits', (mac) => `${mac}0`),
    spelled('66', '66 digits: a byte more', (mac) => `${mac}00`),
    spelled('0x', '0x in front', (mac) => `0x${mac}`),
    spelled('base64', 'base64', (mac) => Buffer.from(mac, 'hex').toString('base64')),
    spelled('base64url', 'base64url', (mac) => Buffer.from(mac, 'hex').toString('base64url')),
    spelled('prefix', 'sha256= in front', (mac) => `sha256=${mac}`),
    spelled('not-hex-at-end', 'hex digits, then one that is none', (mac) => `${mac}z`),
    spelled('list', 'two values in one header', (mac) => `${mac}, ${mac}`),
    spelled('null', 'the word null', () => 'null'),
    spelled('empty', 'an empty value', () => '', 'malformed_credentials'),
    sha512('first-digit', 'the first digit changed', flipFirst),
    sha512('truncated', 'the first 64 digits', (mac) => mac.slice(0, 64)),
    sha512('upper-case', 'upper-case digits', (mac) => mac.toUpperCase()),
    sha512(
      'of-sha256',
      'the HMAC-SHA-256 under the same secret',
      () => sign({ ...BASE, keyId: 'ledger' }, { ...HMAC_KEYS.ledger, algorithm: 'sha256' }).mac,
    ),
  ]
}

const keyTests = () => {
  const { billing, gateway, ledger, retired, upcoming, webhook } = HMAC_KEYS
  const request = signedRequest()
  const wrongSecret = { ...billing, secretHex: gateway.secretHex }
  const stale = signedRequest({ timestamp: String(NOW - 301) })
  const order = (id, comment, reason, after) => invalid(`order-${id}`, comment, 'Order', reason, after)
  const algorithm = (id, comment, signing, key) =>
    invalid(
      id,
      comment,
      'Sha512',
      'malformed_credentials',
      { ...signedRequest({ keyId: key.id }, signing), key },
      'signature_invalid',
    )
  return [
    invalid('wrong-secret', 'MACed with the secret of another key', 'Key', 'signature_invalid', {
      ...signedRequest({}, wrongSecret),
      key: billing,
    }),
    invalid(
      'secret-as-hex-text',
      'MACed with the hex text of the secret in place of its bytes',
      'Key',
      'signature_invalid',
      { ...signedRequest({}, { ...billing, secretHex: Buffer.from(billing.secretHex).toString('hex') }), key: billing },
    ),
    invalid('empty-secret', 'MACed with an empty secret', 'Key', 'signature_invalid', {
      ...signedRequest({}, { ...billing, secretHex: '' }),
      key: billing,
    }),
    invalid('key-unknown', 'a key id that the verifier does not have', 'Key', 'key_unknown', {
      ...signedRequest({ keyId: 'nobody' }),
      key: billing,
    }),
    invalid('key-id-case', 'a key id in another case', 'Key', 'key_unknown', {
      ...signedRequest({ keyId: 'Billing' }),
      key: billing,
    }),
    invalid(
      'key-retired',
      'a key whose notAfter has passed',
      'Key',
      'key_inactive',
      signedRequest({}, retired),
      'keys_unavailable',
    ),
    invalid(
      'key-upcoming',
      'a key whose notBefore is ahead',
      'Key',
      'key_inactive',
      signedRequest({}, upcoming),
      'keys_unavailable',
    ),
    algorithm('sha512-for-sha256-key', 'x-hmac-sha512 for a sha256 key', { ...billing, algorithm: 'sha512' }, billing),
    algorithm('sha256-for-sha512-key', 'x-hmac-sha256 for a sha512 key', { ...ledger, algorithm: 'sha256' }, ledger),
    invalid(
      'request-headers-for-body-timestamp-key',
      'a body-timestamp key, used for profile request',
      'Profile',
      'key_unknown',
      signedRequest({}, webhook),
      'signature_invalid',
      'malformed_credentials',
    ),
    order(
      'freshness-before-key',
      'stale and an unknown key',
      'timestamp_out_of_range',
      setHeader(stale, 'x-hmac-key-id', 'nobody'),
    ),
    order(
      'freshness-before-mac',
      'stale and a wrong MAC',
      'timestamp_out_of_range',
      mapHeader(stale, 'x-hmac-sha256', flipFirst),
    ),
    order(
      'grammar-before-mac',
      'a malformed nonce and a wrong MAC',
      'nonce_malformed',
      setHeader(request, 'x-hmac-nonce', 'short'),
    ),
    order(
      'key-before-mac',
      'an unknown key and a wrong MAC',
      'key_unknown',
      mapHeader(setHeader(request, 'x-hmac-key-id', 'nobody'), 'x-hmac-sha256', flipFirst),
    ),
    order('mac-before-digest', 'a wrong MAC and another body', 'signature_invalid', {
      ...mapHeader(request, 'x-hmac-sha256', flipFirst),
      bodyHex: '7b7d',
    }),
  ]
}

const nameTests = () => {
  const request = signedRequest()
  const spelled = (spell) => ({ ...request, headers: request.headers.map(([name, value]) => [spell(name), value]) })
  return [
    valid(
      'header-names-upper-case',
      'header names in upper case',
      'HeaderNameCase',
      spelled((name) => name.toUpperCase()),
    ),
    valid(
      'header-names-train-case',
      'header names with capitals',
      'HeaderNameCase',
      spelled((name) => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())),
    ),
    valid('header-order', 'headers in the reverse order, another one between', 'Basic', {
      ...request,
      headers: [...request.headers, ['accept', '*/*']].reverse(),
    }),
  ]
}

export const requestMac = () =>
  vectorFile({
    description:
      'HMAC profile `request`: headers that a signer sends, and requests with the reason for which a verifier refuses them.',
    schema: 'schema/request-mac.schema.json',
    notes: NOTES,
    testGroups: [
      {
        type: 'Sign',
        algorithm: 'sha256',
        tests: canonicalCases().map((test) => signingTest(test, HMAC_KEYS.billing, 'sha256')),
      },
      {
        type: 'Sign',
        algorithm: 'sha512',
        tests: canonicalCases().map((test) => signingTest(test, HMAC_KEYS.ledger, 'sha512')),
      },
      {
        type: 'Verify',
        tests: [
          ...nameTests(),
          ...freshnessTests(),
          ...changedTests(),
          ...digestTests(),
          ...grammarTests(),
          ...presenceTests(),
          ...macTests(),
          ...keyTests(),
        ],
      },
    ],
  })
