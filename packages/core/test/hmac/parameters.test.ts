import { describe, expect, it } from 'vitest'
import { readParameters } from '../../src/hmac/parameters.js'
import { hmacHeaders, NOW, reasonOf, SECRET } from '../kit.js'

const DIGEST = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const NONCE = 'n-0123456789abcdef'
const headers = hmacHeaders({ nonce: NONCE })
const names = ['x-hmac-key-id', 'x-hmac-timestamp', 'x-hmac-nonce', 'x-hmac-content-sha256', 'x-hmac-sha256'] as const

const without = (...dropped: string[]) =>
  headers.filter((_, index) => !dropped.includes(headers[index - (index % 2)]?.toLowerCase() ?? ''))
const withValue = (name: string, value: string) => [...without(name), name, value]
const reading = (list: readonly string[]) => reasonOf(() => readParameters(list))

describe('the profile request', () => {
  it('reads its five headers in any order and case', () => {
    const parameters = readParameters([
      ...headers.slice(4),
      ...headers.slice(0, 4).map((text) => text.replace('X-Hmac', 'x-HMAC')),
    ])
    expect(parameters).toEqual({
      keyId: 'billing-1',
      timestamp: String(NOW),
      nonce: NONCE,
      contentSha256: DIGEST,
      mac: headers.at(-1),
      algorithm: 'sha256',
    })
  })

  it('takes the algorithm from the name of the last header', () => {
    expect(readParameters(hmacHeaders({ algorithm: 'sha512', secret: SECRET }))).toMatchObject({ algorithm: 'sha512' })
  })

  it.each(names)('refuses the request without %s', (name) => {
    expect(reading(without(name))).toBe('malformed_credentials')
  })

  it.each(names)('refuses a second %s, also an equal one', (name) => {
    const at = headers.findIndex((text) => text.toLowerCase() === name)
    expect(reading([...headers, name, headers[at + 1] as string])).toBe('duplicate_header')
  })

  it('refuses both MAC headers together', () => {
    expect(reading([...headers, 'x-hmac-sha512', '00'])).toBe('malformed_credentials')
  })

  it.each([
    ['x-hmac-key-id', 'x'.repeat(128)],
    ['x-hmac-key-id', 'A.b_c:d-9'],
    ['x-hmac-timestamp', '1000000000'],
    ['x-hmac-timestamp', '9999999999'],
    ['x-hmac-nonce', 'x'.repeat(16)],
    ['x-hmac-nonce', `${'_-'.repeat(63)}aZ`],
    ['x-hmac-content-sha256', '0'.repeat(64)],
    // A malformed MAC is a wrong MAC: it is looked at when it is compared.
    ['x-hmac-sha256', 'anything'],
  ])('takes %s: %s', (name, value) => {
    expect(reading(withValue(name, value))).toBeUndefined()
  })

  it.each<readonly [string, string, string]>([
    ['x-hmac-key-id', '', 'malformed_credentials'],
    ['x-hmac-key-id', 'x'.repeat(129), 'malformed_credentials'],
    ['x-hmac-key-id', 'a b', 'malformed_credentials'],
    ['x-hmac-key-id', 'a\nb', 'malformed_credentials'],
    ['x-hmac-key-id', 'é', 'malformed_credentials'],
    ['x-hmac-content-sha256', '', 'malformed_credentials'],
    ['x-hmac-content-sha256', DIGEST.toUpperCase(), 'malformed_credentials'],
    ['x-hmac-content-sha256', DIGEST.slice(1), 'malformed_credentials'],
    ['x-hmac-content-sha256', `${DIGEST}0`, 'malformed_credentials'],
    ...[
      '1700000000.0',
      '1.7e9',
      '0x6553f100',
      '+1700000000',
      '01700000000',
      '0700000000',
      '-1',
      '',
      'NaN',
      '170000000',
      '17000000000',
    ]
      .concat(['1700000000 0', '١٧٠٠٠٠٠٠٠٠', '１７００００００００', '9'.repeat(30), '1700000000\n'])
      .map((value) => ['x-hmac-timestamp', value, 'timestamp_malformed'] as const),
    ...[
      '',
      'x'.repeat(15),
      'x'.repeat(129),
      `${'x'.repeat(16)}\n`,
      `${'x'.repeat(16)} `,
      `${'x'.repeat(15)}+`,
      `${'x'.repeat(16)}é`,
    ].map((value) => ['x-hmac-nonce', value, 'nonce_malformed'] as const),
  ])('refuses %s: %j with %s', (name, value, reason) => {
    expect(reading(withValue(name, value))).toBe(reason)
  })
})

describe('the profile body-timestamp', () => {
  const two = ['X-Hmac-Timestamp', String(NOW), 'X-Hmac-Sha256', 'ab']

  it('is what carries timestamp and MAC and none of the other three', () => {
    expect(readParameters(two)).toEqual({ timestamp: String(NOW), mac: 'ab' })
  })

  it.each([
    ['no MAC', two.slice(0, 2), 'malformed_credentials'],
    ['no timestamp', two.slice(2), 'malformed_credentials'],
    ['a sha512 MAC alone', ['x-hmac-timestamp', String(NOW), 'x-hmac-sha512', 'ab'], 'malformed_credentials'],
    ['both MACs', [...two, 'x-hmac-sha512', 'ab'], 'malformed_credentials'],
    ['a nonce, the key id forgotten', [...two, 'x-hmac-nonce', NONCE], 'malformed_credentials'],
    ['eleven digits', ['x-hmac-timestamp', `0${NOW}`, 'x-hmac-sha256', 'ab'], 'timestamp_malformed'],
    ['a second timestamp', [...two, 'x-hmac-timestamp', String(NOW)], 'duplicate_header'],
  ])('refuses %s', (_, list, reason) => {
    expect(reading(list)).toBe(reason)
  })
})

describe('no credentials of ours', () => {
  it.each([
    ['no headers', []],
    ['headers of other names', ['Host', 'a', 'Authorization', 'Bearer x', 'X-Hmac', 'v', 'X-Hub-Signature', 'v']],
    ['a header that only begins like ours', ['X-Hmac-Something-Else', 'v']],
    ['our names as values', ['a', 'x-hmac-key-id', 'b', 'x-hmac-nonce']],
  ])('%s', (_, list) => {
    expect(readParameters(list)).toBeUndefined()
  })
})
