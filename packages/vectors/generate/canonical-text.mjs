// Canonical texts of profile `request`.
import { AUDIENCE, canonicalText, NOW, sha256Hex, vectorFile } from './lib.mjs'

const NOTES = {
  Basic: 'An ordinary request.',
  EmptyBody: 'The content digest is that of the empty string.',
  AbsentHeader: 'The header is not sent: its line is present and has nothing after the colon.',
  Authorization: 'The Authorization value is bound by its SHA-256, exactly as sent, auth-scheme included.',
  TargetBytes: 'The target is taken as sent: nothing is decoded, re-encoded, sorted, merged or resolved.',
  ContentTypeBytes: 'The Content-Type value is taken as sent: case, inner spaces and parameters stay.',
  BodyBytes: 'The digest is over the bytes that travel, whatever they mean.',
  Method: 'The method is taken as sent and is not changed in case.',
  Audience: 'The audience is UTF-8 and is not normalised.',
  Grammar: 'A value at the edge of its grammar.',
}

const GZIPPED = '1f8b0800000000000003ab564acccd2fcd2b51b232343030a8050088ff2e6d0f000000'

const BASE = {
  keyId: 'billing',
  timestamp: String(NOW),
  nonce: 'n-0123456789abcdef',
  audience: AUDIENCE,
  method: 'POST',
  target: '/orders',
  contentType: 'application/json',
  authorization: null,
  body: '{"amount":1000}',
}

// id, comment, flag, what differs from BASE
const CASES = [
  ['json-post', 'POST with a JSON body', 'Basic', {}],
  [
    'get-without-body',
    'GET without body and content type',
    'EmptyBody',
    { method: 'GET', contentType: null, body: '' },
  ],
  ['empty-body-with-content-type', 'a content type beside an empty body', 'EmptyBody', { body: '' }],
  ['no-content-type', 'a body without content type', 'AbsentHeader', { contentType: null }],
  [
    'authorization-bearer',
    'a bearer token beside the signature',
    'Authorization',
    { authorization: 'Bearer mF_9.B5f-4.1JqM' },
  ],
  [
    'authorization-lower-case-scheme',
    'the same token, auth-scheme in lower case',
    'Authorization',
    { authorization: 'bearer mF_9.B5f-4.1JqM' },
  ],
  ['authorization-basic', 'another auth-scheme', 'Authorization', { authorization: 'Basic dXNlcjpwYXNz' }],
  [
    'authorization-inner-spaces',
    'spaces inside the value stay',
    'Authorization',
    { authorization: 'Custom  a=1,  b="x y"' },
  ],
  ['target-percent-encoded', 'percent-encoded target', 'TargetBytes', { target: '/orders/caf%C3%A9%2F1?note=%20x' }],
  [
    'target-percent-lower-case',
    'percent-encoding in lower case stays so',
    'TargetBytes',
    { target: '/orders/caf%c3%a9%2f1' },
  ],
  ['target-percent-needless', 'percent-encoding of letters stays', 'TargetBytes', { target: '/%6frders' }],
  ['target-query-plus', 'plus and %2B in the query', 'TargetBytes', { target: '/orders?q=a+b&r=a%2Bb' }],
  ['target-double-slash', 'doubled slashes', 'TargetBytes', { target: '//orders//1' }],
  ['target-dot-segments', 'dot segments', 'TargetBytes', { target: '/orders/../admin/./x' }],
  ['target-empty-query', 'a question mark with nothing after it', 'TargetBytes', { target: '/orders?' }],
  ['target-query-order', 'repeated and unsorted query parameters', 'TargetBytes', { target: '/orders?b=2&a=1&b=1&a' }],
  ['target-root', 'the root path', 'TargetBytes', { target: '/' }],
  ['target-trailing-slash', 'a trailing slash', 'TargetBytes', { target: '/orders/' }],
  ['target-matrix', 'path parameters, colon and at sign', 'TargetBytes', { target: '/orders;v=1/a:b@c' }],
  ['target-long', 'a target of 4107 bytes', 'TargetBytes', { target: `/orders?q=${'0123456789abcdef'.repeat(256)}z` }],
  ['target-asterisk', 'OPTIONS *', 'Method', { method: 'OPTIONS', target: '*', contentType: null, body: '' }],
  ['body-utf8', 'UTF-8 text beyond ASCII', 'BodyBytes', { body: '{"name":"Zoë 日本 🦀"}' }],
  [
    'body-binary',
    'bytes that are not UTF-8',
    'BodyBytes',
    { contentType: 'application/octet-stream', body: Buffer.from('00ff80fe0a0dc328', 'hex') },
  ],
  ['body-line-feeds', 'line ends in the body', 'BodyBytes', { contentType: 'text/plain', body: 'a\r\nb\n\n' }],
  [
    'body-like-canonical-text',
    'a body that looks like lines of the canonical text',
    'BodyBytes',
    { contentType: 'text/plain', body: 'x\ntarget:/admin\nmethod:DELETE\n' },
  ],
  ['body-one-space', 'a body of one space', 'BodyBytes', { body: ' ' }],
  ['body-zero-byte', 'a body of one zero byte', 'BodyBytes', { contentType: null, body: Buffer.from([0]) }],
  ['body-gzip', 'a gzip-coded body: the coded bytes count', 'BodyBytes', { body: Buffer.from(GZIPPED, 'hex') }],
  ['get-with-body', 'a GET with a body', 'BodyBytes', { method: 'GET' }],
  [
    'content-type-parameters',
    'parameters and odd spacing',
    'ContentTypeBytes',
    { contentType: 'Application/JSON ;  charset="UTF-8";v=1' },
  ],
  [
    'content-type-multipart',
    'a multipart boundary with colons',
    'ContentTypeBytes',
    { contentType: "multipart/form-data; boundary=':a'b:c", body: '--:a\r\n' },
  ],
  ['content-type-tab', 'a tab inside the value', 'ContentTypeBytes', { contentType: 'text/plain;\tcharset=utf-8' }],
  ['method-propfind', 'a WebDAV method', 'Method', { method: 'PROPFIND' }],
  ['method-m-search', 'a method with a hyphen', 'Method', { method: 'M-SEARCH', contentType: null, body: '' }],
  ['method-lower-case', 'a method in lower case', 'Method', { method: 'patch' }],
  ['audience-utf8', 'an audience beyond ASCII, composed', 'Audience', { audience: 'órdenes-日本' }],
  ['audience-decomposed', 'the same audience, decomposed', 'Audience', { audience: 'o\u0301rdenes-日本' }],
  ['audience-url', 'an audience that is a URL', 'Audience', { audience: 'https://orders.example/api?x=1' }],
  ['audience-spaces', 'an audience with spaces', 'Audience', { audience: 'orders eu west' }],
  ['key-id-alphabet', 'every kind of character a key id may have', 'Grammar', { keyId: 'Billing.2026_11:eu-1' }],
  ['key-id-shortest', 'a key id of 1 character', 'Grammar', { keyId: 'b' }],
  ['key-id-longest', 'a key id of 128 characters', 'Grammar', { keyId: 'k'.repeat(128) }],
  ['nonce-shortest', 'a nonce of 16 characters', 'Grammar', { nonce: 'ABCDEF_hij-01234' }],
  ['nonce-longest', 'a nonce of 128 characters', 'Grammar', { nonce: 'Nn0_-'.repeat(26).slice(0, 128) }],
  ['timestamp-smallest', 'the smallest timestamp of ten digits', 'Grammar', { timestamp: '1000000000' }],
  ['timestamp-largest', 'the largest timestamp of ten digits', 'Grammar', { timestamp: '9999999999' }],
]

/** Inputs of one case as they stand in the files, and what they yield. */
function complete([id, comment, flag, differs]) {
  const { body: given, ...fields } = { ...BASE, ...differs }
  const body = Buffer.from(given)
  const contentSha256 = sha256Hex(body)
  const text = body.toString('utf8')
  const inputs = {
    ...fields,
    bodyHex: body.toString('hex'),
    bodyUtf8: Buffer.from(text).equals(body) ? text : null,
  }
  return {
    id,
    comment,
    flags: [flag],
    ...inputs,
    expected: { canonicalText: canonicalText({ ...fields, contentSha256 }), contentSha256 },
  }
}

export const canonicalNotes = NOTES
export const canonicalCases = () => CASES.map(complete)

export const canonicalTextFile = () =>
  vectorFile({
    description:
      'Canonical text of the HMAC profile `request`: the exact UTF-8 text that is MACed, and the content digest in it.',
    schema: 'schema/canonical-text.schema.json',
    notes: NOTES,
    testGroups: [{ type: 'CanonicalText', tests: canonicalCases() }],
  })
