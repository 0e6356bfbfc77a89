import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { remoteJwks } from '../../src/keys/remote-jwks.js'
import { jwkThumbprint } from '../../src/keys/thumbprint.js'
import { caughtWarnings } from '../kit.js'
import {
  asked,
  FetchServer,
  HandTime,
  json,
  jwk,
  jwksEvents,
  open,
  refuseConnection,
  remoteBench,
} from './remote-kit.js'

let warnings: string[]
beforeEach(() => {
  warnings = caughtWarnings()
})
afterEach(() => {
  vi.restoreAllMocks()
})

const thumbprint = (kid: string) => jwkThumbprint(jwk(kid))
const SOURCE = 'https://id.example/jwks'

describe('countersign:jwks', () => {
  it('tells what came and what went, by thumbprint', async () => {
    const events = jwksEvents()
    const { server, keys, time } = remoteBench({}, 'a', 'b')
    await keys.warmup()
    server.keys = [jwk('b'), jwk('c'), jwk('d', { use: 'enc' })]
    await time.pass(480)
    expect(events).toEqual([
      {
        event: 'jwks.refreshed',
        v: 1,
        source: SOURCE,
        cause: 'start',
        keys: 2,
        skipped: 0,
        added: [thumbprint('a'), thumbprint('b')],
        removed: [],
        freshSeconds: 600,
        durationSeconds: 0,
      },
      {
        event: 'jwks.refreshed',
        v: 1,
        source: SOURCE,
        cause: 'schedule',
        keys: 2,
        skipped: 1,
        problem: 'keys[2].use must be "sig"',
        added: [thumbprint('c')],
        removed: [thumbprint('a')],
        freshSeconds: 600,
        durationSeconds: 0,
      },
    ])
  })

  it('tells of an outage from its first failure to its end', async () => {
    const events = jwksEvents()
    const { server, keys, time } = remoteBench({ maxStaleSeconds: 60 })
    await keys.warmup()
    server.answer = refuseConnection
    expect(await asked(keys, 'new')).toBe('unavailable (waited)')
    await time.pass(700)
    server.answer = () => json({ keys: server.keys })
    await time.pass(30)
    const told = events.map(({ event }) => event)
    expect(told.filter((event) => event !== 'jwks.refresh_failed')).toEqual([
      'jwks.refreshed',
      'jwks.stale',
      'jwks.unavailable',
      'jwks.refreshed',
      'jwks.recovered',
    ])
    expect(events[1]).toEqual({
      event: 'jwks.refresh_failed',
      v: 1,
      source: SOURCE,
      cause: 'unknown_kid',
      failure: 'network',
      failures: 1,
      nextRefreshSeconds: 1,
      durationSeconds: 0,
    })
    expect(events[2]).toMatchObject({ cause: 'retry', failures: 2, nextRefreshSeconds: 2 })
    expect(events.find(({ event }) => event === 'jwks.stale')).toMatchObject({
      keys: 1,
      ageSeconds: expect.any(Number),
    })
    expect(events.at(-2)).toMatchObject({ cause: 'retry', added: [], removed: [] })
  })

  it('carries neither keys nor the query of a URL, and warnings do not either', async () => {
    const events = jwksEvents()
    const [time, server] = [new HandTime(), new FetchServer('a')]
    const url = 'https://id.example/jwks?api-key=s3cr3t'
    const keys = open(remoteJwks(url, { fetch: server.fetch, runtime: time.runtime }))
    server.answer = refuseConnection
    await expect(keys.warmup()).rejects.toThrow(/^(?!.*s3cr3t)/)
    server.answer = () => json({ keys: server.keys })
    await time.pass(30)
    expect(server.urls).toContain(url)
    const text = JSON.stringify([events, warnings])
    expect(text).toContain(thumbprint('a'))
    expect(text).not.toContain('s3cr3t')
    for (const member of ['x', 'y']) expect(text).not.toContain(String(jwk('a')[member]))
  })
})
