import { createHash, createHmac } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { desk, message, NOW } from '../kit.js'

const at = desk()
const SECRET = createHash('sha256').update('the secret of billing').digest()
const BODY = '{"amount":1000,"note":"ñ"}'
const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')

beforeAll(async () => {
  at.env['SECRET'] = SECRET.toString('hex')
  const secret = ['--secret-env', 'SECRET', '--secret-format', 'hex']
  await at.ok(['keys', 'import', 'billing-1', '--client', 'billing', ...secret, '--key-file', 'keys.json'])
  await at.ok(['keys', 'create', 'ended', '--client', 'other', '--not-after', '-1h', '--key-file', 'keys.json'])
  await at.ok(['keys', 'create', 'long', '--client', 'other', '--algorithm', 'sha512', '--key-file', 'keys.json'])
  await at.ok([
    'keys',
    'import',
    'hook-1',
    '--client',
    'shop',
    '--profile',
    'body-timestamp',
    ...secret,
    '--key-file',
    'hooks.json',
  ])
})

interface Sent {
  readonly method?: string
  readonly target?: string
  readonly contentType?: string
  readonly authorization?: string
  readonly audience?: string
  readonly digest?: string
  readonly keyId?: string
}

const SENT = {
  method: 'POST',
  target: '/orders?limit=10',
  contentType: 'application/json',
  audience: 'orders',
  keyId: 'billing-1',
}

/** The MAC that a client makes who does something in another way. */
function macOf(sent: Sent, spell: (text: string) => string, secret: Uint8Array): string {
  const { method, target, contentType, audience, keyId } = { ...SENT, ...sent }
  const lines = [
    'countersign-hmac-v1',
    `key-id:${keyId}`,
    `timestamp:${NOW}`,
    'nonce:n-0123456789abcdef',
    `audience:${audience}`,
    `method:${method}`,
    `target:${target}`,
    `content-type:${contentType}`,
    `authorization-sha256:${sent.authorization === undefined ? '' : sha256(sent.authorization)}`,
    `content-sha256:${sent.digest ?? sha256(BODY)}`,
  ]
  return createHmac('sha256', secret)
    .update(spell(lines.map((line) => `${line}\n`).join('')))
    .digest('hex')
}

interface Case {
  /** What the client signed otherwise than it was sent. */
  readonly signed?: Sent
  /** What was sent otherwise than usual. */
  readonly sent?: Sent
  readonly headers?: Readonly<Record<string, string>>
  readonly spell?: (text: string) => string
  readonly secret?: Uint8Array
  readonly body?: string
  readonly mac?: (mac: string) => string
}

async function verify({
  signed = {},
  sent = {},
  headers = {},
  spell = (text) => text,
  secret = SECRET,
  body = BODY,
  mac = (text) => text,
}: Case) {
  const { method, target, contentType, keyId } = { ...SENT, ...sent }
  const all: Record<string, string> = {
    host: 'api.example:8443',
    ...(contentType === '' ? {} : { 'content-type': contentType }),
    ...(sent.authorization === undefined ? {} : { authorization: sent.authorization }),
    'x-hmac-key-id': keyId,
    'x-hmac-timestamp': String(NOW),
    'x-hmac-nonce': 'n-0123456789abcdef',
    'x-hmac-content-sha256': sha256(BODY),
    'x-hmac-sha256': mac(macOf({ ...sent, ...signed }, spell, secret)),
    ...headers,
  }
  const stdin = message(`${method} ${target} HTTP/1.1`, all, body)
  return (await at.json(['verify', '--key-file', 'keys.json', '--audience', 'orders'], { stdin })) as {
    outcome: string
    reason: string
    signedText?: string[]
    hints: string[]
  }
}

const TOKEN = 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'

describe('a classic mistake is found, not guessed:', () => {
  it.each<[string, Case, RegExp]>([
    [
      'a prefix that was not signed',
      { sent: { target: '/api/v1/orders?limit=10' }, signed: { target: '/orders?limit=10' } },
      /^A prefix stands in the request line .*"\/orders\?limit=10"/,
    ],
    [
      'a prefix that a proxy took off',
      { signed: { target: '/shop/orders?limit=10' }, headers: { 'x-forwarded-prefix': '/shop/' } },
      /^A proxy took the prefix "\/shop" off/,
    ],
    [
      'a common prefix that a proxy took off, which nothing tells',
      { signed: { target: '/api/orders?limit=10' } },
      /^A proxy took the prefix "\/api" off/,
    ],
    [
      'a target that a proxy rewrote',
      { signed: { target: '/old' }, headers: { 'x-original-uri': '/old' } },
      /^A proxy rewrote the target/,
    ],
    ['a path without its query', { signed: { target: '/orders' } }, /without its query/],
    ['a sorted query', { sent: { target: '/a?z=1&b=2' }, signed: { target: '/a?b=2&z=1' } }, /query sorted/],
    ['a slash at the end', { signed: { target: '/orders/?limit=10' } }, /another slash at its end/],
    [
      'a decoded target',
      { sent: { target: '/caf%C3%A9%20x' }, signed: { target: '/café x' } },
      /signed the decoded target/,
    ],
    [
      'a target encoded twice by the client',
      { sent: { target: '/a%20b' }, signed: { target: '/a%2520b' } },
      /encoded twice: the client signed it with its % as %25/,
    ],
    [
      'a target encoded twice on its way',
      { sent: { target: '/a%2520b' }, signed: { target: '/a%20b' } },
      /encoded twice on its way/,
    ],
    ['+ for %20', { sent: { target: '/?q=a%20b' }, signed: { target: '/?q=a+b' } }, /signed \+ where %20 is sent/],
    ['%20 for +', { sent: { target: '/?q=a+b' }, signed: { target: '/?q=a%20b' } }, /signed %20 where \+ is sent/],
    [
      'lower case in percent-encoding',
      { sent: { target: '/a%2Fb' }, signed: { target: '/a%2fb' } },
      /percent-encodings in lower case/,
    ],
    ['the whole URL', { signed: { target: 'https://api.example:8443/orders?limit=10' } }, /signed the whole URL/],
    ['the method in lower case', { signed: { method: 'post' } }, /signed the method post, and POST came/],
    ['another method', { sent: { method: 'GET' }, signed: { method: 'HEAD' } }, /signed the method HEAD, and GET came/],
    ['a content type that a library added', { signed: { contentType: '' } }, /signed no content type/],
    [
      'a content type without parameters',
      { sent: { contentType: 'text/x; charset=utf-8' }, signed: { contentType: 'text/x' } },
      /without its parameters/,
    ],
    [
      'another content type',
      { sent: { contentType: '' }, signed: { contentType: 'application/json' } },
      /signed the content type "application\/json", and none came/,
    ],
    [
      'an Authorization header that was added later',
      { sent: { authorization: TOKEN }, signed: { authorization: undefined as never } },
      /did not sign the Authorization header/,
    ],
    [
      'the token alone',
      { sent: { authorization: TOKEN }, signed: { authorization: TOKEN.slice(7) } },
      /signed the token alone/,
    ],
    [
      'the digest of nothing for no Authorization header',
      { signed: { authorization: '' } },
      /SHA-256 of an empty text/,
    ],
    [
      'a missing authorization line',
      { spell: (text) => text.replace(/authorization-sha256:.*\n/, '') },
      /left the line authorization-sha256 out/,
    ],
    ['the host for the audience', { signed: { audience: 'api.example' } }, /signed the audience "api\.example"/],
    ['no audience', { signed: { audience: '' } }, /signed no audience/],
    ['a digest in upper case', { signed: { digest: sha256(BODY).toUpperCase() } }, /digest in upper case/],
    [
      'a digest in base64',
      { signed: { digest: Buffer.from(sha256(BODY), 'hex').toString('base64') } },
      /digest in base64/,
    ],
    ['no digest', { signed: { digest: '' } }, /signed an empty content-sha256/],
    ['no line feed at the end', { spell: (text) => text.slice(0, -1) }, /left out the last line feed/],
    ['CR LF', { spell: (text) => text.replaceAll('\n', '\r\n') }, /ended the lines in CR LF/],
    [
      'spaces behind the colons',
      { spell: (text) => text.replace(/^([a-z0-9-]+):/gm, '$1: ') },
      /space behind the colons/,
    ],
    ['no first line', { spell: (text) => text.slice(text.indexOf('\n') + 1) }, /left out the first line/],
    ['line feeds that are escaped', { spell: (text) => text.replaceAll('\n', '\\n') }, /escaped the line feeds/],
    [
      'the hexadecimal text of the secret',
      { secret: Buffer.from(SECRET.toString('hex')) },
      /hexadecimal text of the secret/,
    ],
    ['the base64 text of the secret', { secret: Buffer.from(SECRET.toString('base64')) }, /base64 text of the secret/],
    ['a line feed behind the secret', { secret: Buffer.concat([SECRET, Buffer.from('\n')]) }, /line feed at its end/],
    ['a space behind the secret', { secret: Buffer.concat([SECRET, Buffer.from(' ')]) }, /space at its end/],
    [
      'a MAC in upper case',
      { mac: (mac) => mac.toUpperCase() },
      /lower case, without anything before them, and it has upper case/,
    ],
    [
      'a MAC in base64',
      { mac: (mac) => Buffer.from(mac, 'hex').toString('base64') },
      /and it is written in another way/,
    ],
    [
      'a MAC with its algorithm before it',
      { mac: (mac) => `sha256=${mac}` },
      /without anything before them, and it is written in another way/,
    ],
  ])('%s', async (_, what, hint) => {
    const found = await verify(what)
    expect(found).toMatchObject({ outcome: 'deny', reason: 'signature_invalid' })
    expect(found.hints).toEqual([expect.stringMatching(hint)])
  })

  it('two of them at once', async () => {
    const { hints } = await verify({ sent: { target: '/api/orders' }, signed: { target: '/orders', contentType: '' } })
    expect(hints).toEqual([expect.stringMatching(/^A prefix stands/), expect.stringMatching(/signed no content type/)])
  })

  it('and none where the secret is another one', async () => {
    const { hints } = await verify({ secret: createHash('sha256').update('another').digest() })
    expect(hints).toEqual([
      expect.stringContaining('None of the classic mistakes'),
      expect.stringContaining('the secrets are not'),
    ])
  })

  it('the service has the text of a secret that the client decodes', async () => {
    at.env['TEXT'] = SECRET.toString('hex')
    await at.ok(['keys', 'import', 'text', '--client', 'text', '--secret-env', 'TEXT', '--key-file', 'keys.json'])
    const { hints } = await verify({ sent: { keyId: 'text' } })
    expect(hints).toEqual([expect.stringMatching(/decoded the secret from hexadecimal.*--secret-format hex/)])
  })

  it('none at all in an honest request', async () => {
    expect(await verify({})).toMatchObject({ outcome: 'allow', hints: [] })
    expect(await verify({ sent: { authorization: TOKEN } })).toMatchObject({ outcome: 'allow', hints: [] })
  })
})

describe('the text that the service built', () => {
  it('is told line by line', async () => {
    const { signedText } = await verify({ signed: { target: '/x' }, sent: { authorization: TOKEN } })
    expect(signedText).toEqual([
      'countersign-hmac-v1',
      'key-id:billing-1',
      `timestamp:${NOW}`,
      'nonce:n-0123456789abcdef',
      'audience:orders',
      'method:POST',
      'target:/orders?limit=10',
      'content-type:application/json',
      `authorization-sha256:${sha256(TOKEN)}`,
      `content-sha256:${sha256(BODY)}`,
    ])
  })

  it('stands in the output for people, without token, secret or the MAC that was computed', async () => {
    const stdin = message('POST /orders HTTP/1.1', {
      host: 'x',
      authorization: TOKEN,
      'x-hmac-key-id': 'billing-1',
      'x-hmac-timestamp': String(NOW),
      'x-hmac-nonce': 'n-0123456789abcdef',
      'x-hmac-content-sha256': sha256(''),
      'x-hmac-sha256': '0'.repeat(64),
    })
    const { out } = await at.run(['verify', '--key-file', 'keys.json', '--audience', 'orders'], { stdin })
    expect(out).toContain('\nThe service computed the MAC of this text:\n  countersign-hmac-v1\n  key-id:billing-1\n')
    const right = macOf(
      { method: 'POST', target: '/orders', contentType: '', authorization: TOKEN, digest: sha256('') },
      (text) => text,
      SECRET,
    )
    for (const secret of [TOKEN.slice(7), SECRET.toString('hex'), SECRET.toString('base64url'), right])
      expect(out).not.toContain(secret)
  })

  it('cannot steer the terminal', async () => {
    const { out } = await at.run(['verify', '--key-file', 'keys.json', '--audience', 'a\u001b[2J'], {
      stdin: message('GET / HTTP/1.1', {
        'x-hmac-key-id': 'billing-1',
        'x-hmac-timestamp': String(NOW),
        'x-hmac-nonce': 'n-0123456789abcdef',
        'x-hmac-content-sha256': sha256(''),
        'x-hmac-sha256': '0'.repeat(64),
      }),
    })
    expect(out).toContain('audience:a\\u001b[2J')
    expect(out).not.toContain('\u001b')
  })
})

describe('a body that is not the one that was signed', () => {
  const VALUE = JSON.parse(BODY)
  it.each([
    ['a line feed was added', `${BODY}\n`, /a line end that was not signed/],
    ['it was parsed and written again', JSON.stringify(VALUE, null, 2), /another spelling/],
    ['it is empty', '', /Sign the bytes that travel/],
    ['it is another', '{"amount":1}', /Sign the bytes that travel/],
  ])('%s', async (_, body, hint) => {
    const found = await verify({ body })
    expect(found).toMatchObject({ reason: 'content_digest_mismatch' })
    expect(found.hints.at(-1)).toMatch(hint)
    expect(found.hints[0]).toContain(
      `${Buffer.byteLength(body)} bytes and the SHA-256 ${sha256(body)}; the client signed ${sha256(BODY)}`,
    )
  })

  it.each<[string, string | Buffer, string | Buffer, RegExp]>([
    ['the client signed a line feed more', 'abc\n', 'abc', /line feed at the end of the body that was not sent/],
    ['curl took the line ends out', 'a\nb\n', 'ab', /Sign the bytes/],
    ['line ends were added', 'ab', 'a\nb', /curl --data takes them out/],
    ['CR LF for LF', 'a\r\nb', 'a\nb', /signed CR LF/],
    ['LF for CR LF', 'a\nb', 'a\r\nb', /signed line feeds/],
    ['Python spelled it', '{"b": [1, 2], "a": "\\u00f1"}', '{"b":[1,2],"a":"ñ"}', /another spelling/],
    ['its members were sorted', '{"a":1,"b":2}', '{"b":2,"a":1}', /another spelling/],
    ['it was written twice', '"{\\"a\\":1}"', '{"a":1}', /written twice/],
    ['nothing was signed', '', '{"a":1}', /signed an empty body/],
    ['it was compressed', '{"a":1}', gzipSync('{"a":1}'), /before it was compressed/],
  ])('%s', async (_, signed, sent, hint) => {
    const digest = sha256(signed)
    const headers = {
      host: 'x',
      'x-hmac-key-id': 'billing-1',
      'x-hmac-timestamp': String(NOW),
      'x-hmac-nonce': 'n-0123456789abcdef',
      'x-hmac-content-sha256': digest,
      'x-hmac-sha256': macOf({ target: '/', contentType: '', digest }, (text) => text, SECRET),
    }
    const stdin = Buffer.concat([message('POST / HTTP/1.1', headers), Buffer.from(sent)])
    const found = (await at.json(['verify', '--key-file', 'keys.json', '--audience', 'orders'], { stdin })) as {
      reason: string
      hints: string[]
    }
    expect(found.reason).toBe('content_digest_mismatch')
    expect(found.hints.at(-1)).toMatch(hint)
  })
})

describe('headers', () => {
  it.each<[string, Readonly<Record<string, string>>, string, RegExp]>([
    ['milliseconds', { 'x-hmac-timestamp': `${NOW}000` }, 'timestamp_malformed', /thirteen digits: milliseconds/],
    ['a fraction', { 'x-hmac-timestamp': `${NOW}.5` }, 'timestamp_malformed', /has a fraction/],
    ['a date', { 'x-hmac-timestamp': '2026-11-22T12:00:00Z' }, 'timestamp_malformed', /is a date/],
    ['a number with a sign', { 'x-hmac-timestamp': `+${NOW}` }, 'timestamp_malformed', /exactly ten digits/],
    [
      'an old timestamp',
      { 'x-hmac-timestamp': String(NOW - 301) },
      'timestamp_out_of_range',
      /is 2026-11-22T11:54:59Z, 5 min ago\. .*--now 1795348499/,
    ],
    ['a short nonce', { 'x-hmac-nonce': 'short' }, 'nonce_malformed', /16-128 characters .*this one has 5/],
    ['an id of another form', { 'x-hmac-key-id': 'a/b' }, 'malformed_credentials', /x-hmac-key-id is 1-128/],
    ['a digest of another form', { 'x-hmac-content-sha256': 'abc' }, 'malformed_credentials', /64 hexadecimal digits/],
    ['both MACs', { 'x-hmac-sha512': '00' }, 'malformed_credentials', /There are two MACs/],
    ['a content type outside ASCII', { 'content-type': 'caf\u00e9' }, 'malformed_credentials', /outside visible ASCII/],
    ['an unknown key', { 'x-hmac-key-id': 'nobody' }, 'key_unknown', /The keys here are billing-1, ended, long, text/],
    [
      'a key that ended',
      { 'x-hmac-key-id': 'ended' },
      'key_inactive',
      /ended is deactivated \(it is used until 2026-11-22T11:00:00Z\)/,
    ],
    [
      'a key for another hash',
      { 'x-hmac-key-id': 'long' },
      'signature_invalid',
      /The key is for sha512: send x-hmac-sha512/,
    ],
  ])('%s', async (_, headers, reason, hint) => {
    const found = await verify({ headers })
    expect(found).toMatchObject({ outcome: 'deny', reason })
    expect(found.hints.join('\n')).toMatch(hint)
  })

  it.each(['x-hmac-key-id', 'x-hmac-timestamp', 'x-hmac-nonce', 'x-hmac-content-sha256', 'x-hmac-sha256'])(
    '%s is missing, or stands twice',
    async (name) => {
      const headers = [
        'x-hmac-key-id: billing-1',
        `x-hmac-timestamp: ${NOW}`,
        'x-hmac-nonce: n-0123456789abcdef',
        `x-hmac-content-sha256: ${sha256('')}`,
        `x-hmac-sha256: ${'0'.repeat(64)}`,
      ]
      const ask = async (lines: readonly string[]) =>
        (await at.json(['verify', '--key-file', 'keys.json', '--audience', 'orders'], {
          stdin: `GET / HTTP/1.1\n${lines.join('\n')}\n\n`,
        })) as { reason: string; hints: string[] }
      const line = headers.find((candidate) => candidate.startsWith(`${name}:`)) ?? ''
      const missing = await ask(headers.filter((candidate) => candidate !== line))
      expect(missing.reason).toBe('malformed_credentials')
      expect(missing.hints.join('\n')).toMatch(new RegExp(`${name} .*missing`))
      const twice = await ask([...headers, line])
      expect(twice.reason).toBe('duplicate_header')
      expect(twice.hints).toContain(`${name} stands 2 times, and may stand once.`)
    },
  )

  it('say nothing of credentials', async () => {
    expect(
      await at.json(['verify', '--key-file', 'keys.json', '--audience', 'orders'], { stdin: 'GET / HTTP/1.1\n\n' }),
    ).toMatchObject({ reason: 'missing_credentials', hints: [expect.stringContaining('neither')] })
  })

  it('name another host than the request line', async () => {
    expect(await verify({ sent: { target: 'http://elsewhere/orders' } })).toMatchObject({
      reason: 'target_invalid',
      hints: [expect.stringContaining('another host')],
    })
  })
})

describe('the profile body-timestamp', () => {
  const mac = (...parts: readonly (string | Uint8Array)[]) =>
    parts.reduce((hmac, part) => hmac.update(part), createHmac('sha256', SECRET)).digest('hex')
  const verifyHook = async (sent: string, headers: Readonly<Record<string, string>> = {}) => {
    const stdin = message(
      'POST /hooks HTTP/1.1',
      { host: 'x', 'x-hmac-timestamp': String(NOW), 'x-hmac-sha256': sent, ...headers },
      BODY,
    )
    return (await at.json(['verify', '--key-file', 'hooks.json', '--any-audience'], { stdin })) as {
      outcome: string
      reason?: string
      hints: string[]
      signedText?: string[]
    }
  }

  it('is allowed where the MAC is over body and timestamp', async () => {
    expect(await verifyHook(mac(BODY, String(NOW)))).toMatchObject({ outcome: 'allow' })
  })

  it.each<[string, string, RegExp]>([
    ['the timestamp comes first', mac(String(NOW), BODY), /timestamp before the body/],
    ['there is no timestamp', mac(BODY), /the body alone/],
    ['there is a separator', mac(BODY, '.', String(NOW)), /separator between/],
    [
      'the timestamp comes first, with a separator',
      mac(String(NOW), '.', BODY),
      /the timestamp, a separator and the body/,
    ],
    ['the timestamp is in milliseconds', mac(BODY, `${NOW}000`), /milliseconds/],
    ['the body was written again', mac(JSON.stringify(JSON.parse(BODY), null, 2), String(NOW)), /another spelling/],
    [
      'the secret is its hexadecimal text',
      createHmac('sha256', SECRET.toString('hex')).update(BODY).update(String(NOW)).digest('hex'),
      /hexadecimal text/,
    ],
    ['the MAC is in base64', Buffer.from(mac(BODY, String(NOW)), 'hex').toString('base64'), /written in another way/],
    ['it is something else', '0'.repeat(64), /None of the classic mistakes/],
  ])('is explained where %s', async (_, sent, hint) => {
    const found = await verifyHook(sent)
    expect(found).toMatchObject({ outcome: 'deny', reason: 'signature_invalid' })
    expect(found.hints[0]).toMatch(hint)
    expect(found.signedText).toEqual([
      `<the ${Buffer.byteLength(BODY)} bytes of the body, SHA-256 ${sha256(BODY)}>`,
      `${NOW} (at once behind the body, nothing behind it)`,
    ])
  })
})

describe('verify refuses', () => {
  it.each([
    ['no audience', ['verify', '--key-file', 'keys.json'], 2, /--audience is required/],
    ['no keys', ['verify', '--audience', 'x'], 2, /A key is needed/],
    [
      'request and secret from one place',
      ['verify', '--audience', 'x', '--key-id', 'a', '--secret-stdin'],
      2,
      /cannot both come from standard input/,
    ],
    [
      'a JWK Set without an issuer',
      ['verify', '--audience', 'x', '--key-file', 'keys.json', '--jwks', 'x'],
      2,
      /--jwks stands without its --issuer/,
    ],
    [
      'an issuer without keys',
      ['verify', '--audience', 'x', '--key-id', 'a', '--secret-env', 'SECRET', '--issuer', 'i'],
      2,
      /--issuer stands without its keys/,
    ],
    [
      'a window that is none',
      ['verify', '--audience', 'x', '--key-file', 'keys.json', '--window', '2h'],
      2,
      /windowSeconds must be/,
    ],
    ['keys for nothing', ['verify', '--audience', 'x', '--key-file', 'empty.json'], 2, /nothing to verify with/],
  ])('%s', async (_, args, code, problem) => {
    at.write('empty.json', '{"version":1,"keys":[]}')
    expect(await at.run(args, { stdin: 'GET / HTTP/1.1\n\n' })).toMatchObject({
      code,
      out: '',
      err: expect.stringMatching(problem),
    })
  })
})
