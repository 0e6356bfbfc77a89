import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RemoteJwksOptions, remoteJwks, staticJwks } from '@countersign/core'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ISSUER, signingKey, startJwksServer, tokenOf } from './jwks-server.js'
import { serviceOf, serviceOn } from './service.js'

/* Family E of the attacks, as far as keys come from elsewhere. */

const A = signingKey('a')
const EVIL = signingKey('a')
const NEW = signingKey('new')

beforeEach(() => {
  const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  return () => warning.mockRestore()
})

/** A warm service on a server with the key `a`. */
async function warm(options: RemoteJwksOptions = {}) {
  const server = await startJwksServer(A)
  const service = serviceOn(remoteJwks(server.url, options))
  await service.verifier.warmup()
  return { server, service }
}

/** A place that nobody may ask. Counts connections. */
async function forbiddenPlace() {
  const place = { connections: 0, url: '' }
  const server = createServer((_, response) => response.end(JSON.stringify({ keys: [EVIL.publicJwk] })))
  server.on('connection', () => place.connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  place.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  return place
}

describe('a token', () => {
  it('that brings its own key is not verified with it (E01)', async () => {
    const { service, server } = await warm()
    expect(await service.verdict(tokenOf(EVIL, {}, { jwk: EVIL.publicJwk }))).toBe('401 signature_invalid')
    expect(await service.verdict(tokenOf(NEW, {}, { jwk: NEW.publicJwk }))).toBe('401 key_unknown')
    expect(server.requests).toBe(2)
  })

  it('that names a place for its key sends nobody there (E02)', async () => {
    const { service } = await warm()
    const place = await forbiddenPlace()
    const fetch = vi.spyOn(globalThis, 'fetch')
    onTestFinished(() => fetch.mockRestore())
    for (const url of [place.url, 'http://169.254.169.254/']) {
      for (const parameter of ['jku', 'x5u', 'iss']) {
        expect(await service.verdict(tokenOf(EVIL, {}, { [parameter]: url }))).toBe('401 signature_invalid')
      }
      expect(await service.verdict(tokenOf({ ...A, privateKey: EVIL.privateKey }, { iss: url }))).toBe(
        '401 signature_invalid',
      )
    }
    expect(place.connections).toBe(0)
    expect(fetch.mock.calls).toEqual([])
  })

  it.each([
    '../../../../dev/null',
    '/proc/sys/kernel/randomize_va_space',
    "' UNION SELECT 'k'-- ",
    'a\u0000',
    '__proto__',
    'constructor',
  ])('whose kid is %j finds no key by it (E04)', async (kid) => {
    const { service } = await warm()
    expect(await service.verdict(tokenOf({ ...EVIL, kid }))).toBe('401 key_unknown')
  })

  it.each([[1], [['a']], [{}], [null], ['k'.repeat(10_000)], ['']])(
    'whose kid is %j is no token (E07)',
    async (kid) => {
      const { service, server } = await warm()
      const verdict = await service.verdict(tokenOf(A, {}, { kid }))
      expect(verdict).toBe(typeof kid === 'string' && kid.length > 8192 ? '400 token_too_large' : '401 token_malformed')
      expect(server.requests).toBe(1)
    },
  )

  it('of one issuer is not verified with the key of another under the same kid (E12)', async () => {
    const [one, other] = [await startJwksServer(A), await startJwksServer(EVIL)]
    const service = serviceOf([
      { issuer: ISSUER, algorithms: ['ES256'], keys: remoteJwks(one.url) },
      { issuer: 'https://other.test', algorithms: ['ES256'], keys: remoteJwks(other.url) },
    ])
    expect(await service.verdict(tokenOf(A))).toBe('allow')
    expect(await service.verdict(tokenOf(EVIL, { iss: 'https://other.test' }))).toBe('allow')
    expect(await service.verdict(tokenOf(EVIL))).toBe('401 signature_invalid')
    expect(await service.verdict(tokenOf(A, { iss: 'https://other.test' }))).toBe('401 signature_invalid')
  })

  it('of one issuer is good while the provider of another is down', async () => {
    const other = await startJwksServer(EVIL)
    await other.down()
    const service = serviceOf([
      { issuer: ISSUER, algorithms: ['ES256'], keys: staticJwks({ keys: [{ kty: 'EC', ...A.publicJwk }] }) },
      { issuer: 'https://other.test', algorithms: ['ES256'], keys: remoteJwks(other.url) },
    ])
    expect(await service.verdict(tokenOf(A))).toBe('allow')
    expect(await service.verdict(tokenOf(EVIL, { iss: 'https://other.test' }))).toBe('503 keys_unavailable')
  })
})

describe('a key of a remote set', () => {
  const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' })
  const secret = Buffer.alloc(32, 7)

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['use "enc"', { ...NEW.publicJwk, use: 'enc' }],
    ['key_ops ["encrypt"]', { ...NEW.publicJwk, use: undefined, key_ops: ['encrypt'] }],
    ['a secret', { kty: 'oct', k: secret.toString('base64url'), kid: 'new', alg: 'HS256' }],
    ['a point off its curve', { ...NEW.publicJwk, y: A.publicJwk['y'] }],
    ['1024 bits', { ...rsa(1024), kid: 'new', alg: 'RS256' }],
  ])('with %s is not taken, and the others are (E09, E11)', async (_, member) => {
    const server = await startJwksServer(A)
    server.behaviour = (__, response) => response.end(JSON.stringify({ keys: [member, A.publicJwk] }))
    const service = serviceOf([{ issuer: ISSUER, algorithms: ['ES256', 'RS256'], keys: remoteJwks(server.url) }])
    await service.verifier.warmup()
    expect(await service.verdict(tokenOf(A))).toBe('allow')
    expect(await service.verdict(tokenOf(NEW))).toBe('401 key_unknown')
    expect((await service.verifier.health()).schemes[0]?.keys[0]?.keys).toBe(1)
  })

  it('dies with the next set that is taken, and not before (E18)', async () => {
    let ahead = 0
    const runtime = { random: () => 0, monotonic: () => performance.now() / 1000 + ahead }
    const { service, server } = await warm({ runtime, cacheControl: 'ignore' })
    server.keys = [A, NEW]
    expect(await service.verdict(tokenOf(NEW))).toBe('allow')
    server.keys = [NEW]
    for (ahead of [100, 300, 479]) expect(await service.verdict(tokenOf(A))).toBe('allow')
    ahead = 481
    await service.verdict(tokenOf(NEW))
    await vi.waitFor(() => expect(server.requests).toBe(3))
    await vi.waitFor(async () => expect(await service.verdict(tokenOf(A))).toBe('401 key_unknown'))
    expect(await service.verdict(tokenOf(NEW))).toBe('allow')
  })
})
