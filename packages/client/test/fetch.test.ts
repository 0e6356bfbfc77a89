import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@countersign/core'
import { readBody } from '@countersign/core/adapter'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUDIENCE, bench, claims, keyPair, mint, optionOf, SECRET } from '../../core/test/kit.js'
import { createSigner, type SignedRequestInit, signedFetch } from '../src/index.js'

const signer = createSigner({ keyId: 'billing-1', secret: SECRET, audience: AUDIENCE })
const { privateKey, publicJwk } = keyPair('ES256')
const token = () => mint(privateKey, { alg: 'ES256', kid: publicJwk.kid }, claims({ exp: systemClock() + 60 }))

interface Answer {
  readonly outcome: string
  readonly principal?: string
  readonly actor?: string
  readonly body: string
  readonly type: string | undefined
}

/** A service on loopback that verifies what it gets and says what it made of it. */
async function service(redirect?: string): Promise<{ readonly url: string; readonly requests: IncomingMessage[] }> {
  const { verifier } = bench({ verifier: { clock: systemClock } })
  const requests: IncomingMessage[] = []
  const server = createServer(async (message, response) => {
    requests.push(message)
    const limits = { limitBytes: 1_000_000, timeoutSeconds: 5 }
    const { method = '', url: target = '', rawHeaders } = message
    const view = { method, target, rawHeaders, framework: 'node', readBody: () => readBody(message, limits) }
    const decision = await verifier.verify(view, 'authenticated')
    const body = await readBody(message, limits)
    if (redirect !== undefined) response.writeHead(307, { location: redirect })
    const auth = decision.outcome === 'allow' ? decision.auth : null
    response.end(
      JSON.stringify({
        outcome: decision.outcome === 'allow' ? 'allow' : decision.reason,
        principal: auth?.principal.id,
        actor: auth?.actor?.id,
        body: body.toString('latin1'),
        type: message.headers['content-type'],
      }),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders?a=b`, requests }
}

async function send(init: SignedRequestInit, options: Parameters<typeof signedFetch>[0] = { signer }): Promise<Answer> {
  const { url } = await service()
  return (await signedFetch(options)(url, init)).json() as Promise<Answer>
}

const form = new FormData()
form.set('name', 'é')
form.set('file', new Blob(['\0\u00ff'.repeat(10)]), 'a.bin')

describe('signedFetch', () => {
  it('names an option that would leave requests unsigned: misspelt, or undefined', () => {
    // @ts-expect-error it does not compile either
    expect(optionOf(() => signedFetch({ singer: {} }))).toBe('signedFetch.singer')
    // @ts-expect-error as a misspelt name is
    expect(optionOf(() => signedFetch({ signer: undefined }))).toBe('signedFetch.signer')
  })

  it.each<[string, SignedRequestInit]>([
    ['nothing', {}],
    ['a POST without a body', { method: 'POST' }],
    ['a string', { method: 'POST', body: 'é💥' }],
    ['an empty string', { method: 'POST', body: '' }],
    ['bytes', { method: 'PUT', body: Uint8Array.of(0, 255, 128) }],
    ['a part of a larger buffer', { method: 'PUT', body: new Uint8Array(Buffer.from('abcdef').subarray(2, 4)) }],
    ['a blob with a type', { method: 'POST', body: new Blob(['x'], { type: 'text/x' }) }],
    ['a form in the URL encoding', { method: 'POST', body: new URLSearchParams({ a: 'é&=' }) }],
    ['a multipart form, whose boundary nobody knows before', { method: 'POST', body: form }],
    ['JSON with its type', { method: 'PATCH', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } }],
    ['DELETE with a body', { method: 'DELETE', body: 'x' }],
    ['a large body', { method: 'POST', body: 'x'.repeat(900_000) }],
  ])('sends %s as it was signed', async (_, init) => {
    const answer = await send(init)
    expect(answer).toMatchObject({ outcome: 'allow', principal: 'billing' })
    if (typeof init.body === 'string') expect(answer.body).toBe(Buffer.from(init.body).toString('latin1'))
  })

  it('keeps the content type that fetch gives a body', async () => {
    expect((await send({ method: 'POST', body: 'x' })).type).toBe('text/plain;charset=UTF-8')
    expect((await send({ method: 'POST', body: form })).type).toMatch(/^multipart\/form-data; boundary=/)
  })

  it('sends a stream with the digest that is given for it, and refuses one without', async () => {
    const stream = () => new Blob(['streamed']).stream()
    const contentSha256 = createHash('sha256').update('streamed').digest('hex')
    expect(await send({ method: 'POST', body: stream(), contentSha256 })).toMatchObject({
      outcome: 'allow',
      body: 'streamed',
    })
    await expect(send({ method: 'POST', body: stream() })).rejects.toThrow(TypeError)
    expect(await send({ method: 'POST', body: stream(), contentSha256: '0'.repeat(64) })).toMatchObject({
      outcome: 'content_digest_mismatch',
    })
  })

  it('attaches the token before it signs, so that the signature covers it', async () => {
    expect(await send({}, { signer, token })).toMatchObject({ outcome: 'allow', principal: 'alice', actor: 'billing' })
    const later = async () => token()
    expect(await send({ method: 'POST', body: 'x' }, { signer, token: later })).toMatchObject({
      principal: 'alice',
      actor: 'billing',
    })
  })

  it('attaches a token alone where there is no signer', async () => {
    const answer = await send({ headers: { authorization: 'Bearer stale' } }, { token })
    expect(answer).toMatchObject({ outcome: 'allow', principal: 'alice' })
    expect(answer).not.toHaveProperty('actor')
  })

  it('asks for the token at each request', async () => {
    let asked = 0
    const { url } = await service()
    const send = signedFetch({ signer, token: () => `${token()}${asked++ > 0 ? 'x' : ''}` })
    const outcomes = [await (await send(url)).json(), await (await send(url)).json()] as Answer[]
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['allow', 'token_malformed'])
  })

  it('signs each request anew: the same call twice is no replay', async () => {
    const { url } = await service()
    const send = signedFetch({ signer })
    for (const _ of [1, 2]) expect(await (await send(url)).json()).toMatchObject({ outcome: 'allow' })
  })

  it('sends no empty query, whatever fetch would have made of it, and leaves the URL that it was given alone', async () => {
    const { url, requests } = await service()
    const empty = new URL(url.replace('a=b', ''))
    expect(await (await signedFetch({ signer })(empty)).json()).toMatchObject({ outcome: 'allow' })
    expect([requests[0]?.url, empty.href.endsWith('/orders?')]).toEqual(['/orders', true])
  })

  it('does not follow a redirect: the signature and the token go to no other place', async () => {
    const elsewhere = await service()
    const { url } = await service(elsewhere.url)
    for (const init of [{}, { redirect: 'follow' }] as const) {
      expect((await signedFetch({ signer, token })(url, init)).status).toBe(307)
    }
    expect(elsewhere.requests).toEqual([])
  })

  it('sends through the fetch that it is given, and once', async () => {
    const sent: Request[] = []
    const stub: typeof fetch = async (input) => {
      sent.push(input as Request)
      return new Response('', { status: 503 })
    }
    expect((await signedFetch({ signer, fetch: stub })('http://a.test/')).status).toBe(503)
    expect(sent.map(({ headers }) => headers.has('x-hmac-sha256'))).toEqual([true])
  })

  it('stops where its signal says so', async () => {
    const { url } = await service()
    await expect(signedFetch({ signer })(url, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })
})
