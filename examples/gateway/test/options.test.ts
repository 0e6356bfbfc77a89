import { generateKeyPairSync } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { fixedSigningKey } from '../src/keys.js'
import type { GatewayOptions } from '../src/options.js'
import { Client, startTestGateway, type TestGateway } from './support/gateway.js'
import { PASSWORDS } from './support/users.js'

let gateway: TestGateway | undefined

afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})

describe('the gateway', () => {
  it.each([
    ['an origin with a path', { publicOrigin: 'https://shop.example/' }, 'publicOrigin must be scheme, host and port'],
    ['an origin that is none', { publicOrigin: 'shop.example' }, 'publicOrigin must be scheme, host and port'],
    ['plain http to the world', { publicOrigin: 'http://shop.example' }, 'publicOrigin must be https'],
    [
      'a name that only begins like loopback',
      { publicOrigin: 'http://127.0.0.1.evil.example' },
      'publicOrigin must be https',
    ],
    ['all addresses and no origin', { host: '0.0.0.0' }, 'publicOrigin must be https'],
    [
      'insecure cookies on https',
      { publicOrigin: 'https://shop.example', dangerouslyInsecureCookies: true },
      'dangerouslyInsecureCookies is for plain http on a loopback address only',
    ],
    ['a short key for its users', { usersKey: 'short' }, 'USERS_KEY needs at least 32 bytes'],
    ['a short secret', { gatewaySecret: 'short' }, 'at least 32'],
  ] satisfies readonly (readonly [string, Partial<GatewayOptions>, string])[])(
    'does not start with %s',
    async (_what, options, message) => {
      await expect(startTestGateway(options)).rejects.toThrow(message)
    },
  )

  it.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
  ])('does not start with a token key that cannot sign ES256: %s', (_kind, wrong) => {
    expect(() => fixedSigningKey(wrong)).toThrow('the token key must be one on P-256')
  })

  it('gives cookies without Secure only where it is told so, on a loopback address', async () => {
    gateway = await startTestGateway({ dangerouslyInsecureCookies: true })
    const client = new Client(gateway.url)
    await client.login('ada', PASSWORDS.ada)
    expect(client.setCookies.find((field) => field.startsWith('refresh='))).toMatch(
      /^refresh=[^;]+; Max-Age=(?:3600|3599); Path=\/; HttpOnly; SameSite=Strict$/,
    )
    expect((await client.post('/refresh')).status).toBe(200)
  })

  it('publishes the public half of its key only, and what an issuer says of itself', async () => {
    gateway = await startTestGateway()
    const { keys } = (await (await fetch(`${gateway.url}/.well-known/jwks.json`)).json()) as { keys: object[] }
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']])
    const metadata = await (await fetch(`${gateway.url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).toMatchObject({ issuer: 'https://id.example' })
  })

  it('is healthy, and tells so of verifier, issuer and users', async () => {
    gateway = await startTestGateway()
    const answer = await fetch(`${gateway.url}/health`)
    expect([answer.status, await answer.json()]).toMatchObject([200, { ready: true, issuer: true, users: true }])
  })

  it('believes X-Forwarded-For from listed proxies only', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7' }
    gateway = await startTestGateway()
    await new Client(gateway.url).post('/login', { username: 'eve', password: 'x' }, forwarded)
    expect(gateway.records().at(-1)?.['ip']).toBe('127.0.0.1')
    await gateway.close()
    gateway = await startTestGateway({ trustedProxies: ['127.0.0.1'] })
    await new Client(gateway.url).post('/login', { username: 'eve', password: 'x' }, forwarded)
    expect(gateway.records().at(-1)?.['ip']).toBe('203.0.113.7')
  })
})
