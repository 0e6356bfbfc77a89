import { describe, expect, it } from 'vitest'
import { remoteJwks } from '../../src/keys/remote-jwks.js'
import type { RemoteJwksOptions } from '../../src/keys/remote-options.js'
import { optionOf } from '../kit.js'
import { JWKS_URL, open } from './remote-kit.js'

const refused = (options: unknown) => optionOf(() => remoteJwks(JWKS_URL, options as RemoteJwksOptions))
const refusedUrl = (url: unknown, options: RemoteJwksOptions = {}) => optionOf(() => remoteJwks(url as string, options))

describe('the options of a remote key set', () => {
  it.each<[keyof RemoteJwksOptions, number, number, number]>([
    ['refreshSeconds', 10, 86_400, 0.1],
    ['maxStaleSeconds', 0, 604_800, 0.1],
    ['cooldownSeconds', 1, 3600, 0.1],
    ['timeoutSeconds', 0.1, 60, 0.01],
    ['limitBytes', 1024, 16_777_216, 1],
    ['limitKeys', 1, 1000, 1],
  ])('take %s from %d to %d', (name, least, most, step) => {
    for (const good of [least, most]) expect(refused({ [name]: good })).toBeUndefined()
    for (const bad of [least - step, most + step, Number.NaN, Number.POSITIVE_INFINITY, String(least), null]) {
      if (bad !== null) expect(refused({ [name]: bad })).toBe(`remoteJwks.${name}`)
    }
  })

  it.each([
    ['refreshSecond', 600],
    ['cacheControl', 'obey'],
    ['allowInsecureHttp', 'yes'],
    ['fetch', 'https://proxy.example'],
    ['headers', {}],
  ])('refuse %s: %j', (name, value) => {
    expect(refused({ [name]: value })).toBe(`remoteJwks.${name}`)
  })

  it('refuse an unknown member of runtime', () => {
    expect(refused({ runtime: { now: () => 0 } })).toBe('remoteJwks.runtime.now')
  })

  it.each([
    'https://id.example/jwks',
    'https://id.example:8443/jwks?tenant=7',
    'http://localhost:8080/jwks',
    'http://127.0.0.1:8080/jwks',
    'http://127.9.9.9/jwks',
    'http://[::1]:8080/jwks',
    new URL(JWKS_URL),
  ])('take the URL %s', (url) => {
    expect(refusedUrl(url)).toBeUndefined()
  })

  it.each([
    'http://id.example/jwks',
    'http://localhost.example/jwks',
    'http://127.0.0.1.example/jwks',
    'http://10.0.0.1/jwks',
    'http://[::2]/jwks',
    'ftp://id.example/jwks',
    'file:///etc/jwks.json',
    'data:application/json,{"keys":[]}',
    'https://user:password@id.example/jwks',
    'https://id.example/jwks#keys',
    '/jwks',
    'id.example',
    '',
    undefined,
    null,
    7,
  ])('refuse the URL %s', (url) => {
    expect(refusedUrl(url)).toBe('remoteJwks.url')
  })

  it('take http elsewhere only where that is said', () => {
    expect(refusedUrl('http://idp:8080/jwks')).toBe('remoteJwks.url')
    expect(refusedUrl('http://idp:8080/jwks', { allowInsecureHttp: true })).toBeUndefined()
    expect(refusedUrl('ftp://idp/jwks', { allowInsecureHttp: true })).toBe('remoteJwks.url')
  })

  it('refuse an issuer that signs with secrets', () => {
    expect(optionOf(() => open(remoteJwks(JWKS_URL), 'HS256'))).toBe('keys')
  })
})
