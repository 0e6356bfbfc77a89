import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readNames } from '../../src/mtls/names.js'
import { Authority, ascii, der, extension, KEY_USAGE, SUBJECT_ALT_NAME } from './certificates.js'

const DNS = 0x82
const URI = 0x86
const SPIFFE = 'spiffe://example.org/billing'

let ca: Authority
beforeAll(async () => {
  ca = await Authority.create('CN=CA')
})

const altName = (...names: readonly string[]) => extension(SUBJECT_ALT_NAME, der(0x30, names.join('')))
const issued = async (...hexNames: readonly string[]) => (await ca.issue({ extensions: [altName(...hexNames)] })).raw

describe('readNames', () => {
  it('reads DNS names and URIs, and leaves every other kind alone', async () => {
    const { raw } = await ca.issue({ dnsNames: ['a.example', 'b.example'], uris: [SPIFFE] })
    expect(readNames(raw)).toEqual({
      dnsNames: ['a.example', 'b.example'],
      uris: [SPIFFE],
      isForSigningOthers: false,
    })
    const others = [der(0x81, ascii('a@b.example')), der(0x87, '7f000001'), der(0x88, '2a03')]
    expect(readNames(await issued(...others))).toMatchObject({ dnsNames: [], uris: [] })
  })

  it('reads a certificate without names, and one without any extension', async () => {
    expect(readNames((await ca.issue()).raw)).toMatchObject({ dnsNames: [], uris: [] })
    expect(readNames((await ca.issue({ usage: 'none' })).raw)).toMatchObject({ dnsNames: [], uris: [] })
  })

  it('takes one name for one, whatever stands in it (CVE-2021-44532)', async () => {
    const tricky = 'a.example,URI:spiffe://example.org/admin'
    const raw = await issued(der(DNS, ascii(tricky)))
    expect(readNames(raw)).toMatchObject({ dnsNames: [tricky], uris: [] })
    const spaced = await issued(der(DNS, ascii('a.example, URI:spiffe://example.org/admin')))
    expect(() => readNames(spaced)).toThrow(RangeError)
  })

  it.each<[string, string]>([
    ['a NUL (CVE-2009-2408)', der(DNS, ascii('good.example\0.evil.example'))],
    ['a line feed', der(URI, ascii('spiffe://example.org/a\nb'))],
    ['a space', der(URI, ascii('spiffe://example.org/a b'))],
    ['a byte beyond ASCII', der(DNS, 'e9')],
    ['UTF-8', der(DNS, Buffer.from('bücher.example').toString('hex'))],
    ['nothing', der(DNS, '')],
  ])('refuses a certificate with a name that has %s in it', async (_, name) => {
    const raw = await issued(name)
    expect(() => readNames(raw)).toThrow(RangeError)
  })

  it.each<[string, string]>([
    ['no names at all', der(0x30, '')],
    ['a set in place of the sequence', der(0x31, der(DNS, ascii('a.example')))],
    ['a kind that does not exist', der(0x30, der(0x89, ascii('a.example')))],
    ['a universal tag', der(0x30, der(0x16, ascii('a.example')))],
    ['a constructed DNS name', der(0x30, der(0xa2, der(0x16, ascii('a.example'))))],
    ['bytes behind it', `${der(0x30, der(DNS, ascii('a.example')))}00`],
    ['a name that ends beyond it', '3003820261'],
    ['a length that is not the shortest', `3081038201${'61'}`],
    ['an indefinite length', '308082016100 00'.replace(' ', '')],
    ['a second sequence', der(0x30, der(DNS, ascii('a.example'))) + der(0x30, der(DNS, ascii('b.example')))],
  ])('refuses a certificate whose alternative name has %s', async (_, hex) => {
    const { raw } = await ca.issue({ extensions: [extension(SUBJECT_ALT_NAME, hex)] })
    expect(() => readNames(raw)).toThrow(RangeError)
  })

  it('refuses a certificate that has one extension twice', async () => {
    const twice = [altName(der(DNS, ascii('a.example'))), altName(der(DNS, ascii('b.example')))]
    const { raw } = await ca.issue({ extensions: twice })
    expect(() => readNames(raw)).toThrow('an extension twice')
  })

  it('knows a key that vouches for others by its usage', async () => {
    const usage = async (bits: string) => {
      const { raw } = await ca.issue({ extensions: [extension(KEY_USAGE, der(0x03, bits), true)] })
      return readNames(raw).isForSigningOthers
    }
    expect(await usage('0780')).toBe(false)
    expect(await usage('03e8')).toBe(false)
    expect(await usage('0204')).toBe(true)
    expect(await usage('0102')).toBe(true)
    expect(await usage('0106')).toBe(true)
  })

  it('refuses bytes that were cut, prolonged or altered, or reads what OpenSSL reads', async () => {
    const { raw } = await ca.issue({ dnsNames: ['a.example'], uris: [SPIFFE] })
    expect(() => readNames(Buffer.concat([raw, Buffer.from('x')]))).toThrow(RangeError)
    const cut = fc.integer({ min: 0, max: raw.length - 1 })
    fc.assert(fc.property(cut, (length) => void expect(() => readNames(raw.subarray(0, length))).toThrow(RangeError)))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: raw.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = Buffer.from(raw)
        altered[at] = (altered[at] as number) ^ change
        const read = attempt(() => readNames(altered))
        if (read === undefined) return
        const text = attempt(() => new X509Certificate(altered).subjectAltName)
        // What OpenSSL takes for another certificate, or for none, is caught where the certificate is read as a whole.
        if (text === undefined || text.includes('"')) return
        const seen = text.split(', ').filter((name) => /^(DNS|URI):/.test(name))
        expect([...read.dnsNames.map((name) => `DNS:${name}`), ...read.uris.map((uri) => `URI:${uri}`)].sort()).toEqual(
          seen.sort(),
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('of names of any characters reads all as they are, or refuses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 1, maxLength: 3 }),
        async (texts) => {
          const latin1 = texts.map((text) => Buffer.from(text, 'latin1').toString('latin1'))
          const raw = await issued(...latin1.map((text) => der(DNS, ascii(text))))
          const read = attempt(() => readNames(raw))
          const isPlain = latin1.every((text) => /^[\x21-\x7e]+$/.test(text))
          expect(read?.dnsNames).toEqual(isPlain ? latin1 : undefined)
        },
      ),
      { numRuns: 40 },
    )
  })
})

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
