import { describe, expect, it } from 'vitest'
import { accepts, bodyTimestamps, type HmacVector, requestMacs } from '../../../vectors/test/vectors.js'
import { desk, headersIn, message, NOW } from '../kit.js'

const at = desk()
at.env['SECRET'] = 'f92700b2dbe5ef339baf4102bf15847a78db8a23572b739bfd735d9b52735a48'
at.env['LONG'] =
  'dc1137669cbe0d78b0f6c287adc95fdd949d0c234f1d386ded220dd67b36dd98e241d24414ffd241bdcf41a74edf156da95cd92420762b2f79151ccd9c6fd493'
const HEX = ['--secret-format', 'hex']
const BODY = '{"amount":1000}'
const JSON_TYPE = ['--header', 'content-type: application/json']

describe('what sign signs, verify allows', () => {
  it.each([
    ['a request without a body', 'GET /orders?limit=10', [], ''],
    ['a request with a body', 'POST /orders', ['--data', BODY, ...JSON_TYPE], BODY],
    ['another method', 'PATCH /orders/42', ['--method', 'PATCH', '--data', BODY, ...JSON_TYPE], BODY],
    ['a target with everything', "DELETE /a%20b/%C3%A9?x=1+2&y=%2F&z='", ['--method', 'DELETE'], ''],
  ])('%s', async (_, line, args, body) => {
    const type: Record<string, string> = body === '' ? {} : { 'content-type': 'application/json' }
    for (const [env, algorithm] of [
      ['SECRET', 'sha256'],
      ['LONG', 'sha512'],
    ] as const) {
      const key = ['--secret-env', env, ...HEX, '--key-id', 'billing', '--algorithm', algorithm, '--audience', 'orders']
      const headers = headersIn(await at.ok(['sign', line.split(' ')[1] ?? '', ...args, ...key]))
      expect(Object.keys(headers)).toEqual([
        'x-hmac-key-id',
        'x-hmac-timestamp',
        'x-hmac-nonce',
        'x-hmac-content-sha256',
        `x-hmac-${algorithm}`,
      ])
      const stdin = message(`${line} HTTP/1.1`, { host: 'orders.example', ...type, ...headers }, body)
      expect(await at.json(['verify', ...key], { stdin })).toMatchObject({
        outcome: 'allow',
        principal: { id: 'billing', scheme: 'hmac', keyId: 'billing' },
        hints: [],
      })
    }
  })

  it('with the profile body-timestamp', async () => {
    const key = ['--secret-env', 'SECRET', ...HEX, '--profile', 'body-timestamp']
    const headers = headersIn(await at.ok(['sign', '/hooks', '--data', BODY, ...key]))
    expect(Object.keys(headers)).toEqual(['x-hmac-timestamp', 'x-hmac-sha256'])
    const stdin = message('POST /hooks HTTP/1.1', { host: 'x', ...headers }, BODY)
    expect(await at.run(['verify', ...key], { stdin })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Allowed\n/),
    })
  })

  it('with a weak secret, where both say so', async () => {
    at.env['WEAK'] = 'clave-secreta'
    const key = ['--secret-env', 'WEAK', '--profile', 'body-timestamp', '--allow-weak-secret']
    const headers = headersIn(await at.ok(['sign', '/hooks', '--data', BODY, ...key]))
    expect(
      (await at.run(['verify', ...key], { stdin: message('POST /hooks HTTP/1.1', { host: 'x', ...headers }, BODY) }))
        .code,
    ).toBe(0)
    expect((await at.run(['sign', '/hooks', '--secret-env', 'WEAK', '--profile', 'body-timestamp'])).code).toBe(2)
  })

  it('with keys of a file, by id, by client, or the only one', async () => {
    const file = ['--key-file', 'keys.json']
    await at.ok(['keys', 'create', 'billing-1', '--client', 'billing', '--role', 'orders:write', ...file])
    const headers = async (...args: readonly string[]) =>
      headersIn(await at.ok(['sign', '/orders', '--audience', 'orders', ...file, ...args]))
    const stdin = message('GET /orders HTTP/1.1', { host: 'x', ...(await headers()) })
    expect(await at.json(['verify', '--audience', 'orders', ...file], { stdin })).toMatchObject({
      outcome: 'allow',
      principal: { id: 'billing', roles: ['orders:write'], keyId: 'billing-1' },
    })
    await at.ok(['keys', 'rotate', 'billing-1', ...file])
    expect((await headers('--client', 'billing'))['x-hmac-key-id']).toBe('billing-2')
    expect((await headers('--key-id', 'billing-1'))['x-hmac-key-id']).toBe('billing-1')
    expect(await at.run(['sign', '/orders', '--audience', 'orders', ...file])).toMatchObject({
      code: 1,
      err: expect.stringContaining('active now: billing-1, billing-2.'),
    })
  })

  it('with a bearer token, which is signed as well: user and service', async () => {
    const file = ['--key-file', 'both.json']
    await at.ok(['keys', 'create', 'gateway-1', '--client', 'gateway', ...file])
    await at.ok(['keys', 'create', 'main', '--algorithm', 'EdDSA', ...file])
    at.write('jwks.json', await at.ok(['keys', 'export-jwks', ...file]))
    const token = (
      await at.ok([
        'token',
        'mint',
        '--issuer',
        'https://id.example',
        '--audience',
        'orders',
        '--subject',
        'alice',
        '--role',
        'buyer',
        ...file,
      ])
    ).trim()
    at.env['TOKEN'] = token
    at.write('token', `${token}\n`)
    for (const source of [
      ['--token-env', 'TOKEN'],
      ['--token-file', 'token'],
    ]) {
      const headers = headersIn(await at.ok(['sign', '/orders', '--audience', 'orders', ...source, ...file]))
      expect(Object.keys(headers)).not.toContain('authorization')
      const stdin = message('GET /orders HTTP/1.1', { host: 'x', authorization: `Bearer ${token}`, ...headers })
      for (const issuer of [
        ['--issuer', 'https://id.example'],
        ['--issuer', 'https://id.example', '--jwks', 'jwks.json'],
      ]) {
        expect(await at.json(['verify', '--audience', 'orders', ...issuer, ...file], { stdin })).toMatchObject({
          outcome: 'allow',
          principal: { id: 'alice', roles: ['buyer'], issuer: 'https://id.example' },
          actor: { id: 'gateway' },
        })
      }
      expect(await at.json(['verify', '--audience', 'orders', ...file], { stdin })).toMatchObject({
        outcome: 'allow',
        principal: { id: 'gateway' },
        notes: ['Nobody looked at the Authorization header: give --issuer, and --jwks.'],
      })
      const swapped = message('GET /orders HTTP/1.1', { host: 'x', authorization: `Bearer ${token}x`, ...headers })
      expect(await at.json(['verify', '--audience', 'orders', ...file], { stdin: swapped })).toMatchObject({
        outcome: 'deny',
        reason: 'signature_invalid',
      })
    }
  })

  it('as of the moment that --now says, on both sides', async () => {
    const key = ['--secret-env', 'SECRET', ...HEX, '--key-id', 'billing', '--audience', 'orders']
    const headers = headersIn(await at.ok(['sign', '/', ...key, '--now', '2026-01-01T00:00:00Z']))
    const stdin = message('GET / HTTP/1.1', { host: 'x', ...headers })
    expect((await at.run(['verify', ...key, '--now', '2026-01-01T00:05:00Z'], { stdin })).code).toBe(0)
    expect((await at.run(['verify', ...key, '--now', '2026-01-01T00:05:01Z'], { stdin })).code).toBe(1)
    expect((await at.run(['verify', ...key, '--now', '2026-01-01T00:05:01Z', '--window', '10m'], { stdin })).code).toBe(
      0,
    )
  })
})

describe.each([
  ['request-mac.json', requestMacs()],
  ['body-timestamp.json', bodyTimestamps()],
] as const)('%s', (_, { testGroups }) => {
  /** What no HTTP parser hands on, no captured message can hold. */
  const canTravel = ({ method, target, headers }: HmacVector) =>
    /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(method) &&
    /^[\x21-\x7e\x80-\xff]+$/.test(target) &&
    headers.every(
      ([name, value]) =>
        /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && !/[\r\n\0]/.test(value) && value.trim() === value,
    )
  const vectors = testGroups.flatMap(({ tests }) => tests)

  it.each(vectors.filter(canTravel))('$id: $comment', async (vector) => {
    const { key, headers, method, target, audience, now, bodyHex } = vector
    const { secretHex, notBefore, notAfter, ...terms } = key
    const moment = (seconds: number | undefined) => seconds && new Date(seconds * 1000).toISOString()
    const entry = {
      ...terms,
      notBefore: moment(notBefore),
      notAfter: moment(notAfter),
      allowWeakSecret: true,
      secret: { base64url: Buffer.from(secretHex, 'hex').toString('base64url') },
    }
    at.write('vector.json', JSON.stringify({ version: 1, keys: [entry] }))
    const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), '', '']
    const stdin = Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), Buffer.from(bodyHex, 'hex')])
    const args = ['verify', '--key-file', 'vector.json', '--audience', audience, '--now', String(now)]
    const found = (await at.json(args, { stdin })) as { outcome: string; reason?: string }
    expect(accepts(vector, found.reason ?? found.outcome) || found).toBe(true)
  })

  it('travels, but for a few', () => {
    expect(vectors.filter(canTravel).length).toBeGreaterThan(vectors.length * 0.8)
  })
})

it('warns of a key that is not active, and signs all the same', async () => {
  await at.ok(['keys', 'create', 'later', '--client', 'a', '--not-before', '+1h', '--key-file', 'later.json'])
  const ran = await at.run(['sign', '/', '--audience', 'x', '--key-id', 'later', '--key-file', 'later.json'])
  expect(ran).toMatchObject({ code: 0, err: expect.stringContaining('the key is not active now') })
  expect(headersIn(ran.out)['x-hmac-timestamp']).toBe(String(NOW))
})
