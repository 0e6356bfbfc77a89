import { statSync } from 'node:fs'
import { type KeyFileSigningKey, toKeyRingEntry, toPrivateKey } from '@countersign/core/key-file'
import { describe, expect, it } from 'vitest'
import { desk, NOW } from '../kit.js'

const at = desk()
let files = 0
const fresh = () => `keys-${++files}.json`
const create = (file: string, ...args: readonly string[]) => ['keys', 'create', ...args, '--key-file', file]

describe('keys create', () => {
  it.each([
    ['sha256', 32],
    ['sha512', 64],
  ])('makes a %s secret of %d random bytes', async (algorithm, bytes) => {
    const file = fresh()
    await at.ok(create(file, 'billing-1', '--client', 'billing', '--algorithm', algorithm))
    await at.ok(create(file, 'billing-2', '--client', 'billing', '--algorithm', algorithm))
    const [first, second] = at.keyFile(file).keys.map((entry) => toKeyRingEntry(entry))
    expect(first).toMatchObject({ id: 'billing-1', client: 'billing', algorithm, profile: 'request' })
    expect(first?.secret).toHaveLength(bytes)
    expect(first?.secret).not.toEqual(second?.secret)
  })

  it.each([
    ['RS256', 'rsa'],
    ['PS256', 'rsa'],
    ['ES256', 'ec'],
    ['ES384', 'ec'],
    ['ES512', 'ec'],
    ['EdDSA', 'ed25519'],
  ])('makes a key pair for %s', async (algorithm, type) => {
    const file = fresh()
    await at.ok(create(file, 'main', '--algorithm', algorithm))
    const entry = at.keyFile(file).signingKeys?.[0] as KeyFileSigningKey
    expect(entry).toMatchObject({ kid: 'main', algorithm })
    expect(toPrivateKey(entry).asymmetricKeyType).toBe(type)
    expect(JSON.stringify(entry.publicJwk)).not.toMatch(/"d":/)
  })

  it('writes terms and window as a service reads them', async () => {
    const file = fresh()
    await at.ok(
      create(
        file,
        'hook-1',
        '--client',
        'shop',
        '--role',
        'orders:write',
        '--role',
        'orders:read',
        '--scope',
        'all',
        '--profile',
        'body-timestamp',
        '--method',
        'POST',
        '--path',
        '/hooks/*',
        '--refuse-repeats',
        '--not-before',
        '2026-12-01T00:00:00Z',
        '--not-after',
        '+30d',
      ),
    )
    expect(at.keyFile(file).keys[0]).toMatchObject({
      id: 'hook-1',
      client: 'shop',
      roles: ['orders:write', 'orders:read'],
      scopes: ['all'],
      profile: 'body-timestamp',
      methods: ['POST'],
      paths: ['/hooks/*'],
      refuseRepeats: true,
      notBefore: '2026-12-01T00:00:00Z',
      notAfter: '2026-12-22T12:00:00Z',
    })
  })

  it('keeps file and secret for their owner alone', async () => {
    const file = fresh()
    await at.ok(create(file, 'billing-1', '--client', 'billing', '--secret-out', 'mode.hex'))
    expect(statSync(at.path(file)).mode & 0o777).toBe(0o600)
    expect(statSync(at.path('mode.hex')).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['hex', 'hex'],
    ['base64', 'base64'],
    ['base64url', 'base64url'],
  ] as const)('hands the secret over in %s', async (format, encoding) => {
    const file = fresh()
    await at.ok(
      create(file, 'billing-1', '--client', 'billing', '--secret-out', `out.${format}`, '--secret-format', format),
    )
    const [entry] = at.keyFile(file).keys.map((key) => toKeyRingEntry(key))
    expect(Buffer.from(at.read(`out.${format}`).trim(), encoding)).toEqual(entry?.secret)
  })

  it('hands a private key over in PEM', async () => {
    await at.ok(create(fresh(), 'main', '--algorithm', 'ES256', '--secret-out', 'main.pem'))
    expect(at.read('main.pem')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
  })

  it('says what it made, and no secret', async () => {
    const file = fresh()
    expect(await at.json(create(file, 'billing-1', '--client', 'billing', '--role', 'a'))).toEqual({
      created: {
        id: 'billing-1',
        use: 'requests',
        algorithm: 'sha256',
        client: 'billing',
        roles: ['a'],
        profile: 'request',
        state: 'active',
        secret: 'in the clear',
      },
    })
    expect(await at.ok(create(file, 'billing-2', '--client', 'billing', '--not-before', '+2h'))).toBe(
      'Created billing-2.\nID         STATE       FOR      ALGORITHM  FROM                           UNTIL  SECRET        THUMBPRINT\n' +
        'billing-2  pre-active  billing  sha256     2026-11-22T14:00:00Z (in 2 h)  -      in the clear\n',
    )
    at.now = NOW
  })

  it.each([
    [['billing-1'], 2, /--client is required/],
    [['a b', '--client', 'x'], 2, /no request can carry/],
    [['x', '--client', 'x', '--algorithm', 'HS256'], 2, /--algorithm is not known/],
    [['x', '--client', 'x', '--algorithm', 'md5'], 2, /--algorithm is not known/],
    [['x', '--client', 'x', '--profile', 'other'], 2, /--profile is not known/],
    [['x', '--client', 'x', '--path', '/a'], 2, /go with --profile body-timestamp/],
    [['x', '--client', 'x', '--not-after', 'tomorrow'], 2, /--not-after is no moment/],
    [['x', '--client', 'x', '--not-before', '+2h', '--not-after', '+1h'], 2, /lies before/],
    [['x', '--client', 'x', '--secret-format', 'text'], 2, /--secret-format is not known/],
    [['x', '--algorithm', 'ES256', '--client', 'x'], 2, /go with keys that sign requests/],
    [
      ['x', '--client', 'x', '--profile', 'body-timestamp', '--algorithm', 'sha512'],
      1,
      /would not be accepted: .*sha256 for body-timestamp/,
    ],
    [['x', '--client', ' '], 1, /would not be accepted: .*client must be a non-empty/],
  ])('refuses %j and writes nothing', async (args, code, problem) => {
    const file = fresh()
    const ran = await at.run(create(file, ...args, '--secret-out', `${file}.hex`))
    expect(ran.err).toMatch(problem)
    expect(ran.code).toBe(code)
    expect(() => at.read(file)).toThrow(/ENOENT/)
    expect(() => at.read(`${file}.hex`)).toThrow(/ENOENT/)
    expect(() => at.read(`${file}.lock`)).toThrow(/ENOENT/)
  })

  it('refuses an id that is taken, by a key of either kind', async () => {
    const file = fresh()
    await at.ok(create(file, 'one', '--client', 'x'))
    await at.ok(create(file, 'two', '--algorithm', 'EdDSA'))
    for (const args of [
      ['one', '--algorithm', 'EdDSA'],
      ['two', '--client', 'x'],
    ]) {
      expect(await at.run(create(file, ...args))).toMatchObject({
        code: 1,
        err: expect.stringContaining('has a key of that id already'),
      })
    }
  })

  it('does not write over the file of --secret-out, nor make the key then', async () => {
    const file = fresh()
    at.write('there.hex', 'mine')
    const { code, err } = await at.run(create(file, 'one', '--client', 'x', '--secret-out', 'there.hex'))
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('there is one already') })
    expect(at.read('there.hex')).toBe('mine')
    expect(() => at.read(file)).toThrow(/ENOENT/)
  })
})
