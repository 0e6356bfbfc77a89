import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { keyRing } from '@countersign/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUDIENCE, bench, billing, caughtWarnings, NOW, optionOf, SECRET, view } from '../../core/test/kit.js'
import { createSigner, type RequestToSign, type SignerOptions } from '../src/index.js'

const options = (more: Partial<SignerOptions> = {}): SignerOptions => ({
  keyId: 'billing-1',
  secret: SECRET,
  audience: AUDIENCE,
  clock: () => NOW,
  ...more,
})
const signer = (more: Partial<SignerOptions> = {}) => createSigner(options(more))
const GET: RequestToSign = { method: 'GET', url: '/orders' }

/** What core says of a request sent with these headers. */
function verdict(request: RequestToSign, more: Partial<SignerOptions> = {}, self = bench()): Promise<string> {
  const headers = { ...(request.headers as Record<string, string>), ...signer(more).sign(request) }
  const target = String(request.url).replace(/^https?:\/\/[^/]*/, '')
  const body = request.body ?? ''
  return self.verdict(view({ method: request.method, target, headers: Object.entries(headers).flat(), body }))
}

describe('createSigner', () => {
  it('signs what core accepts', async () => {
    expect(await verdict(GET)).toBe('allow')
    expect(
      await verdict({
        method: 'POST',
        url: 'https://orders.test/orders?a=b',
        body: '{"é":1}',
        headers: { 'Content-Type': 'application/json' },
      }),
    ).toBe('allow')
    expect(await verdict({ ...GET, headers: { authorization: 'Basic x' } })).toBe('allow')
  })

  it('signs with sha512 where the key says so', async () => {
    const secret = Buffer.alloc(64, 3)
    const self = bench({ hmac: { keys: keyRing([billing({ algorithm: 'sha512', secret })]) } })
    expect(await verdict(GET, { algorithm: 'sha512', secret }, self)).toBe('allow')
    expect(signer({ algorithm: 'sha512', secret }).sign(GET)).toHaveProperty('x-hmac-sha512')
  })

  it('signs body and timestamp where the service runs that profile', async () => {
    caughtWarnings()
    const self = bench({ hmac: { keys: keyRing([billing({ profile: 'body-timestamp' })]) } })
    expect(await verdict({ method: 'POST', url: '/orders', body: 'a=1' }, { profile: 'body-timestamp' }, self)).toBe(
      'allow',
    )
    expect(Object.keys(signer({ profile: 'body-timestamp' }).sign(GET))).toEqual(['x-hmac-timestamp', 'x-hmac-sha256'])
  })

  it('covers content type and authorization, names in any case, values without the space around them', async () => {
    const request = { method: 'POST', url: '/orders', body: 'x' }
    const sign = (headers: RequestToSign['headers']) =>
      signer({ nonce: () => 'n'.repeat(16) }).sign({ ...request, ...(headers === undefined ? {} : { headers }) })[
        'x-hmac-sha256'
      ]
    const plain = sign({ 'content-type': 'text/plain', authorization: 'Bearer x' })
    expect(sign({ 'CONTENT-TYPE': ' text/plain\t', Authorization: 'Bearer x ' })).toBe(plain)
    expect(sign(new Headers({ 'content-type': 'text/plain', authorization: 'Bearer x' }))).toBe(plain)
    expect(
      sign([
        ['Content-Type', 'text/plain'],
        ['Authorization', 'Bearer x'],
      ]),
    ).toBe(plain)
    for (const other of [
      undefined,
      { 'content-type': 'text/plain' },
      { authorization: 'Bearer x' },
      { 'content-type': 'text/html', authorization: 'Bearer x' },
    ]) {
      expect(sign(other)).not.toBe(plain)
    }
  })

  it('never signs twice with the same nonce', () => {
    const one = signer()
    const nonces = Array.from({ length: 1000 }, () => one.sign(GET)['x-hmac-nonce'])
    expect(new Set(nonces).size).toBe(1000)
  })

  it('takes bytes, a string as its UTF-8, nothing, or the digest of a stream', () => {
    const digest = (body: Partial<RequestToSign>) => signer().sign({ ...GET, ...body })['x-hmac-content-sha256']
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
    expect(digest({ body: 'é' })).toBe(sha256('é'))
    expect(digest({ body: Buffer.from('é') })).toBe(sha256('é'))
    expect([digest({}), digest({ body: null }), digest({ body: '' })]).toEqual([sha256(''), sha256(''), sha256('')])
    expect(digest({ contentSha256: sha256('streamed') })).toBe(sha256('streamed'))
  })

  it('uses whole seconds', () => {
    expect(signer({ clock: () => NOW + 0.9 }).sign(GET)['x-hmac-timestamp']).toBe(String(NOW))
  })

  it.each<[string, RequestToSign, Partial<SignerOptions>?]>([
    ['a line feed in a header', { ...GET, headers: { 'content-type': 'a\nmethod:DELETE' } }],
    ['a header outside ASCII', { ...GET, headers: { 'content-type': 'text/é' } }],
    ['a header with a space outside ASCII behind it', { ...GET, headers: { 'content-type': 'text/plain\u00a0' } }],
    ['an authorization with a line feed', { ...GET, headers: { authorization: 'Bearer x\ny' } }],
    [
      'a header given twice',
      {
        ...GET,
        headers: [
          ['authorization', 'a'],
          ['Authorization', 'a'],
        ],
      },
    ],
    ['a method with a line feed', { ...GET, method: 'GET\n' }],
    ['no method', { ...GET, method: '' }],
    ['a target with a line feed', { ...GET, url: '/a\nb' }],
    ['a target with a space', { ...GET, url: '/a b' }],
    ['a target outside ASCII', { ...GET, url: '/é' }],
    ['a relative target', { ...GET, url: 'orders' }],
    ['body and digest', { ...GET, body: 'x', contentSha256: '0'.repeat(64) }],
    ['a digest in upper case', { ...GET, contentSha256: 'A'.repeat(64) }],
    ['a digest that is short', { ...GET, contentSha256: 'a'.repeat(63) }],
    ['a short nonce', GET, { nonce: () => 'short' }],
    ['a clock of milliseconds', GET, { clock: () => NOW * 1000 }],
    ['a clock that tells no time', GET, { clock: () => Number.NaN }],
    ['a digest alone for body-timestamp', { ...GET, contentSha256: 'a'.repeat(64) }, { profile: 'body-timestamp' }],
    // @ts-expect-error a stream is no bytes
    ['a stream', { ...GET, body: new ReadableStream() }],
  ])('refuses to sign %s, without telling its value', (_, request, more) => {
    expect(() => signer(more).sign(request)).toThrow(TypeError)
    expect(() => signer(more).sign(request)).not.toThrow(/DELETE|Bearer|é/)
  })

  it.each<[string, SignerOptions]>([
    ['keyId', options({ keyId: '' })],
    ['keyId', options({ keyId: 'a b' })],
    ['secret', options({ secret: 'short' })],
    ['secret', options({ secret: '' })],
    ['secret', options({ algorithm: 'sha512' })],
    ['audience', options({ audience: '' })],
    ['audience', options({ audience: 'a\nb' })],
    ['algorithm', options({ profile: 'body-timestamp', algorithm: 'sha512', secret: Buffer.alloc(64, 1) })],
    // @ts-expect-error an audience is said, or null
    ['audience', { keyId: 'a', secret: SECRET }],
    // @ts-expect-error no such algorithm
    ['algorithm', options({ algorithm: 'md5' })],
    // @ts-expect-error a misspelt option does not compile
    ['signer.keyID', { ...options(), keyID: 'a' }],
  ])('names %s', (option, wrong) => {
    expect(optionOf(() => createSigner(wrong))).toBe(option)
  })
})

describe('the target that is signed is the one that travels', () => {
  const URLS = [
    '/',
    '',
    '/a?b=c',
    '/a#fragment',
    '/a?b#c',
    '//a//b',
    '/a/../b',
    '/a/./b',
    '/%2e%2e/b',
    '/%61%2F',
    '/a b',
    '/é',
    '/a?q=é ü',
    '/a\\b',
    '/a?x=1&x=2',
    '/a;p=1',
    "/a'()*!",
    '/a|b^`{}',
    '/a?b|c^`{}"<>',
    '/a+b',
    '/a%',
    '/?a=/../',
    '/a:80/@b',
    '/[::1]',
    '/a\tb',
    '/💥',
  ]

  it.each(['/a?', '/?', '?', '/a?#fragment'])(
    '%j is refused: whether its empty query travels depends on the HTTP client',
    (path) => {
      const sign = (url: string | URL) => () => signer().sign({ method: 'GET', url })
      expect(sign(`http://127.0.0.1${path}`)).toThrow(
        new TypeError('url has an empty query, which some HTTP clients send and some leave out: take the ? away'),
      )
      expect(sign(new URL(`http://127.0.0.1${path}`))).toThrow(TypeError)
    },
  )

  it('an empty query is signed where the target is given as it will stand in the request line', () => {
    const macOf = (url: string) => signer({ nonce: () => 'n'.repeat(16) }).sign({ method: 'GET', url })['x-hmac-sha256']
    expect(macOf('/a?')).not.toBe(macOf('/a'))
  })

  it.each(URLS)('%j, by fetch and by node:http', async (path) => {
    const server = createServer((message, response) => response.end(message.url)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
    const nonce = () => 'n'.repeat(16)
    const macOf = (target: string | URL) => signer({ nonce }).sign({ method: 'GET', url: target })['x-hmac-sha256']

    const fetched = await (await fetch(url)).text()
    expect(macOf(url)).toBe(macOf(fetched))
    expect(macOf(new URL(url))).toBe(macOf(fetched))

    const outgoing = sendRequest(new URL(url)).end()
    const [incoming] = await once(outgoing, 'response')
    let sent = ''
    for await (const bytes of incoming) sent += bytes
    expect(sent).toBe(fetched)
  })
})
