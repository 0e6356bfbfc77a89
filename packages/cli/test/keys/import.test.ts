import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { toKeyRingEntry, toPrivateKey } from '@countersign/core/key-file'
import { describe, expect, it } from 'vitest'
import { desk } from '../kit.js'

const at = desk()
let files = 0
const fresh = () => ['--key-file', `keys-${++files}.json`] as const
const secret = randomBytes(32)

describe('keys import of a shared secret', () => {
  it.each([
    ['hex', secret.toString('hex')],
    ['base64', secret.toString('base64')],
    ['base64url', secret.toString('base64url')],
    ['hex', `${secret.toString('hex').toUpperCase()}\r\n`],
  ])('takes it in %s, from stdin, a variable and a file', async (format, text) => {
    at.write('secret', text)
    at.env['SECRET'] = text
    for (const source of [['--secret-stdin'], ['--secret-env', 'SECRET'], ['--secret-file', 'secret']]) {
      const file = fresh()
      await at.ok(['keys', 'import', 'p-1', '--client', 'p', '--secret-format', format, ...source, ...file], {
        stdin: text,
      })
      expect(at.keyFile(file[1]).keys.map((entry) => toKeyRingEntry(entry))).toMatchObject([
        { id: 'p-1', client: 'p', secret },
      ])
    }
  })

  it('takes text by default, all bytes of it but one line end', async () => {
    const file = fresh()
    await at.ok(['keys', 'import', 'p-1', '--client', 'p', '--secret-stdin', ...file], {
      stdin: `${'x'.repeat(32)} ñ\n`,
    })
    expect(at.keyFile(file[1]).keys.map((entry) => Buffer.from(toKeyRingEntry(entry).secret).toString())).toEqual([
      `${'x'.repeat(32)} ñ`,
    ])
  })

  it('refuses a short one, unless told otherwise', async () => {
    const file = fresh()
    const args = [
      'keys',
      'import',
      'hook',
      '--client',
      'shop',
      '--profile',
      'body-timestamp',
      '--secret-stdin',
      ...file,
    ]
    const short = await at.run(args, { stdin: 'clave-secreta' })
    expect(short).toMatchObject({ code: 1, err: expect.stringContaining('has 13 bytes; at least 32 are needed') })
    expect(short.err).not.toContain('clave')
    await at.ok([...args, '--allow-weak-secret'], { stdin: 'clave-secreta' })
    expect(at.keyFile(file[1]).keys[0]).toMatchObject({ id: 'hook', allowWeakSecret: true })
  })

  it('refuses the secret of another key, also where it is padded', async () => {
    const file = fresh()
    await at.ok(['keys', 'import', 'one', '--client', 'a', '--secret-format', 'hex', '--secret-stdin', ...file], {
      stdin: secret.toString('hex'),
    })
    const before = at.read(file[1])
    const twin = await at.run(
      ['keys', 'import', 'two', '--client', 'a', '--secret-format', 'hex', '--secret-stdin', ...file],
      { stdin: `${secret.toString('hex')}00` },
    )
    expect(twin).toMatchObject({ code: 1, err: expect.stringContaining('of two is the same key as that of one') })
    expect(at.read(file[1])).toBe(before)
  })

  it.each([
    ['no source', [], 2, /A secret is needed/],
    ['two sources', ['--secret-env', 'SECRET', '--secret-stdin'], 2, /given twice/],
    ['a variable that is not set', ['--secret-env', 'NOBODY'], 1, /--secret-env names is not set/],
    ['the value in place of the name', ['--secret-env', 'hunter2-hunter2'], 2, /Give the name, not the value/],
    ['a file that is not there', ['--secret-file', 'hunter2'], 1, /none of that name/],
    ['an unknown format', ['--secret-stdin', '--secret-format', 'rot13'], 2, /--secret-format is not known/],
    ['another format', ['--secret-stdin', '--secret-format', 'base64'], 1, /The secret is not base64/],
  ])('refuses %s and repeats nothing', async (_, args, code, problem) => {
    const ran = await at.run(['keys', 'import', 'p-1', '--client', 'p', ...args, ...fresh()], {
      stdin: 'hunter2 hunter2 hunter2 hunter2 hunter2!',
    })
    expect(ran).toMatchObject({ code, err: expect.stringMatching(problem) })
    expect(ran.err).not.toContain('hunter2')
  })

  it('does not wait for somebody to type a secret', async () => {
    expect(await at.run(['keys', 'import', 'p-1', '--client', 'p', '--secret-stdin', ...fresh()])).toMatchObject({
      code: 2,
      err: expect.stringContaining('standard input is a terminal'),
    })
  })
})

describe('keys import of a key pair', () => {
  const pairs = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
  }

  it.each(Object.entries(pairs))(
    'takes a private key for %s in PEM and as a JWK',
    async (algorithm, { privateKey, publicKey }) => {
      const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
      const jwk = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'own', alg: algorithm })
      for (const [stdin, args] of [
        [pem, ['own', '--algorithm', algorithm]],
        [jwk, []],
      ] as const) {
        const file = fresh()
        await at.ok(['keys', 'import', ...args, '--secret-stdin', ...file], { stdin })
        const [entry] = at.keyFile(file[1]).signingKeys ?? []
        expect(entry).toMatchObject({ kid: 'own', algorithm })
        expect(entry && createPublicKey(toPrivateKey(entry)).equals(publicKey)).toBe(true)
      }
    },
  )

  it('takes a public key: what a verifier needs', async () => {
    const file = fresh()
    const stdin = pairs.ES256.publicKey.export({ format: 'pem', type: 'spki' }).toString()
    expect(
      await at.json(['keys', 'import', 'theirs', '--algorithm', 'ES256', '--secret-stdin', ...file], { stdin }),
    ).toMatchObject({ imported: { id: 'theirs', secret: 'not here' } })
    expect(at.keyFile(file[1]).signingKeys?.[0]).not.toHaveProperty('privateKey')
  })

  it('finds the algorithm where the key leaves no choice, and asks for it where it does', async () => {
    const ec = pairs.ES256.privateKey.export({ format: 'pem', type: 'sec1' }).toString()
    expect(await at.json(['keys', 'import', 'k', '--secret-stdin', ...fresh()], { stdin: ec })).toMatchObject({
      imported: { algorithm: 'ES256' },
    })
    const rsa = pairs.RS256.privateKey.export({ format: 'pem', type: 'pkcs1' }).toString()
    expect(await at.run(['keys', 'import', 'k', '--secret-stdin', ...fresh()], { stdin: rsa })).toMatchObject({
      code: 2,
      err: expect.stringContaining('--algorithm is needed'),
    })
  })

  it.each([
    [
      'a key for another algorithm',
      pairs.ES256.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      ['k', '--algorithm', 'RS256'],
      /none for RS256/,
    ],
    [
      'a weak key',
      generateKeyPairSync('rsa', { modulusLength: 1024 })
        .privateKey.export({ format: 'pem', type: 'pkcs8' })
        .toString(),
      ['k', '--algorithm', 'RS256'],
      /1024 bits/,
    ],
    ['something else', 'hunter2', ['k', '--algorithm', 'RS256'], /cannot be read/],
    ['a JWK that is broken', '{"kty":"EC","d":"hunter2"}', ['k', '--algorithm', 'ES256'], /cannot be read/],
    [
      'a key without a name',
      pairs.EdDSA.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      [],
      /<id> is required/,
    ],
  ])('refuses %s', async (_, stdin, args, problem) => {
    const ran = await at.run(['keys', 'import', ...args, '--secret-stdin', ...fresh()], { stdin })
    expect(ran.err).toMatch(problem)
    expect(ran.code).toBeGreaterThan(0)
    expect(ran.err).not.toContain('hunter2')
  })
})
