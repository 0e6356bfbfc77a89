import { createCipheriv, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { keyFile } from '../../src/index.js'
import {
  type EncryptedSecret,
  generateKek,
  type KekSource,
  openSecret,
  readKeks,
  type StoredSecret,
  sealSecret,
  toKeyRingEntry,
  toPrivateKey,
} from '../../src/key-file/index.js'
import { keyPair, optionOf } from '../kit.js'
import { bytesOf, directory, entry, KEK, KEK_TEXT, sealedEntry, signingEntry } from './kit.js'

const OWNER = { id: 'billing-1', client: 'billing' }
const SECRET = bytesOf('billing-1')

const opens = (stored: StoredSecret, owner: Parameters<typeof sealSecret>[1] = OWNER, keks = [KEK]) => {
  const refused = optionOf(() => openSecret('secret', stored, owner, keks))
  return refused === undefined ? openSecret('secret', stored, owner, keks).equals(SECRET) : refused
}

/** One bit of some base64url turned over, in its first character. */
const turned = (text: string) => {
  const bytes = Buffer.from(text, 'base64url')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return bytes.toString('base64url')
}

describe('a sealed secret', () => {
  it('opens for its owner with its key-encryption key', () => {
    expect(opens(sealSecret(SECRET, OWNER, KEK))).toBe(true)
  })

  it('never looks the same twice, and does not hold the secret', () => {
    const one = sealSecret(SECRET, OWNER, KEK).encrypted
    const other = sealSecret(SECRET, OWNER, KEK).encrypted
    expect(one.iv).not.toBe(other.iv)
    expect(one.ciphertext).not.toBe(other.ciphertext)
    expect(JSON.stringify(one)).not.toContain(SECRET.toString('base64url'))
  })

  it.each<[string, Parameters<typeof sealSecret>[1]]>([
    ['another id', { id: 'billing-2', client: 'billing' }],
    ['another client', { id: 'billing-1', client: 'shipping' }],
    ['a shift of one letter between id and client', { id: 'billing-1b', client: 'illing' }],
    ['id and client exchanged', { id: 'billing', client: 'billing-1' }],
    ['a signing key of the same names', { kid: 'billing-1', algorithm: 'billing' }],
  ])('does not open for %s', (_, owner) => {
    expect(opens(sealSecret(SECRET, OWNER, KEK), owner)).toBe('secret')
  })

  it('does not open in the place of another entry: swapped secrets are found', () => {
    const a = sealedEntry('a')
    const b = sealedEntry('b')
    expect(toKeyRingEntry(a, [KEK]).secret).toEqual(bytesOf('a'))
    expect(optionOf(() => toKeyRingEntry({ ...a, secret: b.secret }, [KEK]))).toBe('key a')
  })

  it.each(['iv', 'ciphertext', 'tag'] as const)('does not open with one bit of %s changed', (part) => {
    const { encrypted } = sealSecret(SECRET, OWNER, KEK)
    expect(opens({ encrypted: { ...encrypted, [part]: turned(encrypted[part]) } })).toBe('secret')
  })

  it('does not open with another key of the same id, or an id that is not here', () => {
    const other = readKeks('kek', [{ id: 'main', bytes: Buffer.alloc(32, 1) }])
    const stored = sealSecret(SECRET, OWNER, KEK)
    expect(opens(stored, OWNER, [...other])).toBe('secret')
    expect(opens(stored, OWNER, [])).toBe('secret')
    expect(() => openSecret('keys[0].secret', stored, OWNER, [])).toThrow(
      'keys[0].secret is sealed with the key-encryption key main, which is not here',
    )
  })

  it('opens with the right one of several key-encryption keys', () => {
    const other = readKeks('kek', [{ id: 'next', bytes: Buffer.alloc(32, 1) }])
    expect(opens(sealSecret(SECRET, OWNER, KEK), OWNER, [...other, KEK])).toBe(true)
  })

  it('is what the schema says: AES-256-GCM over length-prefixed names', () => {
    const named = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, Buffer.byteLength(text)]), Buffer.from(text)])
    const iv = Buffer.alloc(12, 7)
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(KEK_TEXT, 'base64url'), iv)
    cipher.setAAD(Buffer.concat([named('countersign-key-file-v1 hmac'), named('billing-1'), named('billing')]))
    const ciphertext = Buffer.concat([cipher.update(SECRET), cipher.final()])
    const encrypted: EncryptedSecret = {
      algorithm: 'A256GCM',
      kek: 'main',
      iv: iv.toString('base64url'),
      ciphertext: ciphertext.toString('base64url'),
      tag: cipher.getAuthTag().toString('base64url'),
    }
    expect(opens({ encrypted })).toBe(true)
  })
})

describe('key-encryption keys', () => {
  let path: string
  beforeAll(async () => {
    path = join(await directory(), 'kek')
    writeFileSync(path, `${KEK_TEXT}\n`)
  })

  const read = (source: KekSource, environment = {}) => optionOf(() => readKeks('kek', [source], environment))

  it('come from a variable, a file with a line feed at its end, or bytes', () => {
    const sources: KekSource[] = [
      { id: 'a', environment: 'KEK' },
      { id: 'b', file: path },
      { id: 'c', bytes: Buffer.from(KEK_TEXT, 'base64url') },
    ]
    for (const { key } of readKeks('kek', sources, { KEK: KEK_TEXT })) expect(key.equals(KEK.key)).toBe(true)
  })

  it('are generated in the form in which they are read', () => {
    const text = generateKek()
    expect(read({ id: 'a', environment: 'K' }, { K: text })).toBeUndefined()
    expect(generateKek()).not.toBe(text)
  })

  it.each<[string, string | undefined]>([
    ['not set', undefined],
    ['empty', ''],
    ['31 bytes', Buffer.alloc(31, 1).toString('base64url')],
    ['33 bytes', Buffer.alloc(33, 1).toString('base64url')],
    ['padded base64', Buffer.alloc(32, 255).toString('base64')],
    ['64 hexadecimal digits', 'ab'.repeat(32)],
  ])('are refused where the variable is %s', (_, value) => {
    expect(read({ id: 'a', environment: 'K' }, { K: value })).toMatch(/^kek a/)
  })

  it('are refused where the file is not there, and no message holds one', () => {
    expect(read({ id: 'a', file: `${path}.gone` })).toBe('kek a')
    const bad = `${KEK_TEXT}x`
    expect(() => readKeks('kek', [{ id: 'a', environment: 'K' }], { K: bad })).not.toThrow(KEK_TEXT)
  })

  it.each<[string, unknown]>([
    ['keyFile.kek', 'secret'],
    ['keyFile.kek[0].value', { id: 'a', value: 'x' }],
    ['keyFile.kek[0].id', { id: '', environment: 'K' }],
    ['keyFile.kek[0]', { id: 'a' }],
    ['keyFile.kek[0]', { id: 'a', environment: 'K', file: 'f' }],
    [
      'keyFile.kek',
      [
        { id: 'a', environment: 'K' },
        { id: 'a', file: 'f' },
      ],
    ],
    ['keyFile.polls', undefined],
    ['keyFile.pollSeconds', undefined],
    ['keyFile.timeoutSeconds', undefined],
  ])('and other options are checked: %s, %j', (option, kek) => {
    const member = option.split('.')[1]?.replace(/\[.*/, '') ?? ''
    const options = kek === undefined ? { [member]: 0 } : { kek }
    expect(optionOf(() => keyFile('/keys.json', options as never))).toBe(option)
  })
})

describe('a signing key', () => {
  const pkcs8 = keyPair('ES256').privateKey.export({ format: 'der', type: 'pkcs8' })
  const { kid } = keyPair('ES256').publicJwk
  const withPrivate = (bytes: Uint8Array) =>
    signingEntry('ES256', { privateKey: sealSecret(bytes, { kid, algorithm: 'ES256' }, KEK) })

  it('opens its private half, plain or sealed', () => {
    const plain = signingEntry('ES256', { privateKey: { base64url: pkcs8.toString('base64url') } })
    for (const each of [plain, withPrivate(pkcs8)]) {
      expect(toPrivateKey(each, [KEK]).equals(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))).toBe(
        true,
      )
    }
  })

  it('is refused without a private half, with one that is none, and with that of another key', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({
      format: 'der',
      type: 'pkcs8',
    })
    for (const each of [signingEntry('ES256'), withPrivate(Buffer.from('text')), withPrivate(other)]) {
      expect(optionOf(() => toPrivateKey(each, [KEK]))).toBe(`signing key ${kid}`)
    }
  })

  it('does not open under another kid or algorithm', () => {
    const sealed = withPrivate(pkcs8)
    expect(optionOf(() => toPrivateKey({ ...sealed, kid: 'other' }, [KEK]))).toBe('signing key other')
  })
})

describe('toKeyRingEntry', () => {
  it('gives the words of keyRing', () => {
    const given = toKeyRingEntry(
      entry('a', { roles: ['r'], status: 'deactivated', notAfter: '2026-11-22T12:00:00.5Z' }),
    )
    expect(given).toEqual({
      id: 'a',
      client: 'billing',
      roles: ['r'],
      status: 'deactivated',
      notAfter: 1_795_348_800.5,
      secret: bytesOf('a'),
    })
  })
})
