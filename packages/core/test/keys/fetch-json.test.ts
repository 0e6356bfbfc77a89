import { describe, expect, it } from 'vitest'
import { fetchJson, maxAgeSeconds } from '../../src/keys/fetch-json.js'
import { RemoteKeysError } from '../../src/keys/remote-error.js'
import { type Answer, refuseConnection } from './remote-kit.js'

const URL_ = new URL('https://id.example:8443/jwks?tenant=7')
const SECRET = 'what-the-body-says'

const get = (answer: Answer, limitBytes = 1024) =>
  fetchJson(URL_, { fetch: async () => answer(), limitBytes, signal: new AbortController().signal })

async function failure(answer: Answer, limitBytes?: number): Promise<RemoteKeysError> {
  const error = await get(answer, limitBytes).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof RemoteKeysError) return error
  throw new Error('no RemoteKeysError')
}

describe('fetchJson', () => {
  it('asks once, for JSON, without following redirects', async () => {
    const calls: unknown[] = []
    const { signal } = new AbortController()
    const fetch = async (url: string, init: RequestInit) => {
      calls.push([url, init.redirect, init.signal === signal, new Headers(init.headers).get('accept')])
      return new Response('{"keys":[]}')
    }
    expect(await fetchJson(URL_, { fetch, limitBytes: 1024, signal })).toEqual({
      value: { keys: [] },
      maxAgeSeconds: undefined,
    })
    expect(calls).toEqual([[URL_.href, 'manual', true, 'application/json, application/jwk-set+json']])
  })

  it.each<[string, Answer]>([
    ['redirect', () => new Response(SECRET, { status: 302, headers: { location: 'https://evil.example/' } })],
    ['redirect', () => new Response(null, { status: 304 })],
    ['status', () => new Response(SECRET, { status: 500 })],
    ['status', () => new Response(SECRET, { status: 404 })],
    ['status', () => new Response(null, { status: 204 })],
    ['status', () => new Response('{"keys":[]}', { status: 203 })],
    ['malformed', () => new Response(`<html>${SECRET}</html>`)],
    ['malformed', () => new Response(`{"keys":["${SECRET}`)],
    ['malformed', () => new Response('')],
    ['malformed', () => new Response(new Uint8Array([0x22, 0xff, 0x22]))],
    ['too_large', () => new Response('1'.repeat(1025))],
    ['too_large', () => new Response('1', { headers: { 'content-length': '1025' } })],
    ['network', refuseConnection],
    [
      'network',
      () => {
        throw new Error(SECRET)
      },
    ],
  ])('fails with %s, telling where and nothing of the answer', async (expected, answer) => {
    const error = await failure(answer)
    expect(error.failure).toBe(expected)
    expect(error.origin).toBe('https://id.example:8443')
    expect(error.message).toContain('https://id.example:8443 ')
    expect(error.message).not.toContain('tenant')
    expect(error.message).not.toContain(SECRET)
    expect(String(error.cause ?? '')).not.toContain('{"keys"')
  })

  it('takes a body of the limit, and none that is a byte longer', async () => {
    expect((await get(() => new Response(`"${'x'.repeat(1022)}"`))).value).toHaveLength(1022)
    expect((await failure(() => new Response(`"${'x'.repeat(1023)}"`))).failure).toBe('too_large')
  })

  it('stops reading a body at the limit', async () => {
    let pulled = 0
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(512))
      },
      cancel() {
        cancelled = true
      },
    })
    expect((await failure(() => new Response(endless))).failure).toBe('too_large')
    expect(cancelled).toBe(true)
    expect(pulled).toBeLessThan(6)
  })

  it('names the error code of a connection that failed', async () => {
    expect((await failure(refuseConnection)).message).toContain('(ECONNREFUSED)')
  })

  it.each<[string | undefined, string | undefined, number | undefined]>([
    [undefined, undefined, undefined],
    ['public', undefined, undefined],
    ['max-age=300', undefined, 300],
    ['public, MAX-AGE=300, must-revalidate', undefined, 300],
    ['max-age="300"', undefined, 300],
    ['s-maxage=300', undefined, undefined],
    ['max-age=-1', undefined, undefined],
    ['max-age=1e9', undefined, undefined],
    ['max-age=0', undefined, 0],
    ['no-store', undefined, 0],
    ['no-cache, max-age=300', undefined, 0],
    ['max-age=300', '100', 200],
    ['max-age=300', '301', 0],
    ['max-age=300', '-5', 300],
    ['max-age=300', 'soon', 300],
  ])('reads Cache-Control %s with Age %s as %s', (cacheControl, age, expected) => {
    const headers = new Headers()
    if (cacheControl !== undefined) headers.set('cache-control', cacheControl)
    if (age !== undefined) headers.set('age', age)
    expect(maxAgeSeconds(headers)).toBe(expected)
  })
})
