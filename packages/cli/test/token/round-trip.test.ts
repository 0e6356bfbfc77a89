import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { desk, NOW } from '../kit.js'

const at = desk()
const WHO = ['--issuer', 'https://id.example', '--audience', 'orders', '--subject', 'alice']
const RULES = ['--issuer', 'https://id.example', '--audience', 'orders']

const pairs = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  RS512: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS384: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}

describe('a token that was minted', () => {
  it.each(Object.entries(pairs))(
    'with %s is accepted by PEM, JWKS and key file, and by no other key',
    async (algorithm, generate) => {
      const { privateKey, publicKey } = generate()
      at.write('key.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }))
      at.write('public.pem', publicKey.export({ format: 'pem', type: 'spki' }))
      at.write('other.pem', generate().publicKey.export({ format: 'pem', type: 'spki' }))
      at.write(
        'jwks.json',
        JSON.stringify({
          keys: [
            { kty: 'oct', k: 'AAAA', kid: 'foreign' },
            { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: algorithm },
          ],
        }),
      )
      const file = `${algorithm}.json`
      await at.ok(['keys', 'import', 'k1', '--algorithm', algorithm, '--secret-file', 'key.pem', '--key-file', file])

      const byPem = await at.ok([
        'token',
        'mint',
        '--secret-file',
        'key.pem',
        '--algorithm',
        algorithm,
        '--kid',
        'k1',
        ...WHO,
      ])
      const byFile = await at.ok(['token', 'mint', '--key-file', file, ...WHO])
      for (const token of [byPem, byFile]) {
        for (const source of [
          ['--public-key', 'public.pem'],
          ['--jwks', 'jwks.json'],
          ['--key-file', file],
        ]) {
          const ran = await at.run(['token', 'inspect', ...source, ...RULES, '--json'], { stdin: token })
          expect(JSON.parse(ran.out)).toMatchObject({
            verdict: 'accepted',
            signature: 'holds',
            refusals: [],
            header: { alg: algorithm, kid: 'k1' },
          })
          expect(ran.code).toBe(0)
        }
        const ran = await at.run(['token', 'inspect', '--public-key', 'other.pem', ...RULES, '--json'], {
          stdin: token,
        })
        expect(JSON.parse(ran.out)).toMatchObject({
          verdict: 'refused',
          signature: 'does not hold',
          refusals: [{ reason: 'signature_invalid' }],
        })
        expect(ran.code).toBe(1)
      }
    },
  )

  it.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('with %s is accepted with the secret, and with no other', async (algorithm, bytes) => {
    at.env['SECRET'] = 'x'.repeat(bytes)
    at.env['OTHER'] = 'y'.repeat(bytes)
    const token = await at.ok(['token', 'mint', '--secret-env', 'SECRET', '--algorithm', algorithm, ...WHO])
    expect((await at.run(['token', 'inspect', '--secret-env', 'SECRET', ...RULES], { stdin: token })).code).toBe(0)
    expect((await at.run(['token', 'inspect', '--secret-env', 'OTHER', ...RULES], { stdin: token })).out).toContain(
      'signature_invalid',
    )
  })

  it('with a JWK needs no word more', async () => {
    const { privateKey } = pairs.ES256()
    at.write('jwk.json', JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'own', alg: 'ES256' }))
    const { header } = (await at.json(['token', 'inspect'], {
      stdin: await at.ok(['token', 'mint', '--secret-file', 'jwk.json', ...WHO]),
    })) as { header: unknown }
    expect(header).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'own' })
  })

  it('with a secret is not accepted by a public key of that text, nor the reverse', async () => {
    const pem = pairs.RS256().publicKey.export({ format: 'pem', type: 'spki' }).toString()
    at.write('confused.pem', pem)
    const token = await at.ok(['token', 'mint', '--secret-file', 'confused.pem', '--algorithm', 'HS256', ...WHO])
    expect(
      (await at.run(['token', 'inspect', '--public-key', 'confused.pem', ...RULES], { stdin: token })).out,
    ).toContain('algorithm_not_allowed')
  })
})

describe('token mint', () => {
  const mint = async (...args: readonly string[]) => {
    at.env['SECRET'] = 'x'.repeat(32)
    const token = await at.ok(['token', 'mint', '--secret-env', 'SECRET', '--algorithm', 'HS256', ...WHO, ...args])
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  }

  it('signs these claims, for five minutes', async () => {
    expect(await mint()).toEqual({
      iss: 'https://id.example',
      aud: 'orders',
      sub: 'alice',
      iat: NOW,
      exp: NOW + 300,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect((await mint())['jti']).not.toBe((await mint())['jti'])
  })

  it('takes roles, scopes, times and other claims', async () => {
    expect(
      await mint(
        '--role',
        'a',
        '--role',
        'b',
        '--scope',
        'x y',
        '--not-before',
        '+1m',
        '--expires-in',
        '1h',
        '--claim',
        'level=3',
        '--claim',
        'tenant=acme=1',
        '--claim',
        'aud=["a","b"]',
      ),
    ).toMatchObject({
      roles: ['a', 'b'],
      scope: 'x y',
      nbf: NOW + 60,
      exp: NOW + 3600,
      level: 3,
      tenant: 'acme=1',
      aud: ['a', 'b'],
    })
  })

  it('warns of a life above an hour, and not of an hour', async () => {
    const life = (time: string) =>
      at.run(['token', 'mint', '--secret-env', 'SECRET', '--algorithm', 'HS256', ...WHO, '--expires-in', time])
    expect(await life('60m')).toMatchObject({ code: 0, err: '' })
    expect(await life('61m')).toMatchObject({
      code: 0,
      err: expect.stringContaining('lives for more than an hour, until 2026-11-22T13:01:00Z'),
    })
  })

  it('prints what it signed as JSON', async () => {
    expect(
      await at.json(['token', 'mint', '--secret-env', 'SECRET', '--algorithm', 'HS256', '--kid', 'k', ...WHO]),
    ).toMatchObject({
      token: expect.stringMatching(/^eyJ/),
      algorithm: 'HS256',
      kid: 'k',
      claims: { sub: 'alice' },
    })
  })

  it('takes the newest active key of a file: next, current, previous', async () => {
    const file = ['--key-file', 'newest.json']
    await at.ok(['keys', 'create', 'm-1', '--algorithm', 'EdDSA', ...file])
    await at.ok(['keys', 'rotate', 'm-1', '--at', '+1h', '--overlap', '1h', ...file])
    const kid = async (now: number, ...args: readonly string[]) => {
      at.now = now
      const { code, out, err } = await at.run(['token', 'mint', ...file, ...WHO, ...args])
      return code === 0 ? JSON.parse(Buffer.from(out.split('.')[0] ?? '', 'base64url').toString()).kid : err
    }
    expect(await kid(NOW)).toBe('m-1')
    expect(await kid(NOW + 3600)).toBe('m-2')
    expect(await kid(NOW + 3600, '--kid', 'm-1')).toBe('m-1')
    expect(await kid(NOW + 7201, '--kid', 'm-1')).toContain('Give one of: m-2.')
    at.now = NOW
  })

  it.each([
    ['no key', [], 2, /A secret is needed/],
    ['a file without a signing key', ['--key-file', 'none.json'], 1, /no such active signing key.*\n.*keys create/],
    ['a short secret', ['--secret-env', 'SHORT', '--algorithm', 'HS256'], 2, /too short for HS256/],
    ['an unknown algorithm', ['--secret-env', 'SECRET', '--algorithm', 'none'], 2, /--algorithm is not known/],
    ['a secret for a key pair', ['--secret-env', 'SECRET', '--algorithm', 'RS256'], 1, /cannot be read/],
    ['a claim without a value', ['--secret-env', 'SECRET', '--algorithm', 'HS256', '--claim', 'x'], 2, /no name=value/],
    [
      'a life without a unit',
      ['--secret-env', 'SECRET', '--algorithm', 'HS256', '--expires-in', '300'],
      2,
      /Give a number and a unit/,
    ],
  ])('refuses %s', async (_, args, code, problem) => {
    at.env['SHORT'] = 'hunter2'
    at.write('none.json', '{"version":1,"keys":[]}')
    const ran = await at.run(['token', 'mint', ...args, ...WHO])
    expect(ran).toMatchObject({ code, out: '', err: expect.stringMatching(problem) })
    expect(ran.err).not.toContain('hunter2')
  })

  it('refuses a public key', async () => {
    at.write('public.pem', pairs.EdDSA().publicKey.export({ format: 'pem', type: 'spki' }))
    expect(await at.run(['token', 'mint', '--secret-file', 'public.pem', ...WHO])).toMatchObject({
      code: 1,
      err: expect.stringContaining('The key is a public one'),
    })
  })

  it.each(['--issuer', '--audience', '--subject'])(
    'asks for %s: without it no verifier takes the token',
    async (option) => {
      const at2 = WHO.filter((_, index) => WHO[index - (index % 2)] !== option)
      expect(await at.run(['token', 'mint', '--secret-env', 'SECRET', '--algorithm', 'HS256', ...at2])).toMatchObject({
        code: 2,
        err: expect.stringContaining(`${option} is required`),
      })
    },
  )
})
