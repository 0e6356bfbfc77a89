import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { type KeyFile, toKeyRingEntry, toPrivateKey } from '@countersign/core/key-file'
import { expect, it, vi } from 'vitest'
import { desk, headersIn, message } from './kit.js'

/** Every spelling of some secret bytes that somebody could use. */
function spellings(secret: Uint8Array): string[] {
  const bytes = Buffer.from(secret)
  return [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('latin1'),
    createHash('sha256').update(bytes).digest('hex'),
  ]
}

function privateSpellings(key: KeyObject): string[] {
  const { d = '', p = '', q = '', dp = '', dq = '', qi = '' } = key.export({ format: 'jwk' })
  const der = key.export({ format: 'der', type: 'pkcs8' })
  const body = key.export({ format: 'pem', type: 'pkcs8' }).toString().split('\n')
  return [d, p, q, dp, dq, qi, der.toString('base64url'), ...body.slice(1, -2)].filter((text) => text.length >= 8)
}

function secretsIn({ keys, signingKeys = [] }: KeyFile): string[] {
  return [
    ...keys
      .filter(({ secret }) => 'base64url' in secret)
      .flatMap((entry) => spellings(toKeyRingEntry(entry).secret as Uint8Array)),
    ...signingKeys
      .filter(({ privateKey }) => privateKey !== undefined && 'base64url' in privateKey)
      .flatMap((entry) => privateSpellings(toPrivateKey(entry))),
  ]
}

const at = desk()
const kek = randomBytes(32)
const given = randomBytes(64)
const text = 'correct horse battery staple correct horse'
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

it('no command prints a secret, a private key or a token, whatever becomes of it', async () => {
  const warnings = vi.mocked(process.emitWarning)
  at.write('kek', kek.toString('base64url'))
  at.write('pem', pem.export({ format: 'pem', type: 'pkcs8' }))
  at.write('jwk', JSON.stringify({ ...pem.export({ format: 'jwk' }), kid: 'jwk', alg: 'RS256' }))
  Object.assign(at.env, {
    HEX: given.toString('hex'),
    TEXT: text,
    KEK: kek.toString('base64url'),
    PEM: pem.export({ format: 'pem', type: 'pkcs8' }).toString(),
  })

  const file = ['--key-file', 'keys.json']
  const who = ['--issuer', 'i', '--audience', 'orders', '--subject', 's']
  const secret = ['--secret-env', 'HEX', '--secret-format', 'hex']
  const weak = ['--secret-env', 'TEXT', '--allow-weak-secret']

  // Everything that works.
  await at.ok(['keys', 'create', 'a-1', '--client', 'a', ...file, '--secret-out', 'a.hex'])
  await at.ok(['keys', 'create', 'm-1', '--algorithm', 'RS256', ...file, '--secret-out', 'm.pem'])
  await at.ok(['keys', 'import', 'hex', '--client', 'b', ...secret, ...file])
  await at.ok(['keys', 'import', 'hook', '--client', 'c', '--profile', 'body-timestamp', ...weak, ...file])
  await at.ok(['keys', 'import', 'pem', '--algorithm', 'PS256', '--secret-env', 'PEM', ...file])
  await at.ok(['keys', 'import', '--secret-file', 'jwk', ...file])
  await at.ok(['keys', 'rotate', 'a-1', ...file])
  await at.ok(['keys', 'rotate', 'm-1', ...file])
  await at.ok(['keys', 'retire', 'a-1', ...file])
  await at.ok(['keys', 'export-jwks', ...file])
  await at.ok(['keys', 'create', 's-1', '--client', 's', '--key-file', 'sealed.json'])
  const beforeSealing = secretsIn(at.keyFile('sealed.json'))
  await at.ok(['keys', 'rotate', 's-1', '--key-file', 'sealed.json', '--kek-env', 'KEK'])
  const token = (await at.ok(['token', 'mint', ...file, ...who])).trim()
  const minted = at.printed.length - 1
  at.env['TOKEN'] = token
  at.write('token', token)
  at.write('jwks', await at.ok(['keys', 'export-jwks', ...file]))
  const sign = ['sign', 'http://127.0.0.1/orders', '--key-id', 'hex', '--audience', 'orders', ...file]
  const headers = headersIn(await at.ok([...sign, '--token-env', 'TOKEN']))
  at.write('good.http', message('GET /orders HTTP/1.1', { host: 'x', authorization: `Bearer ${token}`, ...headers }))
  await at.ok(['verify', 'good.http', '--audience', 'orders', ...file, '--issuer', 'i'])

  // And what does not, in both forms of output.
  at.write('bad.http', message('GET /order HTTP/1.1', { host: 'x', authorization: `Bearer ${token}`, ...headers }))
  at.write(
    'body.http',
    message(
      'POST /orders HTTP/1.1',
      { host: 'x', 'x-hmac-timestamp': String(at.now), 'x-hmac-sha256': '0'.repeat(64) },
      'a body',
    ),
  )
  at.write('broken.json', `{"version":1,"keys":[{"id":"a","client":"a","secret":"${given.toString('hex')}"}]}`)
  at.write('half.json', at.read('keys.json').slice(0, -20))
  const failing = [
    ['verify', 'bad.http', '--audience', 'orders', ...file],
    ['verify', 'good.http', '--audience', 'billing', ...file],
    ['verify', 'good.http', '--audience', 'orders', ...file, '--now', '+1d'],
    ['verify', 'good.http', '--audience', 'orders', '--key-id', 'hex', ...weak],
    ['verify', 'body.http', '--audience', 'orders', ...file],
    ['verify', 'token', '--audience', 'orders', ...file],
    ['verify', 'keys.json', '--audience', 'orders', ...file],
    ['token', 'inspect', 'token'],
    ['token', 'inspect', 'token', '--jwks', 'jwks', '--issuer', 'other'],
    ['token', 'inspect', 'token', '--public-key', 'pem'],
    ['token', 'inspect', 'token', ...secret],
    ['token', 'inspect', 'keys.json'],
    ['token', 'inspect', 'pem'],
    ['token', 'inspect', 'token', '--jwks', 'pem'],
    ['token', 'inspect', 'token', '--jwks', 'jwk', '--algorithms', 'ES256'],
    ['token', 'mint', '--secret-env', 'TEXT', ...who],
    ['token', 'mint', '--secret-env', 'PEM', '--algorithm', 'ES256', ...who],
    ['token', 'mint', '--secret-file', 'keys.json', '--algorithm', 'HS512', '--secret-format', 'hex', ...who],
    [...sign, '--token-env', 'PEM'],
    ['sign', '/', '--key-id', 'x', '--audience', 'x', '--secret-env', 'TEXT', '--secret-format', 'base64'],
    ['sign', '/', '--key-id', 'x', '--audience', 'x', '--secret-file', 'keys.json', '--secret-format', 'hex'],
    ['sign', '/', '--key-id', 's-1', '--audience', 'x', '--key-file', 'sealed.json'],
    ['sign', '/', '--key-id', 's-1', '--audience', 'x', '--key-file', 'sealed.json', '--kek-env', 'TEXT'],
    ['keys', 'list', '--key-file', 'broken.json'],
    ['keys', 'list', '--key-file', 'half.json'],
    ['keys', 'list', '--key-file', 'pem'],
    ['keys', 'create', 'b', '--client', 'b', '--key-file', 'sealed.json', '--kek-env', 'HEX'],
    ['keys', 'import', 'twin', '--client', 'b', ...secret, ...file],
    ['keys', 'import', 'x', '--algorithm', 'RS256', '--secret-env', 'TEXT', ...file],
    // The secret itself, where something else should stand.
    ...[given.toString('hex'), text, token, kek.toString('base64url'), String(at.env['PEM'])].flatMap((value) => [
      ['keys', 'retire', value, ...file],
      ['keys', 'create', value, '--client', 'x', ...file, '--secret-format', 'none'],
      ['keys', 'list', '--key-file', value],
      ['sign', value, '--key-id', 'hex', '--audience', 'x', ...file],
      ['sign', '/', '--key-id', value, '--audience', 'x', ...file],
      ['sign', '/', '--key-id', 'x', '--audience', 'x', '--secret-env', value],
      ['sign', '/', '--key-id', 'x', '--audience', 'x', '--secret-file', value],
      ['sign', '/', `--secret=${value}`],
      ['sign', '/', '--header', value, '--key-id', 'hex', '--audience', 'x', ...file],
      ['verify', value, '--audience', 'x', ...file],
      ['token', 'inspect', value],
      ['token', 'mint', '--secret-env', 'HEX', '--algorithm', value, ...who],
      ['token', 'inspect', 'token', '--now', value],
      ['token', 'inspect', 'token', '--algorithms', value],
      ['completion', value],
      [value],
      ['keys', value],
      ['keys', 'list', ...file, value],
      ['keys', 'list', ...file, `--${value}`],
    ]),
  ]
  for (const args of failing) {
    for (const form of [[], ['--json']]) {
      const { code, err } = await at.run([...args, ...form])
      // Without a key nothing speaks against the token.
      if (args[1] !== 'inspect') expect({ args, code }).not.toMatchObject({ code: 0 })
      expect(err).not.toMatch(/\n\s+at /)
    }
  }

  const fromFiles = [...secretsIn(at.keyFile()), ...beforeSealing]
  const parts = [token, ...token.split('.').slice(1)]
  const secrets = [
    ...fromFiles,
    ...spellings(given),
    text,
    ...spellings(kek),
    ...privateSpellings(pem),
    ...privateSpellings(createPrivateKey(at.read('m.pem'))),
    at.read('a.hex').trim(),
  ]
  expect(secrets.length).toBeGreaterThan(60)
  for (const [index, { out, err }] of at.printed.entries()) {
    for (const secretText of [...secrets, ...(index === minted ? [] : parts)]) {
      if (out.includes(secretText) || err.includes(secretText)) expect(`${out}${err}`).toBe('without a secret')
    }
  }
  for (const [warning] of warnings.mock.calls)
    for (const secretText of secrets) expect(String(warning)).not.toContain(secretText)
})
