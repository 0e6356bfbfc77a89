import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { accepts, bearerTokens } from '../../../vectors/test/vectors.js'
import { desk, NOW } from '../kit.js'

const at = desk()
const SECRET = 'x'.repeat(32)
at.env['SECRET'] = SECRET

const segment = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const GOOD = { iss: 'https://id.example', aud: 'orders', sub: 'alice', iat: NOW, exp: NOW + 300 }
const RULES = ['--issuer', 'https://id.example', '--audience', 'orders']

function token(claims: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}): string {
  const input = `${segment({ alg: 'HS256', ...header })}.${segment({ ...GOOD, ...claims })}`
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`
}

interface Found {
  readonly verdict: string
  readonly signature: string
  readonly refusals: readonly { readonly reason: string }[]
  readonly notCompared: readonly string[]
}

const inspect = async (stdin: string, ...args: readonly string[]) =>
  (await at.json(['token', 'inspect', ...args], { stdin })) as Found
const reasons = async (stdin: string, ...args: readonly string[]) =>
  (await inspect(stdin, ...RULES, ...args)).refusals.map(({ reason }) => reason)

describe('token inspect without a key', () => {
  it('never calls a token valid, whatever it says', async () => {
    const ran = await at.run(['token', 'inspect', ...RULES], { stdin: token() })
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('Not verified: nothing here speaks against it, and without a key nothing here is proven')
    expect(ran.out).not.toMatch(/accepted|valid|holds/i)
    expect(await inspect(token(), ...RULES)).toMatchObject({
      verdict: 'unverified',
      signature: 'not checked',
      refusals: [],
    })
  })

  it('shows header, claims and times', async () => {
    const { out } = await at.run(['token', 'inspect', ...RULES], { stdin: token({ roles: ['a'] }, { kid: 'k1' }) })
    expect(out).toMatch(/Header\n {2}alg {2}"HS256"\n {2}kid {2}"k1"\n/)
    expect(out).toContain('exp    1795349100  2026-11-22T12:05:00Z, in 5 min\n')
    expect(out).toContain('roles  ["a"]\n')
  })

  it('says what it did not compare', async () => {
    expect((await inspect(token())).notCompared).toEqual([
      'iss was not compared: give --issuer',
      'aud was not compared: give --audience',
    ])
    expect((await inspect(token(), ...RULES)).notCompared).toEqual([])
  })

  it('takes the token from a file, with the words of a header or without', async () => {
    for (const text of [token(), `${token()}\n`, `Bearer ${token()}`, `Authorization: Bearer ${token()}\r\n`]) {
      at.write('token', text)
      expect((await at.run(['token', 'inspect', 'token', ...RULES])).code).toBe(0)
    }
  })

  it.each<[string, Record<string, unknown>, string[], string[]]>([
    ['another issuer', { iss: 'https://id.example/' }, [], ['issuer_invalid']],
    ['no issuer', { iss: undefined }, [], ['issuer_invalid']],
    ['another audience', { aud: ['billing'] }, [], ['audience_invalid']],
    ['one audience of several', { aud: ['billing', 'orders'] }, [], []],
    ['no subject', { sub: undefined }, [], ['claim_missing']],
    ['a subject that is a number', { sub: 7 }, [], ['claim_invalid']],
    ['no end', { exp: undefined }, [], ['claim_missing']],
    ['an end 29 s ago: within the skew', { exp: NOW - 29 }, [], []],
    ['an end 30 s ago', { exp: NOW - 30 }, [], ['token_expired']],
    ['a beginning in 30 s: within the skew', { nbf: NOW + 30 }, [], []],
    ['a beginning in 31 s', { nbf: NOW + 31 }, [], ['token_not_yet_valid']],
    ['an issue in 31 s', { iat: NOW + 31 }, [], ['token_not_yet_valid']],
    ['an age of 90 s where 60 s are asked for, and the skew', { iat: NOW - 90 }, ['--max-age', '1m'], []],
    ['an age of 91 s', { iat: NOW - 91 }, ['--max-age', '1m'], ['token_too_old']],
    ['an end that is a text', { exp: '1795349100' }, [], ['claim_invalid']],
    [
      'everything at once',
      { iss: 'x', aud: 'y', sub: undefined, exp: NOW - 1000, nbf: NOW + 1000 },
      [],
      ['issuer_invalid', 'audience_invalid', 'claim_missing', 'token_expired', 'token_not_yet_valid'],
    ],
  ])('finds %s', async (_, claims, args, expected) => {
    expect(await reasons(token(claims), ...args)).toEqual(expected)
  })

  it('judges as of another moment', async () => {
    expect(await reasons(token(), '--now', '+1h')).toEqual(['token_expired'])
    expect(await reasons(token(), '--now', String(NOW - 100))).toEqual(['token_not_yet_valid'])
  })

  it('judges type and algorithm', async () => {
    expect(await reasons(token({}, { typ: 'logout+jwt' }))).toEqual(['token_type_invalid'])
    expect(await reasons(token({}, { typ: 'JWT' }), '--token-type', 'at+jwt')).toEqual(['token_type_invalid'])
    expect(await reasons(token({}, { alg: 'none' }))).toEqual(['algorithm_not_allowed'])
    expect(await reasons(token(), '--algorithms', 'RS256,ES256')).toEqual(['algorithm_not_allowed'])
    expect(await reasons(token(), '--algorithms', 'RS256,HS256')).toEqual([])
  })

  it.each([
    ['two segments', 'abc.def'],
    ['no base64url', 'a!b.c.d'],
    ['a header that is none', `${segment('[]')}.${segment(GOOD)}.c2ln`],
    ['a name twice', `${segment({ alg: 'HS256' })}.${segment('{"sub":"a","sub":"b"}')}.c2ln`],
    ['a critical parameter', `${segment({ alg: 'HS256', crit: ['x'] })}.${segment(GOOD)}.c2ln`],
  ])('calls a token malformed for %s', async (_, text) => {
    expect((await inspect(text, ...RULES)).refusals).toMatchObject([{ reason: 'token_malformed' }])
  })

  it('ends with 1 for what would be refused', async () => {
    const ran = await at.run(['token', 'inspect', ...RULES], { stdin: token({ aud: 'billing' }) })
    expect(ran.code).toBe(1)
    expect(ran.out).toContain(
      'Refused\n  audience_invalid  The token is meant for another audience: orders is the audience here\n',
    )
  })

  it('lets no claim steer the terminal', async () => {
    const { out } = await at.run(['token', 'inspect'], { stdin: token({ sub: '\u001b[2Jalice\u202e\u009b1m' }) })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed.
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })

  it('never repeats the token', async () => {
    for (const around of [[], ['--json'], ['--secret-env', 'SECRET']]) {
      const { out, err } = await at.run(['token', 'inspect', ...around], { stdin: token() })
      for (const part of token().split('.')) expect(out + err).not.toContain(part)
    }
  })
})

describe('token inspect with a key', () => {
  it('says that the signature holds where claims are refused', async () => {
    expect(await inspect(token({ exp: NOW - 31 }), ...RULES, '--secret-env', 'SECRET')).toMatchObject({
      verdict: 'refused',
      signature: 'holds',
      refusals: [{ reason: 'token_expired' }],
    })
  })

  it('says first that the signature does not, and then the rest', async () => {
    const [header, , signature] = token().split('.')
    const forged = `${header}.${segment({ ...GOOD, aud: 'billing' })}.${signature}`
    expect(await inspect(forged, ...RULES, '--secret-env', 'SECRET')).toMatchObject({
      verdict: 'refused',
      signature: 'does not hold',
      refusals: [{ reason: 'signature_invalid' }, { reason: 'audience_invalid' }],
    })
  })

  it('refuses the token of a key that ended', async () => {
    await at.ok(['keys', 'create', 'm-1', '--algorithm', 'EdDSA', '--key-file', 'keys.json'])
    const stdin = await at.ok([
      'token',
      'mint',
      '--key-file',
      'keys.json',
      '--issuer',
      'i',
      '--audience',
      'a',
      '--subject',
      's',
    ])
    expect((await inspect(stdin, '--key-file', 'keys.json')).verdict).toBe('accepted')
    await at.ok(['keys', 'rotate', 'm-1', '--key-file', 'keys.json'])
    await at.ok(['keys', 'retire', 'm-1', '--key-file', 'keys.json'])
    expect(await inspect(stdin, '--key-file', 'keys.json')).toMatchObject({
      verdict: 'refused',
      refusals: [{ reason: 'key_inactive' }],
    })
    await at.ok(['keys', 'retire', 'm-1', '--remove', '--key-file', 'keys.json'])
    expect(await inspect(stdin, '--key-file', 'keys.json')).toMatchObject({
      verdict: 'refused',
      signature: 'does not hold',
      refusals: [{ reason: 'key_unknown' }],
    })
  })

  it.each([
    ['two sources', ['--secret-env', 'SECRET', '--jwks', 'x'], 2, /two sources of keys/],
    ['no JWK Set', ['--jwks', 'bad.json'], 1, /holds no JWK Set/],
    ['no JSON', ['--jwks', 'bad.pem'], 1, /holds no JSON/],
    ['no PEM', ['--public-key', 'bad.json'], 1, /no public key in PEM/],
    ['token and secret from one place', ['--secret-stdin'], 2, /cannot both come from standard input/],
    ['an unknown algorithm', ['--algorithms', 'RS256,hunter2'], 2, /--algorithms is not known/],
    ['an unknown type', ['--token-type', 'jwt'], 2, /--token-type is not known/],
    ['a skew that no verifier allows', ['--skew', '6m'], 2, /at most 5m/],
  ])('refuses %s', async (_, args, code, problem) => {
    at.write('bad.json', '{"keys":"hunter2"}')
    at.write('bad.pem', 'hunter2')
    const ran = await at.run(['token', 'inspect', ...args], { stdin: token() })
    expect(ran).toMatchObject({ code, err: expect.stringMatching(problem) })
    expect(ran.err).not.toContain('hunter2')
  })

  it('refuses an empty token, and waits for nobody to type one', async () => {
    expect(await at.run(['token', 'inspect'], { stdin: '\n' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no token'),
    })
    expect(await at.run(['token', 'inspect'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('standard input is a terminal'),
    })
  })
})

const [bearerGroup] = bearerTokens().testGroups
const JWKS = {
  keys: bearerTokens().keys.flatMap(({ publicJwk, algorithm, kid }) =>
    publicJwk === undefined ? [] : [{ ...publicJwk, kid, alg: algorithm }],
  ),
}

/** Those of the first issuer, and those that name none. Whitespace around a token is what a file has, not what a header would have. */
const vectors = (bearerGroup?.tests ?? []).filter(
  ({ token: text }) =>
    text.trim() === text &&
    !text.includes(segment('https://legacy.test').slice(0, 12)) &&
    !/legacy/.test(Buffer.from(text.split('.').slice(0, 2).join(''), 'base64url').toString('latin1')),
)

describe('the shared vectors', () => {
  it.each(vectors)('$id: $comment', async (vector) => {
    at.write('jwks.json', JSON.stringify(JWKS))
    const found = await inspect(
      vector.token,
      '--jwks',
      'jwks.json',
      '--issuer',
      'https://issuer.test',
      '--audience',
      'target',
      '--now',
      '1700000000',
    )
    if (vector.result === 'valid') expect(found).toMatchObject({ verdict: 'accepted', refusals: [] })
    else
      expect(
        found.refusals.some(({ reason }) => accepts(vector, reason)) || found.refusals.map(({ reason }) => reason),
      ).toBe(true)
  })
})
