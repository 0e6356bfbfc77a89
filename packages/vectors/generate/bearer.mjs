// Bearer tokens: JWS compact, signed with the test keys.
import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto'
import { AUDIENCE, ISSUER, LEGACY_ISSUER, NOW, vectorFile, WARNING } from './lib.mjs'

const NOTES = {
  Basic: 'An ordinary token of this algorithm.',
  Algorithm: 'The algorithm is not allowed for this issuer, or the key is for another algorithm.',
  Structure: 'Not three segments of canonical base64url holding two JSON objects and a signature.',
  OneSpelling: 'Another spelling of a valid token: padding, spare bits, another alphabet.',
  DuplicateMember: 'A JSON member name stands twice (RFC 7515 section 4, RFC 7519 section 4).',
  StrictJson: 'The text is refused by, or beyond, strict JSON.',
  Header: 'A member of the protected header.',
  Critical: '`crit` names an extension: none is understood (RFC 7515 section 4.1.11).',
  Key: 'The key id is unknown, or the signature is by another key.',
  Signature: 'The signature is not one over this text.',
  Time: 'exp, nbf and iat against `now` with a skew of 30 s. From exp + 30 s on a token is expired.',
  ClaimType: 'A claim of the wrong type.',
  Audience: 'aud has to name the audience exactly, alone or in a list of strings.',
  Issuer: 'iss has to be a configured issuer exactly.',
  Type: 'typ is absent, JWT, at+jwt or application/at+jwt.',
  Subject: 'sub is a string that is not empty.',
  Roles: 'Roles are read from the claim `roles`, scopes from `scope`.',
  Size: 'At most 8192 bytes.',
  Order: 'More than one thing is wrong: the earlier check answers.',
}

const DIGESTS = { 256: 'sha256', 384: 'sha384', 512: 'sha512' }
const ALLOWED = {
  [ISSUER]: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
  [LEGACY_ISSUER]: ['HS256', 'HS384', 'HS512'],
}

const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'user-1',
  iat: NOW,
  exp: NOW + 300,
  roles: ['orders:read'],
  scope: 'orders:read profile',
}

const encode = (text) => Buffer.from(text).toString('base64url')

/** Signature options of node:crypto for one JWS algorithm (RFC 7518 section 3, RFC 8037 section 3.1). */
function signatureOptions(algorithm, key) {
  if (algorithm.startsWith('PS'))
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return algorithm.startsWith('ES') ? { key, dsaEncoding: 'ieee-p1363' } : { key }
}
const digestOf = (algorithm) => (algorithm === 'EdDSA' ? null : DIGESTS[algorithm.slice(2)])

/** @param previous - signatures by signed text: one that verifies is taken over, as ECDSA and PSS would give another one */
const tokenMaker = (keys, previous) => {
  const remember = (text, made) => {
    previous.set(text, [made, ...(previous.get(text) ?? [])])
    return made
  }
  const signature = (algorithm, key, text) => {
    if (key.secretHex !== undefined)
      return createHmac(digestOf(algorithm), Buffer.from(key.secretHex, 'hex')).update(text).digest()
    const publicOptions = signatureOptions(algorithm, createPublicKey({ key: key.publicJwk, format: 'jwk' }))
    const holds = (bytes) => verify(digestOf(algorithm), Buffer.from(text), publicOptions, bytes)
    const kept = previous.get(text)?.find(holds)
    if (kept) return kept
    const privateKey = createPrivateKey({ key: key.privateJwk, format: 'jwk' })
    return remember(text, sign(digestOf(algorithm), Buffer.from(text), signatureOptions(algorithm, privateKey)))
  }
  /** `header` and `payload`: JSON text, or an object to be written as such. `with`: the key that signs, `as`: its algorithm. */
  return ({ algorithm = 'RS256', header = {}, payload = {}, with: key = keys[algorithm], as = key.algorithm }) => {
    const usual = { alg: algorithm, typ: 'at+jwt', kid: keys[algorithm]?.kid ?? key.kid }
    const headerText = typeof header === 'string' ? header : JSON.stringify({ ...usual, ...header })
    const issuer = { ...CLAIMS, iss: keys[algorithm]?.issuer ?? key.issuer }
    const payloadText =
      typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify({ ...issuer, ...payload })
    const text = `${encode(headerText)}.${encode(payloadText)}`
    return { text, signature: signature(as, key, text) }
  }
}
const compact = ({ text, signature }) => `${text}.${signature.toString('base64url')}`

/** Replaces claims in the JSON text where JSON.stringify cannot write them (1e400, names that stand twice). */
const rawClaims = (members, claims = CLAIMS) =>
  `{${[...Object.entries(claims).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`), ...members].join(',')}}`
const without = (name, claims = CLAIMS) =>
  Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))

function valid(id, comment, flag, token, expected = {}) {
  return {
    id,
    comment,
    flags: [flag],
    token,
    result: 'valid',
    expected: { sub: 'user-1', roles: ['orders:read'], scopes: ['orders:read', 'profile'], ...expected },
  }
}
function invalid(id, comment, flag, reason, token, ...alsoAcceptable) {
  return {
    id,
    comment,
    flags: [flag],
    token,
    result: 'invalid',
    reason,
    alsoAcceptable: alsoAcceptable.length > 0 ? alsoAcceptable : undefined,
  }
}

/** Base64url text with one unused bit of the last character set: the same bytes, another spelling. */
function withSpareBit(text) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  if (text.length % 4 === 0) throw new Error('no spare bits')
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)) ^ 1]
}

function algorithmTests(make, keys) {
  const token = (spec) => compact(make(spec))
  const ordinary = Object.keys(keys).map((algorithm) =>
    valid(`valid-${algorithm.toLowerCase()}`, `${algorithm}`, 'Basic', token({ algorithm })),
  )
  const unsigned = (alg) => {
    const text = `${encode(JSON.stringify({ alg, typ: 'JWT' }))}.${encode(JSON.stringify({ ...CLAIMS, roles: ['admin'] }))}`
    return `${text}.`
  }
  const none = ['none', 'None', 'NONE', 'nOnE', 'none '].map((alg, index) =>
    invalid(
      `alg-none-${index + 1}`,
      `alg ${JSON.stringify(alg)}, empty signature`,
      'Algorithm',
      'algorithm_not_allowed',
      unsigned(alg),
      'token_malformed',
    ),
  )
  const refused = (id, comment, spec, ...more) =>
    invalid(`alg-${id}`, comment, 'Algorithm', 'algorithm_not_allowed', token(spec), ...more)
  const malformed = (id, comment, header, ...more) =>
    invalid(`alg-${id}`, comment, 'Header', 'token_malformed', token({ header }), ...more)
  const publicPem = createPublicKey({ key: keys.RS256.publicJwk, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  })
  const asSecret = (bytes) => ({ ...keys.HS256, secretHex: Buffer.from(bytes).toString('hex') })
  const kid = keys.RS256.kid
  const confused = (id, comment, bytes) =>
    refused(id, comment, { header: { alg: 'HS256', kid }, payload: { iss: ISSUER }, with: asSecret(bytes) })
  return [
    ...ordinary,
    ...none,
    refused('none-signed', 'alg none with an RS256 signature', { header: { alg: 'none' } }),
    confused('hs256-public-pem', 'HS256 under the PEM text of the RS256 public key', publicPem),
    confused(
      'hs256-public-jwk',
      'HS256 under the JSON text of the RS256 public key',
      JSON.stringify(keys.RS256.publicJwk),
    ),
    confused(
      'hs256-modulus',
      'HS256 under the modulus of the RS256 public key',
      Buffer.from(keys.RS256.publicJwk.n, 'base64url'),
    ),
    refused('hs256-at-asymmetric-issuer', 'HS256 with the legacy secret under the asymmetric issuer', {
      algorithm: 'HS256',
      payload: { iss: ISSUER },
    }),
    refused('rs256-at-legacy-issuer', 'RS256 under the issuer that signs with secrets', {
      payload: { iss: LEGACY_ISSUER },
    }),
    refused('lower-case', 'alg "rs256"', { header: { alg: 'rs256' } }),
    refused('space', 'alg "RS256 "', { header: { alg: 'RS256 ' } }),
    refused('nul', 'alg "RS256" and a NUL', { header: { alg: 'RS256\u0000' } }),
    refused('rs1', 'alg "RS1"', { header: { alg: 'RS1' } }),
    refused('es256k', 'alg "ES256K"', { header: { alg: 'ES256K' } }),
    refused('prototype', 'alg "constructor"', { header: { alg: 'constructor' } }),
    refused(
      'key-of-rs256-used-for-ps256',
      'PS256 by the key that is for RS256',
      { header: { alg: 'PS256', kid }, with: keys.RS256, as: 'PS256' },
      'key_unknown',
      'signature_invalid',
    ),
    refused(
      'key-of-rs256-used-for-rs512',
      'RS512 by the key that is for RS256',
      { header: { alg: 'RS512', kid }, with: keys.RS256, as: 'RS512' },
      'key_unknown',
      'signature_invalid',
    ),
    refused(
      'key-of-es256-used-for-es384',
      'ES384 over a P-256 signature',
      { header: { alg: 'ES384', kid: keys.ES256.kid }, with: keys.ES256, as: 'ES384' },
      'key_unknown',
      'signature_invalid',
    ),
    malformed('array', 'alg is a list', { alg: ['RS256'] }),
    malformed('number', 'alg is a number', { alg: 256 }),
    malformed('null', 'alg is null', { alg: null }),
    malformed('object', 'alg is an object', { alg: {} }),
    malformed('empty', 'alg is empty', { alg: '' }, 'algorithm_not_allowed'),
    malformed('absent', 'alg is absent', { alg: undefined }),
  ]
}

function structureTests(make, keys) {
  const token = (spec) => compact(make(spec))
  const plain = make({})
  const [header, payload] = plain.text.split('.')
  const signature = plain.signature.toString('base64url')
  const good = compact(plain)
  const malformed = (id, comment, text, ...more) =>
    invalid(`structure-${id}`, comment, 'Structure', 'token_malformed', text, ...more)
  const spelling = (id, comment, text, ...more) =>
    invalid(`spelling-${id}`, comment, 'OneSpelling', 'token_malformed', text, ...more)
  const json = (id, comment, spec, ...more) =>
    invalid(`json-${id}`, comment, 'StrictJson', 'token_malformed', token(spec), ...more)
  const twice = (id, comment, spec) =>
    invalid(`duplicate-${id}`, comment, 'DuplicateMember', 'token_malformed', token(spec))
  const payloadOf = (id, comment, text, ...more) => json(`payload-${id}`, comment, { payload: text }, ...more)
  const headerText = JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: keys.RS256.kid })
  const headerMembers = (...members) => `{${members.join(',')},"kid":"${keys.RS256.kid}"}`
  // Claims whose encoding leaves spare bits in the last character.
  const spare = [0, 1, 2]
    .map((length) => make({ payload: { pad: 'x'.repeat(length) } }))
    .find(({ text }) => text.split('.')[1].length % 4 !== 0)
  const [spareHeader, sparePayload] = spare.text.split('.')
  // A signature with '-' or '_' in it, so that the other alphabet shows.
  const dashed = Array.from({ length: 64 }, (_, n) => compact(make({ payload: { n } }))).find((text) =>
    /[-_]/.test(text.split('.')[2]),
  )
  const standardAlphabet = (text) => text.replaceAll('-', '+').replaceAll('_', '/')
  return [
    malformed('1-segment', 'one segment', header),
    malformed('2-segments', 'two segments', plain.text),
    malformed('4-segments', 'four segments', `${good}.${signature}`),
    malformed('4-segments-empty', 'a full stop after the signature', `${good}.`),
    malformed('5-segments', 'five segments, like a JWE', `${good}.${signature}.${signature}`),
    malformed('dots', 'two full stops alone', '..'),
    malformed('empty-header', 'an empty header', `.${payload}.${signature}`),
    malformed('empty-payload', 'an empty payload, signed', token({ payload: '' })),
    malformed('empty-signature', 'an empty signature', `${plain.text}.`, 'signature_invalid'),
    malformed('leading-dot', 'a full stop in front', `.${good}`),
    malformed(
      'json-serialization',
      'the flattened JSON serialization',
      JSON.stringify({ protected: header, payload, signature }),
      'malformed_credentials',
    ),
    malformed('exclamation', 'a character outside base64url', `${good}!!`, 'malformed_credentials'),
    malformed('tilde', 'a tilde in the signature', `${good.slice(0, -1)}~`),
    spelling('signature-padding', 'padding after the signature', `${good}==`),
    spelling('signature-padding-one', 'one padding character after the signature', `${good}=`),
    spelling(
      'payload-padding',
      'padding after the payload',
      `${spareHeader}.${sparePayload}${'='.repeat(4 - (sparePayload.length % 4))}.${spare.signature.toString('base64url')}`,
      'malformed_credentials',
    ),
    spelling('signature-spare-bit', 'a spare bit of the signature set', `${plain.text}.${withSpareBit(signature)}`),
    spelling(
      'payload-spare-bit',
      'a spare bit of the payload set',
      `${spareHeader}.${withSpareBit(sparePayload)}.${spare.signature.toString('base64url')}`,
    ),
    spelling('standard-alphabet', '+ and / in place of - and _', standardAlphabet(dashed)),
    malformed(
      'signature-dangling',
      'a signature of 4n + 1 characters',
      `${plain.text}.${signature.slice(0, 341)}`,
      'signature_invalid',
    ),
    json('header-array', 'the header is a list', { header: '["RS256"]' }),
    json('header-string', 'the header is a string', { header: '"RS256"' }),
    json('header-null', 'the header is null', { header: 'null' }),
    json('header-not-json', 'the header is no JSON', { header: `${headerText}x` }),
    payloadOf('array', 'the payload is a list', '[1]'),
    payloadOf('string', 'the payload is a string', '"x"'),
    payloadOf('number', 'the payload is a number', '1'),
    payloadOf('null', 'the payload is null', 'null'),
    payloadOf('true', 'the payload is true', 'true'),
    payloadOf('trailing', 'text after the object', `${rawClaims([])}x`),
    payloadOf('two-objects', 'two objects', `${rawClaims([])}{}`),
    payloadOf('nan', 'NaN in the payload', rawClaims(['"a":NaN'])),
    payloadOf('trailing-comma', 'a comma before the closing brace', rawClaims(['"a":1,'])),
    payloadOf('single-quotes', 'single quotes', rawClaims(["'a':1"])),
    payloadOf('comment', 'a comment', rawClaims(['"a":1/* */'])),
    payloadOf('nested-jws', 'the payload is another token (cty JWT)', good),
    payloadOf('byte-order-mark', 'a byte order mark before the object', `\ufeff${rawClaims([])}`),
    payloadOf('not-utf8', 'bytes that are not UTF-8', Buffer.from(rawClaims(['"a":"\u00ff"']), 'latin1')),
    twice('header-alg', 'alg twice: none, then RS256', { header: headerMembers('"alg":"none"', '"alg":"RS256"') }),
    twice('header-alg-equal', 'alg twice, equal', { header: headerMembers('"alg":"RS256"', '"alg":"RS256"') }),
    twice('header-kid', 'kid twice', { header: headerMembers('"alg":"RS256"', '"kid":"other"') }),
    twice('payload-sub', 'sub twice', { payload: rawClaims(['"sub":"admin"']) }),
    twice('payload-roles', 'roles twice', { payload: rawClaims(['"roles":["admin"]']) }),
    twice('payload-escaped', 'sub twice, once with an escape in the name', {
      payload: rawClaims(['"\\u0073ub":"admin"']),
    }),
    twice('payload-nested', 'a name twice in an inner object', { payload: rawClaims(['"a":{"b":1,"b":2}']) }),
    twice('payload-nested-list', 'a name twice in an object in a list', {
      payload: rawClaims(['"a":[{"b":1,"b":2}]']),
    }),
    valid(
      'json-white-space',
      'line ends and spaces between members (RFC 7515 appendix A.1)',
      'StrictJson',
      token({ header: headerText.replaceAll(',', ',\r\n '), payload: rawClaims([]).replaceAll(',"', ',\r\n "') }),
    ),
    valid(
      'json-escape',
      'an escape in a name that stands once',
      'StrictJson',
      token({ payload: rawClaims([]).replace('"sub"', '"\\u0073ub"') }),
    ),
    valid(
      'json-same-name-in-two-objects',
      'one name in two inner objects',
      'StrictJson',
      token({ payload: rawClaims(['"a":{"b":1}', '"c":{"b":2}']) }),
    ),
    valid(
      'json-proto',
      'a member __proto__ with roles of its own, none beside it',
      'StrictJson',
      token({ payload: rawClaims(['"__proto__":{"roles":["admin"]}'], without('roles')) }),
      { roles: [] },
    ),
  ]
}

function headerTests(make, keys, stranger) {
  const token = (spec) => compact(make(spec))
  const critical = (id, comment, header) =>
    invalid(`crit-${id}`, comment, 'Critical', 'token_malformed', token({ header }))
  const type = (id, typ) => valid(`typ-${id}`, `typ ${typ ?? 'absent'}`, 'Type', token({ header: { typ } }))
  const otherType = (id, typ, ...more) =>
    invalid(
      `typ-${id}`,
      `typ ${JSON.stringify(typ)}`,
      'Type',
      'token_type_invalid',
      token({ header: { typ } }),
      ...more,
    )
  const keyId = (id, comment, kid) => invalid(`kid-${id}`, comment, 'Key', 'key_unknown', token({ header: { kid } }))
  const notString = (id, kid) =>
    invalid(
      `kid-${id}`,
      `kid is ${JSON.stringify(kid)}`,
      'Header',
      'token_malformed',
      token({ header: { kid } }),
      'key_unknown',
    )
  return [
    critical('unknown', 'crit with a member that is there', { crit: ['x-policy'], 'x-policy': true }),
    critical('unknown-absent', 'crit with a member that is not there', { crit: ['x-policy'] }),
    critical('b64-true', 'crit b64, b64 true (RFC 7797)', { crit: ['b64'], b64: true }),
    critical('empty', 'crit is an empty list', { crit: [] }),
    critical('string', 'crit is a string', { crit: 'x-policy' }),
    critical('null', 'crit is null', { crit: null }),
    type('absent', undefined),
    type('jwt', 'JWT'),
    type('at-jwt', 'at+jwt'),
    type('application-at-jwt', 'application/at+jwt'),
    otherType('id-token', 'id+jwt'),
    otherType('logout', 'logout+jwt'),
    otherType('dpop', 'dpop+jwt'),
    otherType('secevent', 'secevent+jwt'),
    otherType('jose', 'JOSE'),
    otherType('empty', '', 'token_malformed'),
    otherType('number', 1, 'token_malformed'),
    otherType('list', ['JWT'], 'token_malformed'),
    keyId('unknown', 'a kid that the issuer does not have', 'issuer-rs256-old'),
    keyId('case', 'a kid in another case', 'ISSUER-RS256'),
    keyId('path', 'a kid that is a path', '../../../../dev/null'),
    keyId('sql', 'a kid that is SQL', "' UNION SELECT 'k'-- "),
    keyId('nul', 'the kid and a NUL', 'issuer-rs256\u0000'),
    keyId('prototype', 'kid __proto__', '__proto__'),
    keyId('other-issuer', 'a kid of the other issuer', keys.HS256.kid),
    notString('number', 1),
    notString('list', ['issuer-rs256']),
    notString('object', {}),
    notString('null', null),
    invalid(
      'key-other-rsa',
      'signed by a stranger, the kid of the issuer',
      'Key',
      'signature_invalid',
      token({ with: stranger }),
    ),
    invalid(
      'key-embedded-jwk',
      'signed by a stranger who puts the key into jwk',
      'Key',
      'signature_invalid',
      token({ with: stranger, header: { jwk: stranger.publicJwk } }),
    ),
    invalid(
      'key-embedded-jwk-own-kid',
      'the same under a kid of his own',
      'Key',
      'key_unknown',
      token({ with: stranger, header: { kid: 'stranger', jwk: stranger.publicJwk } }),
    ),
    invalid(
      'key-jku',
      'signed by a stranger who names a key set in jku',
      'Key',
      'key_unknown',
      token({ with: stranger, header: { kid: 'stranger', jku: 'http://127.0.0.1:9/jwks' } }),
    ),
    invalid(
      'key-wrong-secret',
      'HS256 under another secret',
      'Key',
      'signature_invalid',
      token({ algorithm: 'HS256', with: { ...keys.HS256, secretHex: keys.HS512.secretHex } }),
    ),
    invalid(
      'key-empty-secret',
      'HS256 under an empty secret',
      'Key',
      'signature_invalid',
      token({ algorithm: 'HS256', with: { ...keys.HS256, secretHex: '' } }),
    ),
  ]
}

function signatureTests(make) {
  const wrong = (id, comment, text, ...more) =>
    invalid(`signature-${id}`, comment, 'Signature', 'signature_invalid', text, ...more)
  const changed = (spec, change) => {
    const token = make(spec)
    return compact({ text: token.text, signature: change(token.signature) })
  }
  const flip = (index) => (signature) => {
    const bytes = Buffer.from(signature)
    bytes[index < 0 ? bytes.length + index : index] ^= 1
    return bytes
  }
  const cut = (length) => (signature) => signature.subarray(0, length)
  const grown = (signature) => Buffer.concat([signature, Buffer.from([0])])
  const der = (signature) => {
    const integer = (bytes) => {
      const trimmed = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
      const positive = trimmed[0] > 127 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed
      return Buffer.concat([Buffer.from([2, positive.length]), positive])
    }
    const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
    return Buffer.concat([Buffer.from([0x30, body.length]), body])
  }
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  const swapped = make({ payload: { roles: ['admin'] } })
  const plain = make({})
  return [
    ...['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'HS256', 'HS384', 'HS512'].flatMap((algorithm) => [
      wrong(
        `${algorithm.toLowerCase()}-first-byte`,
        `${algorithm}, one bit of the first byte`,
        changed({ algorithm }, flip(0)),
      ),
      wrong(
        `${algorithm.toLowerCase()}-last-byte`,
        `${algorithm}, one bit of the last byte`,
        changed({ algorithm }, flip(-1)),
      ),
    ]),
    wrong(
      'es256-zeros',
      'ES256, 64 zero bytes',
      changed({ algorithm: 'ES256' }, () => Buffer.alloc(64)),
    ),
    wrong(
      'es256-r-zero',
      'ES256, r = 0',
      changed({ algorithm: 'ES256' }, (s) => Buffer.concat([Buffer.alloc(32), s.subarray(32)])),
    ),
    wrong(
      'es256-s-zero',
      'ES256, s = 0',
      changed({ algorithm: 'ES256' }, (s) => Buffer.concat([s.subarray(0, 32), Buffer.alloc(32)])),
    ),
    wrong(
      'es256-r-order',
      'ES256, r = the order of the curve',
      changed({ algorithm: 'ES256' }, (s) => Buffer.concat([order, s.subarray(32)])),
    ),
    wrong('es256-der', 'ES256, encoded as DER', changed({ algorithm: 'ES256' }, der)),
    wrong('es256-63', 'ES256, 63 bytes', changed({ algorithm: 'ES256' }, cut(63))),
    wrong('es256-65', 'ES256, 65 bytes', changed({ algorithm: 'ES256' }, grown)),
    wrong('hs256-16', 'HS256, the first 16 bytes', changed({ algorithm: 'HS256' }, cut(16))),
    wrong('hs256-33', 'HS256, 33 bytes', changed({ algorithm: 'HS256' }, grown)),
    wrong('eddsa-63', 'EdDSA, 63 bytes', changed({ algorithm: 'EdDSA' }, cut(63))),
    wrong('rs256-255', 'RS256, 255 bytes', changed({}, cut(255))),
    wrong(
      'payload-swapped',
      'the payload of a token with more roles, the signature of this one',
      compact({ text: swapped.text, signature: plain.signature }),
    ),
    invalid(
      'order-signature-before-exp',
      'expired and a wrong signature',
      'Order',
      'signature_invalid',
      changed({ payload: { exp: NOW - 3600 } }, flip(0)),
    ),
    invalid(
      'order-signature-before-aud',
      'for another audience and a wrong signature',
      'Order',
      'signature_invalid',
      changed({ payload: { aud: 'other' } }, flip(0)),
    ),
  ]
}

function claimTests(make) {
  const token = (payload, spec = {}) => compact(make({ ...spec, payload }))
  const good = (id, comment, flag, payload, expected) => valid(id, comment, flag, token(payload), expected)
  const bad = (id, comment, flag, reason, payload, ...more) =>
    invalid(id, comment, flag, reason, token(payload), ...more)
  const raw = (id, comment, reason, claim, literal, ...more) =>
    bad(id, comment, 'ClaimType', reason, rawClaims([`"${claim}":${literal}`], without(claim)), ...more)
  const audience = (id, comment, aud, ...more) =>
    bad(`aud-${id}`, comment, 'Audience', 'audience_invalid', { aud }, ...more)
  const issuer = (id, comment, iss, ...more) => bad(`iss-${id}`, comment, 'Issuer', 'issuer_invalid', { iss }, ...more)
  return [
    good('exp-inside-skew', 'exp 29 s ago', 'Time', { exp: NOW - 29 }),
    bad('exp-at-skew', 'exp 30 s ago', 'Time', 'token_expired', { exp: NOW - 30 }),
    bad('exp-long-ago', 'exp an hour ago', 'Time', 'token_expired', { exp: NOW - 3600 }),
    bad('exp-zero', 'exp 0', 'Time', 'token_expired', { exp: 0 }, 'claim_invalid'),
    good('exp-now', 'exp now', 'Time', { exp: NOW }),
    bad('exp-absent', 'exp absent', 'ClaimType', 'claim_missing', { exp: undefined }),
    raw('exp-infinite', 'exp 1e400', 'claim_invalid', 'exp', '1e400'),
    raw('exp-string', 'exp is a string', 'claim_invalid', 'exp', `"${NOW + 300}"`),
    raw('exp-null', 'exp is null', 'claim_invalid', 'exp', 'null', 'claim_missing'),
    raw('exp-true', 'exp is true', 'claim_invalid', 'exp', 'true'),
    raw('exp-list', 'exp is a list', 'claim_invalid', 'exp', `[${NOW + 300}]`),
    raw('exp-object', 'exp is an object', 'claim_invalid', 'exp', '{}'),
    good('nbf-now', 'nbf now', 'Time', { nbf: NOW }),
    good('nbf-at-skew', 'nbf in 30 s', 'Time', { nbf: NOW + 30 }),
    bad('nbf-beyond-skew', 'nbf in 31 s', 'Time', 'token_not_yet_valid', { nbf: NOW + 31 }),
    raw('nbf-string', 'nbf is a string', 'claim_invalid', 'nbf', `"${NOW}"`),
    raw('nbf-infinite', 'nbf -1e400', 'claim_invalid', 'nbf', '-1e400'),
    raw('nbf-null', 'nbf is null', 'claim_invalid', 'nbf', 'null'),
    good('iat-absent', 'iat absent', 'Time', { iat: undefined }),
    good('iat-at-skew', 'iat in 30 s', 'Time', { iat: NOW + 30 }),
    bad('iat-beyond-skew', 'iat in 31 s', 'Time', 'token_not_yet_valid', { iat: NOW + 31 }, 'claim_invalid'),
    raw('iat-string', 'iat is a string', 'claim_invalid', 'iat', `"${NOW}"`),
    raw('iat-infinite', 'iat 1e400', 'claim_invalid', 'iat', '1e400'),
    good('aud-list', 'aud is a list with the audience alone', 'Audience', { aud: [AUDIENCE] }),
    good('aud-among-others', 'aud names the audience among others', 'Audience', { aud: ['other', AUDIENCE] }),
    bad('aud-absent', 'aud absent', 'Audience', 'audience_invalid', { aud: undefined }, 'claim_missing'),
    audience('other', 'aud names another service', 'other'),
    audience('other-list', 'aud lists another service', ['other']),
    audience('empty-list', 'aud is an empty list', []),
    audience('empty', 'aud is empty', ''),
    audience('case', 'aud in another case', 'Target'),
    audience('prefix', 'aud begins like the audience', 'target2'),
    audience('part', 'aud is a part of the audience', 'targe'),
    audience('space', 'a space after the audience', 'target '),
    audience('two-words', 'two audiences in one string', 'target other'),
    audience('null', 'aud is null', null, 'claim_invalid'),
    audience('object', 'aud is an object', { target: true }, 'claim_invalid'),
    audience('nested', 'a list in a list', [[AUDIENCE]], 'claim_invalid'),
    audience('mixed', 'the audience beside a number', [AUDIENCE, 1], 'claim_invalid'),
    audience('number', 'aud is a number', 1, 'claim_invalid'),
    bad('iss-absent', 'iss absent', 'Issuer', 'issuer_invalid', { iss: undefined }, 'claim_missing'),
    issuer('other', 'another issuer', 'https://other.test'),
    issuer('slash', 'a slash at the end', `${ISSUER}/`),
    issuer('case', 'another case', 'https://Issuer.test'),
    issuer('http', 'http in place of https', 'http://issuer.test'),
    issuer('part', 'a part of the issuer', 'https://issuer.tes'),
    issuer('suffix', 'the issuer and a suffix', `${ISSUER}.evil`),
    issuer('encoded', 'percent-encoded', 'https://issuer%2Etest'),
    issuer('empty', 'iss is empty', ''),
    issuer('list', 'iss is a list', [ISSUER], 'claim_invalid'),
    issuer('null', 'iss is null', null, 'claim_invalid'),
    issuer('number', 'iss is a number', 1, 'claim_invalid'),
    issuer('prototype', 'iss __proto__', '__proto__'),
    bad('sub-absent', 'sub absent', 'Subject', 'claim_missing', { sub: undefined }),
    bad('sub-empty', 'sub is empty', 'Subject', 'claim_invalid', { sub: '' }, 'claim_missing'),
    bad('sub-number', 'sub is a number', 'Subject', 'claim_invalid', { sub: 1 }),
    bad('sub-list', 'sub is a list', 'Subject', 'claim_invalid', { sub: ['user-1'] }),
    bad('sub-null', 'sub is null', 'Subject', 'claim_invalid', { sub: null }, 'claim_missing'),
    good('sub-utf8', 'sub beyond ASCII', 'Subject', { sub: 'zoë-日本' }, { sub: 'zoë-日本' }),
    good('roles-absent', 'roles absent', 'Roles', { roles: undefined }, { roles: [] }),
    good('roles-empty', 'roles is an empty list', 'Roles', { roles: [] }, { roles: [] }),
    good('roles-two', 'two roles', 'Roles', { roles: ['orders:read', 'admin'] }, { roles: ['orders:read', 'admin'] }),
    good('scope-absent', 'scope absent', 'Roles', { scope: undefined }, { scopes: [] }),
  ]
}

/** A token of exactly `size` bytes: filler in the payload, and in the header where base64url cannot reach the size. */
function tokenOfSize(make, size) {
  for (const inHeader of ['', 'x', 'xx']) {
    const fillerAt = (length) => compact(make({ header: { fill: inHeader }, payload: { fill: 'x'.repeat(length) } }))
    let length = Math.floor(((size - fillerAt(0).length) * 3) / 4) - 3
    while (fillerAt(length).length < size) length += 1
    if (fillerAt(length).length === size) return fillerAt(length)
  }
  throw new Error(`no token of ${size} bytes`)
}

const sizeTests = (make) => [
  valid('size-8192', '8192 bytes', 'Size', tokenOfSize(make, 8192)),
  invalid('size-8193', '8193 bytes', 'Size', 'token_too_large', tokenOfSize(make, 8193)),
  invalid('size-9000', '9000 bytes', 'Size', 'token_too_large', tokenOfSize(make, 9000)),
  invalid('size-9000-garbage', '9000 bytes that are no token', 'Size', 'token_too_large', '.'.repeat(9000)),
]

/** Signatures of the file as it is, by signed text. */
function signaturesIn(file) {
  const signatures = new Map()
  for (const { token } of (file.testGroups ?? []).flatMap((group) => group.tests)) {
    const [header, payload, signature] = token.split('.')
    if (!signature) continue
    const text = `${header}.${payload}`
    signatures.set(text, [...(signatures.get(text) ?? []), Buffer.from(signature, 'base64url')])
  }
  return signatures
}

export function bearer(keys, previousFile) {
  const stranger = strangerKey(keys, previousFile)
  const make = tokenMaker(keys, signaturesIn(previousFile))
  const allKeys = Object.values(keys)
  const issuers = [ISSUER, LEGACY_ISSUER].map((issuer) => ({
    issuer,
    algorithms: ALLOWED[issuer],
    kids: allKeys.filter((key) => key.issuer === issuer).map((key) => key.kid),
  }))
  const onlyRs256 = [{ issuer: ISSUER, algorithms: ['RS256'], kids: [keys.RS256.kid] }]
  const rules = { audience: AUDIENCE, now: NOW, skewSeconds: 30 }
  return vectorFile({
    description: 'Bearer tokens (JWS compact) with the reason for which a verifier refuses them.',
    schema: 'schema/bearer.schema.json',
    notes: NOTES,
    warning: WARNING,
    keys: allKeys.map(withSecretJwk),
    stranger: stranger.privateJwk,
    testGroups: [
      {
        type: 'Bearer',
        comment: 'Every algorithm, asymmetric keys under one issuer and secrets under another.',
        ...rules,
        issuers,
        tests: [
          ...algorithmTests(make, keys),
          ...structureTests(make, keys),
          ...headerTests(make, keys, stranger),
          ...signatureTests(make),
          ...claimTests(make),
          ...sizeTests(make),
        ],
      },
      {
        type: 'Bearer',
        comment: 'One algorithm is allowed: a good token of another one is refused.',
        ...rules,
        issuers: onlyRs256,
        tests: [
          valid('only-rs256-rs256', 'RS256', 'Basic', compact(make({ payload: { jti: 'a' } }))),
          invalid(
            'only-rs256-es256',
            'ES256, good in the first group',
            'Algorithm',
            'algorithm_not_allowed',
            compact(make({ algorithm: 'ES256', payload: { jti: 'b' } })),
          ),
          invalid(
            'only-rs256-hs256',
            'HS256 of an issuer that is not configured',
            'Issuer',
            'issuer_invalid',
            compact(make({ algorithm: 'HS256', payload: { jti: 'c' } })),
            'algorithm_not_allowed',
          ),
        ],
      },
    ],
  })
}

function withSecretJwk(key) {
  if (key.secretHex === undefined) return key
  const k = Buffer.from(key.secretHex, 'hex').toString('base64url')
  return { ...key, secretJwk: { kty: 'oct', k, kid: key.kid, alg: key.algorithm } }
}

/** A key that no issuer has. Kept in the file, so that its signatures stay. */
function strangerKey(keys, previousFile) {
  const privateJwk =
    previousFile.stranger ?? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  return { ...keys.RS256, privateJwk, publicJwk: { kty: 'RSA', n: privateJwk.n, e: privateJwk.e } }
}
