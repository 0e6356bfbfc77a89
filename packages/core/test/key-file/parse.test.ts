import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type KeyFile, parseKeyFile, serialiseKeyFile } from '../../src/key-file/index.js'
import { readDocument } from '../../src/key-file/read-document.js'
import { Slices } from '../../src/key-file/slices.js'
import { keyPair, optionOf } from '../kit.js'
import { entry, file, sealedEntry, signingEntry } from './kit.js'

const SCHEMA = JSON.parse(
  readFileSync(new URL('../../../vectors/schema/key-file.schema.json', import.meta.url), 'utf8'),
)
const fitsSchema = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(SCHEMA)

const parse = (value: unknown) => parseKeyFile(JSON.stringify(value))
const sealed = sealedEntry('a').secret as unknown as { readonly encrypted: Readonly<Record<string, string>> }
const sealedWith = (more: object) =>
  file([{ ...entry('a'), secret: { encrypted: { ...sealed.encrypted, ...more } } as never }])

describe('parseKeyFile', () => {
  it.each<[string, KeyFile]>([
    ['no key at all', file([])],
    ['a plain secret', file([entry('a')])],
    ['a sealed secret', file([sealedEntry('a')])],
    [
      'every member',
      file(
        [
          entry('a', {
            roles: ['orders:read'],
            scopes: [],
            algorithm: 'sha512',
            profile: 'request',
            status: 'compromised',
            notBefore: '2026-11-22T12:00:00Z',
            notAfter: '2028-02-29T23:59:59.999Z',
          }),
          entry('b', {
            profile: 'body-timestamp',
            methods: ['POST'],
            paths: ['/hooks/*'],
            refuseRepeats: true,
            allowWeakSecret: true,
          }),
        ],
        [
          signingEntry('ES256', { privateKey: entry('a').secret }),
          signingEntry('RS256', { status: 'deactivated' }),
          signingEntry('EdDSA', { notAfter: '2027-01-01T00:00:00Z', privateKey: sealed as never }),
        ],
      ),
    ],
  ])('takes %s, as the schema does', (_, value) => {
    expect(parse(value)).toEqual(value)
    expect(fitsSchema(value)).toBe(true)
  })

  it.each<[string, unknown]>([
    ['key file', []],
    ['key file', null],
    ['key file.comment', { ...file([]), comment: '' }],
    ['version', { keys: [] }],
    ['version', { version: 2, keys: [] }],
    ['version', { version: '1', keys: [] }],
    ['keys', { version: 1 }],
    ['keys', { version: 1, keys: {} }],
    ['signingKeys', { version: 1, keys: [], signingKeys: null }],
    ['keys[0]', file(['a' as never])],
    ['keys[0].secrets', file([{ ...entry('a'), secrets: 1 } as never])],
    ['keys[0].id', file([entry('a b')])],
    ['keys[0].client', file([entry('a', { client: ' ' })])],
    ['keys[0].roles', file([entry('a', { roles: 'admin' as never })])],
    ['keys[0].roles[0]', file([entry('a', { roles: [1] as never })])],
    ['keys[0].algorithm', file([entry('a', { algorithm: 'SHA256' as never })])],
    ['keys[0].profile', file([entry('a', { profile: 'none' as never })])],
    ['keys[0].methods', file([entry('a', { methods: ['POST'] })])],
    ['keys[0].algorithm', file([entry('a', { profile: 'body-timestamp', algorithm: 'sha512' })])],
    ['keys[0].status', file([entry('a', { status: 'pre-active' as never })])],
    ['keys[0].allowWeakSecret', file([entry('a', { allowWeakSecret: 'yes' as never })])],
    ['keys[0].notAfter', file([entry('a', { notAfter: '2026-11-22' })])],
    ['keys[0].notAfter', file([entry('a', { notAfter: '2026-11-22T12:00:00+01:00' })])],
    ['keys[0].notAfter', file([entry('a', { notAfter: '2026-11-22T12:00:00' })])],
    ['keys[0].notAfter', file([entry('a', { notAfter: '2026-11-22T24:00:00Z' })])],
    ['keys[0].notAfter', file([entry('a', { notAfter: '2026-13-22T12:00:00Z' })])],
    ['keys[0].notAfter', file([entry('a', { notAfter: 1_800_000_000 as never })])],
    ['keys[0].secret', file([{ ...entry('a'), secret: undefined } as never])],
    ['keys[0].secret', file([{ ...entry('a'), secret: 'text' } as never])],
    ['keys[0].secret', file([{ ...entry('a'), secret: {} } as never])],
    ['keys[0].secret', file([{ ...entry('a'), secret: { ...sealed, base64url: 'AAAA' } } as never])],
    ['keys[0].secret.hex', file([{ ...entry('a'), secret: { hex: '00' } } as never])],
    ['keys[0].secret.base64url', file([{ ...entry('a'), secret: { base64url: 'AA==' } }])],
    ['keys[0].secret.base64url', file([{ ...entry('a'), secret: { base64url: '' } }])],
    ['keys[0].secret.encrypted.algorithm', sealedWith({ algorithm: 'A256CBC' })],
    ['keys[0].secret.encrypted.kek', sealedWith({ kek: '' })],
    ['keys[0].secret.encrypted.iv', sealedWith({ iv: 'AAAA' })],
    ['keys[0].secret.encrypted.tag', sealedWith({ tag: 'AAAAAAAAAAA' })],
    ['keys[0].secret.encrypted.key', sealedWith({ key: 'AAAA' })],
    ['signingKeys[0].kid', file([], [signingEntry('ES256', { kid: '' })])],
    ['signingKeys[0].algorithm', file([], [signingEntry('ES256', { algorithm: 'HS256' as never })])],
    ['signingKeys[0].publicJwk.d', file([], [signingEntry('ES256', { publicJwk: keyPair('ES256').privateJwk })])],
    ['signingKeys[0].privateKey', file([], [signingEntry('ES256', { privateKey: 'PEM' as never })])],
    [
      'signingKeys[0].publicJwk.use',
      file([], [signingEntry('ES256', { publicJwk: { ...signingEntry('ES256').publicJwk, use: 'enc' } })]),
    ],
    [
      'signingKeys',
      file(
        [],
        Array.from({ length: 101 }, (_, index) => signingEntry('ES256', { kid: String(index) })),
      ),
    ],
  ])('refuses by %s, as the schema does: %#', (option, value) => {
    expect(optionOf(() => parse(value))).toBe(option)
    expect(fitsSchema(JSON.parse(JSON.stringify(value)))).toBe(false)
  })

  it.each<[string, unknown]>([
    ['keys[1].id', file([entry('a'), entry('a')])],
    ['signingKeys[1].kid', file([], [signingEntry('ES256'), signingEntry('ES256')])],
    ['keys[0].notAfter', file([entry('a', { notBefore: '2026-11-22T12:00:01Z', notAfter: '2026-11-22T12:00:00Z' })])],
    ['keys[0].notBefore', file([entry('a', { notBefore: '2026-02-30T12:00:00Z' })])],
    ['keys[0].secret.base64url', file([{ ...entry('a'), secret: { base64url: 'AB' } }])],
    ['signingKeys[0].publicJwk.alg', file([], [signingEntry('ES256', { algorithm: 'RS256' })])],
    [
      'signingKeys[0].publicJwk',
      file([], [signingEntry('ES256', { publicJwk: { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' } })]),
    ],
    [
      'signingKeys[0].publicJwk.kid',
      file([], [signingEntry('ES256', { publicJwk: keyPair('ES256').publicJwk, kid: 'other' })]),
    ],
    [
      'signingKeys[0].publicJwk.alg',
      file([], [signingEntry('ES256', { publicJwk: { ...signingEntry('ES256').publicJwk, alg: 'ES384' } })]),
    ],
  ])('refuses by %s what the schema cannot see: %#', (option, value) => {
    expect(optionOf(() => parse(value))).toBe(option)
  })

  it.each([
    ['a name twice', '{"version":1,"keys":[],"keys":[]}'],
    [
      'a name twice in an entry',
      `{"version":1,"keys":[{"id":"a","id":"a","client":"c","secret":{"base64url":"AAAA"}}]}`,
    ],
    ['a text cut short', '{"version":1,"keys":['],
    ['nothing', ''],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a member __proto__', '{"version":1,"keys":[],"__proto__":{}}'],
  ])('refuses %s', (_, text) => {
    expect(optionOf(() => parseKeyFile(text))).toMatch(/^key file/)
  })

  it('quotes nothing of a file that it cannot parse', () => {
    const text = '{"version":1,"keys":[{"id":"a","secret":{"base64url":"c2VjcmV0IG9mIGJpbGxpbmc"}},]}'
    expect(() => parseKeyFile(text)).toThrow(/^key file is not JSON$/)
  })
})

describe('serialiseKeyFile', () => {
  it('writes what parseKeyFile reads, one way for one content', () => {
    const value = file([sealedEntry('a', { roles: ['x'] }), entry('b')], [signingEntry('ES256')])
    const text = serialiseKeyFile(value)
    expect(parseKeyFile(text)).toEqual(value)
    expect(serialiseKeyFile(parseKeyFile(text))).toBe(text)
    const turned = {
      keys: value.keys.map((key) => Object.fromEntries(Object.entries(key).reverse())),
      signingKeys: value.signingKeys,
      version: 1,
    }
    expect(serialiseKeyFile(turned as never)).toBe(text)
    expect(text.endsWith('}\n')).toBe(true)
  })

  it('refuses what parseKeyFile refuses', () => {
    expect(optionOf(() => serialiseKeyFile(file([entry('a'), entry('a')])))).toBe('keys[1].id')
  })
})

/** A name with a backslash is refused, for V8 may have misread it. */
const NAME = fc.string().filter((name) => name !== '__proto__' && !name.includes('\\'))

describe('readDocument', () => {
  const read = (text: string) => readDocument(Buffer.from(text), new Slices())

  it('gives what JSON.parse gives, whatever is in the lists', async () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('value')),
      object: fc.dictionary(NAME, tie('value')),
    }))
    const indent = fc.constantFrom(undefined, 2, '\t')
    await fc.assert(
      fc.asyncProperty(fc.dictionary(NAME, value.value), indent, async (document, space) => {
        const text = JSON.stringify(document, null, space)
        expect(await read(text)).toEqual(JSON.parse(text))
      }),
      { numRuns: 300 },
    )
  })

  it('refuses whatever JSON.parse refuses: one character changed, taken out or put in', async () => {
    const text = JSON.stringify(
      file([entry('a', { roles: ['}{', '"]', '\\'] }), sealedEntry('b')], [signingEntry('ES256')]),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.nat(1),
        fc.constantFrom('', '{', '}', '[', ']', '"', ',', ':', '\\', '0', ' '),
        async (at, cut, put) => {
          const changed = text.slice(0, at) + put + text.slice(at + cut)
          const outcome = await read(changed).then(
            (value) => JSON.stringify(value),
            () => 'refused',
          )
          let expected: string
          try {
            expected = JSON.stringify(JSON.parse(changed))
          } catch {
            expected = 'refused'
          }
          // A name that came to stand twice is refused here alone.
          if (outcome !== 'refused' || expected === 'refused') expect(outcome).toBe(expected)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each([
    '{"keys":[null]}',
    '{"keys":[null,{}]}',
    '{"keys":[{}],"other":[null]}',
    '[[{}]]',
    '{"keys":[{"a":1,"a":1}]}',
    '{"a":1,"a":1}',
  ])('takes %s for no key file', async (text) => {
    const outcome = await read(text).then(
      (value) => optionOf(() => parse(value)),
      (error: { readonly option?: string }) => error.option,
    )
    expect(outcome).toMatch(/^(key file|version)/)
  })
})
