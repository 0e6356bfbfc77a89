import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DiscoveryOptions, discovery, metadataUrl } from '../../src/keys/discovery.js'
import { caughtWarnings, NOW, optionOf } from '../kit.js'
import { asked, HandTime, json, jwk, open, refuseConnection } from './remote-kit.js'

beforeEach(() => {
  caughtWarnings()
})
afterEach(() => {
  vi.restoreAllMocks()
})

const ISSUER = 'https://id.example/realms/shop'
const METADATA = `${ISSUER}/.well-known/openid-configuration`
const OAUTH_METADATA = 'https://id.example/.well-known/oauth-authorization-server/realms/shop'
const JWKS = `${ISSUER}/certs`

/** A provider whose pages are answers by URL. */
function provider(options: DiscoveryOptions = {}, issuer = ISSUER) {
  const time = new HandTime()
  const pages = new Map<string, () => Response | Promise<Response>>([
    [METADATA, () => json({ issuer: ISSUER, jwks_uri: JWKS })],
    [JWKS, () => json({ keys: [jwk('a')] })],
  ])
  const urls: string[] = []
  const fetch = async (url: string) => {
    urls.push(url)
    return (await pages.get(url)?.()) ?? new Response('nothing here', { status: 404 })
  }
  const keys = open(discovery(issuer, { fetch, runtime: time.runtime, ...options }))
  return { time, pages, urls, keys }
}

/** As with no page at all, but for the connection. */
const metadata = (members: object) => () => json({ issuer: ISSUER, jwks_uri: JWKS, ...members })

describe('discovery', () => {
  it('asks for nothing before it is needed, then for metadata and keys, once', async () => {
    const { urls, keys, time } = provider()
    await time.pass(60)
    expect(urls).toEqual([])
    expect(await Promise.all([asked(keys, 'a'), asked(keys, 'a'), keys.warmup()])).toEqual([
      'found (waited)',
      'found (waited)',
      undefined,
    ])
    expect(await asked(keys, 'a')).toBe('found')
    expect(urls).toEqual([METADATA, JWKS])
  })

  it('asks only for keys when they are due, and for metadata again after a day', async () => {
    const { urls, keys, time } = provider()
    await keys.warmup()
    await time.pass(86_399)
    expect(urls.filter((url) => url === METADATA)).toHaveLength(1)
    expect(urls.filter((url) => url === JWKS)).toHaveLength(1 + Math.floor(86_399 / 480))
    await time.pass(480)
    expect(urls.filter((url) => url === METADATA)).toHaveLength(2)
  })

  it('takes the metadata of RFC 8414 where there is none of OpenID Connect', async () => {
    const { pages, urls, keys } = provider()
    pages.delete(METADATA)
    pages.set(OAUTH_METADATA, metadata({}))
    await keys.warmup()
    expect(urls).toEqual([METADATA, OAUTH_METADATA, JWKS])
  })

  it.each<[DiscoveryOptions['metadata'] & string, string]>([
    ['openid-configuration', METADATA],
    ['oauth-authorization-server', OAUTH_METADATA],
  ])('asks for %s alone where that is said', async (kind, url) => {
    const { pages, urls, keys } = provider({ metadata: kind })
    pages.clear()
    await expect(keys.warmup()).rejects.toMatchObject({ failure: 'status' })
    expect(urls).toEqual([url])
  })

  it('does not take a provider that is down for one without metadata', async () => {
    const { pages, urls, keys } = provider()
    pages.set(METADATA, refuseConnection)
    await expect(keys.warmup()).rejects.toMatchObject({ failure: 'network', origin: 'https://id.example' })
    expect(urls).toEqual([METADATA])
  })

  it.each([
    [
      'https://id.example',
      'https://id.example/.well-known/openid-configuration',
      'https://id.example/.well-known/oauth-authorization-server',
    ],
    [
      'https://id.example/',
      'https://id.example/.well-known/openid-configuration',
      'https://id.example/.well-known/oauth-authorization-server',
    ],
    [
      'https://id.example/a/b',
      'https://id.example/a/b/.well-known/openid-configuration',
      'https://id.example/.well-known/oauth-authorization-server/a/b',
    ],
    [
      'https://id.example/a/',
      'https://id.example/a/.well-known/openid-configuration',
      'https://id.example/.well-known/oauth-authorization-server/a',
    ],
    [
      'https://id.example//evil',
      'https://id.example//evil/.well-known/openid-configuration',
      'https://id.example/.well-known/oauth-authorization-server//evil',
    ],
  ])('finds the metadata of %s', (issuer, openid, oauth) => {
    expect(metadataUrl(new URL(issuer), 'openid-configuration').href).toBe(openid)
    expect(metadataUrl(new URL(issuer), 'oauth-authorization-server').href).toBe(oauth)
  })

  it.each([
    `${ISSUER}/`,
    ISSUER.toUpperCase(),
    'https://id.example:443/realms/shop',
    'https://evil.example',
    'https://id.example/realms/{realm}',
    [ISSUER],
    null,
    undefined,
  ])('refuses metadata that names the issuer %j', async (issuer) => {
    const { pages, urls, keys } = provider()
    pages.set(METADATA, metadata({ issuer }))
    await expect(keys.warmup()).rejects.toMatchObject({
      failure: expect.stringMatching(/^(issuer_mismatch|malformed)$/),
    })
    expect(urls).toEqual([METADATA])
    expect(await asked(keys, 'a')).toBe('unavailable')
  })

  it('takes the final slash for a part of the issuer', async () => {
    const { pages, keys } = provider({}, `${ISSUER}/`)
    await expect(keys.warmup()).rejects.toMatchObject({ failure: 'issuer_mismatch' })
    const other = provider({}, `${ISSUER}/`)
    other.pages.set(METADATA, metadata({ issuer: `${ISSUER}/` }))
    await other.keys.warmup()
    expect(pages.size).toBe(2)
  })

  it.each([
    ['https://keys.example/jwks', 'is on https://keys.example, which jwksOrigins does not list'],
    ['https://id.example.evil.example/jwks', 'jwksOrigins does not list'],
    ['https://id.example:8443/jwks', 'jwksOrigins does not list'],
    ['http://id.example/jwks', 'must be https'],
    ['http://127.0.0.1/jwks', 'jwksOrigins does not list'],
    ['http://169.254.169.254/latest/meta-data', 'must be https'],
    ['file:///etc/passwd', 'must be https'],
    ['https://user@id.example/jwks', 'user name'],
    ['https://id.example/jwks#a', 'fragment'],
    ['/jwks', 'has no jwks_uri'],
    ['', 'has no jwks_uri'],
    [undefined, 'has no jwks_uri'],
    [['https://id.example/jwks'], 'has no jwks_uri'],
  ])('refuses the jwks_uri %j and asks nothing of it', async (jwks_uri, problem) => {
    const { pages, urls, keys } = provider()
    pages.set(METADATA, metadata({ jwks_uri }))
    await expect(keys.warmup()).rejects.toMatchObject({
      failure: 'jwks_uri_refused',
      message: expect.stringContaining(problem),
    })
    expect(urls).toEqual([METADATA])
  })

  it('takes a jwks_uri on an origin that is listed', async () => {
    const { pages, urls, keys } = provider({ jwksOrigins: ['https://keys.example'] })
    pages.set(METADATA, metadata({ jwks_uri: 'https://keys.example/shop' }))
    pages.set('https://keys.example/shop', () => json({ keys: [jwk('b')] }))
    await keys.warmup()
    expect(await asked(keys, 'b')).toBe('found')
    expect(urls).toEqual([METADATA, 'https://keys.example/shop'])
  })

  it.each([
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }), 'status'],
    ['HTML', () => new Response('<html></html>'), 'malformed'],
    ['null', () => json(null), 'malformed'],
    ['more than the limit', () => json({ issuer: ISSUER, jwks_uri: JWKS, padding: 'x'.repeat(262_144) }), 'too_large'],
  ])('refuses metadata that is %s', async (_, page, failure) => {
    const { pages, urls, keys } = provider()
    pages.set(METADATA, page)
    await expect(keys.warmup()).rejects.toMatchObject({ failure: failure === 'status' ? 'redirect' : failure })
    expect(urls).toEqual([METADATA])
  })

  it('follows keys that moved: it asks for metadata again once they cannot be had', async () => {
    const { pages, keys, time } = provider()
    await keys.warmup()
    pages.delete(JWKS)
    pages.set(METADATA, metadata({ jwks_uri: `${ISSUER}/certs-2` }))
    pages.set(`${ISSUER}/certs-2`, () => json({ keys: [jwk('b')] }))
    await time.pass(480)
    expect(await asked(keys, 'a')).toBe('found')
    await time.pass(1)
    expect(await asked(keys, 'b')).toBe('found')
  })

  it('goes on with the place it knows while the metadata cannot be had, or is wrong', async () => {
    for (const page of [refuseConnection, metadata({ issuer: 'https://evil.example' })]) {
      const { pages, keys, time } = provider()
      await keys.warmup()
      pages.set(METADATA, page)
      await time.pass(86_400 + 480)
      expect(keys.health(NOW)).toMatchObject({ ready: true, stale: false })
      await time.pass(3600)
      expect(keys.health(NOW)).toMatchObject({ stale: true })
      await time.pass(3600)
      expect(keys.health(NOW)).toMatchObject({ ready: false })
    }
  })

  it('recovers by the keys alone where the metadata hangs', async () => {
    const { pages, keys, time } = provider()
    await keys.warmup()
    pages.set(METADATA, () => new Promise<Response>(() => {}))
    const page = pages.get(JWKS)
    pages.set(JWKS, refuseConnection)
    await time.pass(900)
    expect(keys.health(NOW).stale).toBe(true)
    if (page !== undefined) pages.set(JWKS, page)
    await time.pass(60)
    expect(keys.health(NOW).stale).toBe(false)
  })

  it('gives metadata and keys one time together', async () => {
    const { pages, keys, time } = provider()
    let release = () => {}
    pages.set(METADATA, () => new Promise((resolve) => (release = () => resolve(metadata({})()))))
    pages.set(JWKS, () => new Promise<Response>(() => {}))
    let failure: unknown
    const warmup = Promise.resolve(keys.warmup()).catch((error: unknown) => {
      failure = error
    })
    await time.pass(4)
    release()
    await time.pass(0.9)
    expect(failure).toBeUndefined()
    await time.pass(0.1)
    await warmup
    expect(failure).toMatchObject({ failure: 'timeout' })
  })

  it.each<[unknown, unknown, string]>([
    ['http://id.example', {}, 'discovery.issuer'],
    ['https://id.example?tenant=7', {}, 'discovery.issuer'],
    ['https://id.example#a', {}, 'discovery.issuer'],
    ['', {}, 'discovery.issuer'],
    [undefined, {}, 'discovery.issuer'],
    [ISSUER, { jwksOrigins: ['https://keys.example/'] }, 'discovery.jwksOrigins[0]'],
    [ISSUER, { jwksOrigins: ['https://keys.example/jwks'] }, 'discovery.jwksOrigins[0]'],
    [ISSUER, { jwksOrigins: ['http://keys.example'] }, 'discovery.jwksOrigins[0]'],
    [ISSUER, { jwksOrigins: ['*'] }, 'discovery.jwksOrigins[0]'],
    [ISSUER, { jwksOrigins: [] }, 'discovery.jwksOrigins'],
    [ISSUER, { metadata: 'webfinger' }, 'discovery.metadata'],
    [ISSUER, { jwksUri: JWKS }, 'discovery.jwksUri'],
    [ISSUER, { timeoutSeconds: 0 }, 'discovery.timeoutSeconds'],
  ])('refuses the issuer %s with %j', (issuer, options, option) => {
    expect(optionOf(() => discovery(issuer as string, options as DiscoveryOptions))).toBe(option)
  })

  it('refuses an issuer that signs with secrets', () => {
    expect(optionOf(() => open(discovery(ISSUER), 'HS256'))).toBe('keys')
  })
})
