import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { remoteJwks } from '../../src/keys/remote-jwks.js'
import { bearing, bench, caughtWarnings, claims, ISSUER, mint, NOW, now } from '../kit.js'
import {
  asked,
  FetchServer,
  HandTime,
  hang,
  JWKS_URL,
  json,
  jwk,
  open,
  refuseConnection,
  remoteBench,
  settle,
} from './remote-kit.js'

let warnings: string[]
beforeEach(() => {
  warnings = caughtWarnings()
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('a remote key set, at first', () => {
  it('asks for nothing before anybody asks it', async () => {
    const { server, time, keys } = remoteBench()
    await time.pass(3600)
    expect(keys.isUsable(NOW)).toBe(false)
    expect(server.fetches).toBe(0)
  })

  it('makes the first requests wait for one fetch', async () => {
    const { server, keys } = remoteBench({}, 'a', 'b')
    const answers = Array.from({ length: 100 }, (_, index) => asked(keys, index % 2 === 0 ? 'a' : 'b'))
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['found (waited)']))
    expect(server.fetches).toBe(1)
  })

  it('answers at once when it has its keys', async () => {
    const { server, keys } = remoteBench()
    await keys.warmup()
    expect(now(keys.find('a', 'ES256', NOW))).toMatchObject({ kid: 'a', algorithm: 'ES256' })
    expect(now(keys.find(undefined, 'ES256', NOW))).toMatchObject({ kid: 'a' })
    await keys.warmup()
    expect(server.fetches).toBe(1)
  })

  it('fetches once for fifty different kids', async () => {
    const { server, keys } = remoteBench()
    const answers = Array.from({ length: 50 }, (_, index) => asked(keys, `random-${index}`))
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['unknown (waited)']))
    expect(await asked(keys, 'another')).toBe('unknown')
    expect(server.fetches).toBe(1)
  })

  it('has its probe left where those who waited for the first set found their keys', async () => {
    const { server, ask } = remoteBench()
    expect(await Promise.all([ask('a'), ask('a')])).toEqual(['found (waited)', 'found (waited)'])
    server.serve('a', 'new')
    expect(await ask('new')).toBe('found (waited)')
    expect(server.fetches).toBe(2)
  })

  it('rejects warmup with where and why, and becomes ready alone when the server returns', async () => {
    const { server, keys, time, ask } = remoteBench()
    server.answer = refuseConnection
    await expect(keys.warmup()).rejects.toMatchObject({
      name: 'RemoteKeysError',
      failure: 'network',
      origin: 'https://id.example',
      message: 'The keys of https://id.example cannot be had: the connection failed (ECONNREFUSED)',
    })
    expect(keys.health(NOW).ready).toBe(false)
    expect(await ask('a')).toBe('unavailable')
    await time.pass(3600)
    const { fetches } = server
    server.answer = () => json({ keys: server.keys })
    await time.pass(15)
    expect(server.fetches).toBe(fetches + 1)
    expect(keys.health(NOW).ready).toBe(true)
    expect(await ask('a')).toBe('found')
  })

  it('does not ask again for every warmup that fails', async () => {
    const { server, keys } = remoteBench()
    server.answer = refuseConnection
    for (let attempt = 0; attempt < 20; attempt++) await expect(keys.warmup()).rejects.toThrow('ECONNREFUSED')
    expect(server.fetches).toBe(1)
  })

  it('becomes ready by probes of readiness alone', async () => {
    const { keys } = remoteBench()
    expect(keys.health(NOW).ready).toBe(false)
    await settle()
    expect(keys.health(NOW).ready).toBe(true)
  })
})

describe('a remote key set, in its time', () => {
  it.each([
    [0, 480],
    [0.5, 510],
    [0.999, 539.94],
  ])('is refreshed ahead of its end: with the chance %d after %d seconds of 600', async (chance, seconds) => {
    const { server, keys, time } = remoteBench()
    time.chance = chance
    await keys.warmup()
    await time.pass(seconds - 0.1)
    expect(server.fetches).toBe(1)
    await time.pass(0.1)
    expect(server.fetches).toBe(2)
    await time.pass(6000)
    expect(server.fetches).toBe(2 + Math.floor(6000 / seconds))
  })

  it('is refreshed by timers that let the process end, within a time that does not', async () => {
    const { keys, time, server } = remoteBench()
    await keys.warmup()
    await settle()
    expect([...time.timers].map(({ holding }) => holding)).toEqual(['lets it end'])
    server.answer = hang
    await time.pass(480)
    expect([...time.timers].map(({ holding }) => holding)).toEqual(['holds the process'])
  })

  it('is refreshed by a request where the timer is late, and the request does not wait', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    await settle()
    time.jump(479)
    expect(await ask('a')).toBe('found')
    expect(server.fetches).toBe(1)
    time.jump(1)
    server.answer = hang
    expect(await ask('a')).toBe('found')
    expect(await ask('a')).toBe('found')
    expect(server.fetches).toBe(2)
  })

  it('loses a removed key with the next refresh, and gains a new one', async () => {
    const { server, keys, time, ask } = remoteBench({}, 'a', 'b')
    await keys.warmup()
    server.serve('b', 'c')
    await time.pass(479)
    expect(await ask('a')).toBe('found')
    await time.pass(1)
    expect(await ask('b')).toBe('found')
    expect(await ask('c')).toBe('found')
    expect(await ask('a')).toBe('unknown')
  })

  it('keeps the object of a key that stays', async () => {
    const { server, keys, time } = remoteBench({}, 'a')
    await keys.warmup()
    const before = now(keys.find('a', 'ES256', NOW))
    server.serve('b', 'a')
    await time.pass(480)
    expect(now(keys.find('a', 'ES256', NOW))).toBe(before)
  })

  it('never shows half a set', async () => {
    const { server, keys, time } = remoteBench({ cooldownSeconds: 3600 }, 'a', 'b')
    await keys.warmup()
    await asked(keys, 'uses up the probe')
    server.serve('c', 'd')
    const seen = new Set<string>()
    for (let second = 0; second < 500; second++) {
      seen.add((await Promise.all(['a', 'b', 'c', 'd'].map((kid) => asked(keys, kid)))).join())
      await time.pass(1)
    }
    expect(seen).toEqual(new Set(['found,found,unknown,unknown', 'unknown,unknown,found,found']))
  })

  it.each<[string, Record<string, string>, object, number]>([
    ['600 seconds where the server says nothing', {}, {}, 600],
    ['what the server says', { 'cache-control': 'max-age=300' }, {}, 300],
    ['60 seconds at least', { 'cache-control': 'max-age=59' }, {}, 60],
    ['60 seconds where it is not to be stored', { 'cache-control': 'no-store' }, {}, 60],
    ['24 hours at most', { 'cache-control': 'max-age=86401' }, {}, 86_400],
    ['less the age of a cache', { 'cache-control': 'max-age=300', age: '100' }, {}, 200],
    [
      'refreshSeconds where the server is not asked',
      { 'cache-control': 'max-age=9000' },
      { cacheControl: 'ignore' },
      600,
    ],
    [
      'no longer than refreshSeconds where that is below 60',
      { 'cache-control': 'no-cache' },
      { refreshSeconds: 20 },
      20,
    ],
  ])('is fresh for %s', async (_, headers, options, seconds) => {
    const { server, keys, time } = remoteBench(options)
    server.headers = headers
    await keys.warmup()
    const health = () => keys.health(NOW)
    expect(health().nextRefreshSeconds).toBe(seconds * 0.8)
    server.answer = refuseConnection
    await time.pass(seconds - 0.5)
    expect(health().stale).toBe(false)
    await time.pass(0.5)
    expect(health().stale).toBe(true)
  })
})

describe('a kid that is not in a remote key set', () => {
  it('is asked for at once, also right after a refresh', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    await time.pass(481)
    expect(server.fetches).toBe(2)
    server.serve('a', 'new')
    expect(await ask('new')).toBe('found (waited)')
    expect(await ask('new')).toBe('found')
    expect(server.fetches).toBe(3)
  })

  it('is asked for once in a cooldown, whichever it is', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    expect(await ask('random')).toBe('unknown (waited)')
    await time.pass(29.9)
    expect(await ask('random')).toBe('unknown')
    expect(await ask('other')).toBe('unknown')
    expect(server.fetches).toBe(2)
    await time.pass(0.1)
    expect(await ask('other')).toBe('unknown (waited)')
    expect(server.fetches).toBe(3)
  })

  it('cannot cause more than one fetch in a cooldown by ten thousand of its kind, nor disturb a known one', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    for (let second = 0; second < 10; second++) {
      const answers = Array.from({ length: 1000 }, (_, index) => asked(keys, `random-${second}-${index}`))
      expect(await ask('a')).toBe('found')
      await Promise.all(answers)
      await time.pass(1)
    }
    expect(server.fetches).toBe(2)
    expect(server.mostOpen).toBe(1)
  })

  it('cannot starve the scheduled refresh', async () => {
    const { server, keys, time } = remoteBench({ cooldownSeconds: 3600 })
    await keys.warmup()
    const fetchedAt: number[] = []
    server.answer = () => {
      fetchedAt.push(time.now - 5000)
      return json({ keys: server.keys })
    }
    for (let second = 0; second < 1500; second++) {
      await asked(keys, `random-${second}`)
      await time.pass(1)
    }
    expect(fetchedAt).toEqual([0, 480, 960, 1440])
  })

  it('is accepted one cooldown after a junk kid used up the probe, at the latest', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    expect(await ask('junk')).toBe('unknown (waited)')
    server.serve('a', 'new')
    await time.pass(1)
    expect(await ask('new')).toBe('unknown')
    await time.pass(29)
    expect(await ask('new')).toBe('found (waited)')
  })

  it('is accepted one cooldown after it was asked for too early, at the latest', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    for (let round = 0; round < 5; round++) {
      expect(await ask('early')).toBe('unknown (waited)')
      await time.pass(30)
    }
    server.serve('a', 'early')
    expect(await ask('early')).toBe('found (waited)')
  })

  it('is accepted with its first token, while the last tokens of a removed key still come', async () => {
    const { server, keys, time, ask } = remoteBench({}, 'old', 'a')
    await keys.warmup()
    server.serve('a')
    await time.pass(480)
    for (let second = 0; second < 100; second++) {
      expect(await ask('old')).toMatch(/^unknown/)
      await time.pass(1)
    }
    // The removed key was asked for again once in a cooldown, and took nothing from the new one.
    expect(server.fetches).toBe(2 + 3)
    server.serve('new')
    expect(await ask('new')).toBe('found (waited)')
  })

  it('is accepted with its first token, while a client goes on with a wrong kid', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    for (let second = 0; second < 45; second++) {
      expect(await ask('wrong')).toMatch(/^unknown/)
      await time.pass(1)
    }
    server.serve('a', 'new')
    expect(await ask('new')).toBe('found (waited)')
  })

  it('is remembered as absent for ten minutes, and is then as good as any other', async () => {
    for (const [seconds, wrong, other] of [
      [500, 'unknown', 'unknown (waited)'],
      [961, 'unknown (waited)', 'unknown'],
    ] as const) {
      const { keys, time, ask } = remoteBench()
      await keys.warmup()
      expect(await ask('wrong')).toBe('unknown (waited)')
      await time.pass(seconds)
      // The one probe for what is new goes to whoever is.
      expect([await ask('wrong'), await ask('other')]).toEqual([wrong, other])
    }
  })

  it('comes from a hundred names again and again, and still causes one fetch in a cooldown', async () => {
    const { server, keys, time } = remoteBench()
    await keys.warmup()
    for (let second = 0; second < 95; second++) {
      await Promise.all(Array.from({ length: 200 }, (_, index) => asked(keys, `random-${(second + index) % 300}`)))
      await time.pass(1)
    }
    expect(server.fetches).toBe(1 + 4)
  })

  it('is asked for once more where what was under way had been answered too early', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    const old = json({ keys: server.keys })
    let release = (_: Response): void => {}
    server.answer = () =>
      new Promise((resolve) => {
        release = resolve
      })
    await time.pass(480)
    server.serve('a', 'new')
    const answer = ask('new')
    server.answer = () => json({ keys: server.keys })
    release(old)
    expect(await answer).toBe('found (waited)')
    expect(server.fetches).toBe(3)
  })

  it('says nothing while the source fails: 503, at once, and known ones go on', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    server.answer = refuseConnection
    expect(await ask('new')).toBe('unavailable (waited)')
    expect(await ask('new')).toBe('unavailable')
    expect(await ask('a')).toBe('found')
    expect(server.fetches).toBe(2)
    server.serve('a', 'new')
    server.answer = () => json({ keys: server.keys })
    await time.pass(1)
    expect(await ask('new')).toBe('found')
  })

  it('does not wait for a source that failed before, even where that is just being asked again', async () => {
    const { server, keys, time, ask } = remoteBench()
    server.answer = refuseConnection
    await expect(keys.warmup()).rejects.toThrow()
    server.answer = hang
    await time.pass(1)
    expect(server.open).toBe(1)
    expect(await ask('new')).toBe('unavailable')
  })

  it('is not asked for a second time right after the asking that it waited for has failed', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    server.answer = hang
    await time.pass(480)
    const answer = ask('new')
    await time.pass(5)
    expect(await answer).toBe('unavailable (waited)')
    expect(server.fetches).toBe(2)
  })

  it('is refused at once where a thousand requests wait already', async () => {
    const { server, keys, ask } = remoteBench()
    await keys.warmup()
    server.answer = hang
    const waiting = Array.from({ length: 1000 }, (_, index) => asked(keys, `random-${index}`))
    expect(await ask('one more')).toBe('unavailable')
    expect(await ask('a')).toBe('found')
    void keys.close()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['unavailable (waited)']))
  })

  it('may wait again when others have their answers', async () => {
    const { keys, time } = remoteBench()
    await keys.warmup()
    for (let round = 0; round < 2; round++) {
      const answers = Array.from({ length: 600 }, (_, index) => asked(keys, `random-${round}-${index}`))
      expect(new Set(await Promise.all(answers))).toEqual(new Set(['unknown (waited)']))
      await time.pass(30)
    }
  })

  it('may be none: a token without kid finds the one key there is', async () => {
    const { server, keys, time } = remoteBench()
    await keys.warmup()
    expect(await asked(keys, undefined)).toBe('found')
    server.serve('a', 'b')
    await time.pass(480)
    expect(await asked(keys, undefined)).toBe('unknown (waited)')
    expect(await asked(keys, undefined)).toBe('unknown')
  })
})

describe('a remote key set whose server fails', () => {
  it('goes on until maxStaleSeconds after its time, to the second', async () => {
    const { server, keys, time, ask } = remoteBench({ maxStaleSeconds: 100 })
    await keys.warmup()
    server.answer = refuseConnection
    await time.pass(699)
    expect(await ask('a')).toBe('found')
    expect(keys.isUsable(NOW)).toBe(true)
    await time.pass(1)
    expect(await ask('a')).toBe('unavailable')
    expect(keys.isUsable(NOW)).toBe(false)
    expect(keys.health(NOW)).toMatchObject({ ready: false, keys: 1, stale: true, ageSeconds: 700 })
    server.answer = () => json({ keys: server.keys })
    await time.pass(30)
    expect(await ask('a')).toBe('found')
  })

  it('waits for its keys where they ran out while the process was held up, and fails no request for that', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    time.jump(86_400)
    server.serve('a')
    expect(await ask('a')).toBe('found (waited)')
    expect(server.fetches).toBe(2)
  })

  it('waits for the next set where its time was over unnoticed: a key may be long gone', async () => {
    for (const [answer, expected] of [
      [() => json({ keys: [jwk('b')] }), 'unknown (waited)'],
      [() => json({ keys: [jwk('a')] }), 'found (waited)'],
      [refuseConnection, 'found (waited)'],
      [hang, 'found (waited)'],
    ] as const) {
      const { server, keys, time, ask } = remoteBench()
      await keys.warmup()
      server.answer = answer
      time.jump(599)
      expect(await ask('a')).toBe('found')
      void keys.close()
      const late = remoteBench()
      await late.keys.warmup()
      late.server.answer = answer
      late.time.jump(600)
      const asking = late.ask('a')
      await late.time.pass(5)
      expect(await asking).toBe(expected)
      expect(await late.ask('a')).toBe(expected.replace(' (waited)', ''))
      void late.keys.close()
    }
  })

  it('does not wait for a source that hangs, once it is known to', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    server.answer = hang
    await time.pass(700)
    for (let second = 0; second < 60; second++) {
      expect(await ask('a')).toBe('found')
      await time.pass(1)
    }
    expect(server.fetches).toBeGreaterThan(12)
  })

  it('does not wait for a next set that was asked for in time', async () => {
    const { server, keys, time, ask } = remoteBench({ refreshSeconds: 10 })
    await keys.warmup()
    server.answer = hang
    await time.pass(12)
    expect(keys.health(NOW)).toMatchObject({ stale: true, nextRefreshSeconds: 0 })
    expect(await ask('a')).toBe('found')
  })

  it.each([
    [0, [1, 2, 4, 8, 15, 15, 15]],
    [0.9999999, [2, 4, 8, 16, 30, 30, 30]],
  ])('is asked again after growing waits: chance %d', async (chance, waits) => {
    const { server, keys, time } = remoteBench()
    time.chance = chance
    const askedAt: number[] = []
    server.answer = () => {
      askedAt.push(time.now)
      return refuseConnection()
    }
    await expect(keys.warmup()).rejects.toThrow()
    await time.pass(100)
    const gaps = askedAt.slice(1).map((at, index) => Math.round(at - (askedAt[index] ?? 0)))
    expect(gaps.slice(0, waits.length)).toEqual(waits.slice(0, gaps.length))
    expect(gaps.length).toBeGreaterThan(5)
  })

  it('is not stormed by a hundred processes when it comes back after an hour', async () => {
    const time = new HandTime()
    const server = new FetchServer('a')
    const runtime = { ...time.runtime, random: Math.random }
    const processes = Array.from({ length: 100 }, () => open(remoteJwks(JWKS_URL, { fetch: server.fetch, runtime })))
    await Promise.all(processes.map((keys) => keys.warmup()))
    server.answer = refuseConnection
    await time.pass(3600)
    const fetchedAt: number[] = []
    server.answer = () => {
      fetchedAt.push(Math.floor(time.now))
      return json({ keys: server.keys })
    }
    await time.pass(30)
    expect(processes.every((keys) => keys.health(NOW).stale === false)).toBe(true)
    // One for each process, and no second with much more than its share.
    expect(fetchedAt).toHaveLength(100)
    const bySecond = fetchedAt.map((second) => fetchedAt.filter((other) => other === second).length)
    expect(Math.max(...bySecond)).toBeLessThan(25)
    for (const keys of processes) void keys.close()
  })

  it('is, once it is back, as if it had never failed', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    for (let outage = 0; outage < 2; outage++) {
      server.answer = refuseConnection
      expect(await ask(`new-${outage}`)).toBe('unavailable (waited)')
      await time.pass(1)
      const { fetches } = server
      server.answer = () => json({ keys: server.keys })
      // The waits begin with one second again.
      await time.pass(2)
      expect(server.fetches).toBe(fetches + 1)
      await time.pass(30)
      expect(await ask(`random-${outage}`)).toBe('unknown (waited)')
      await time.pass(30)
    }
  })

  it('is asked as often by a thousand requests as by none', async () => {
    const fetches = async (requests: number) => {
      const { server, keys, time } = remoteBench()
      await keys.warmup()
      server.answer = refuseConnection
      for (let second = 0; second < 1200; second++) {
        for (let request = 0; request < requests; request++)
          await asked(keys, request % 2 === 0 ? 'a' : `random-${request}`)
        await time.pass(1)
      }
      return server.fetches
    }
    // The one probe that meets the failure first starts the waits earlier.
    const [idle, busy] = [await fetches(0), await fetches(10)]
    expect(busy).toBeLessThanOrEqual(1 + 5 + 1200 / 15)
    expect(idle).toBeLessThanOrEqual(busy)
  })

  it.each([
    ['500', () => new Response('down', { status: 500 })],
    ['404', () => new Response('gone', { status: 404 })],
    ['HTML', () => new Response('<html></html>')],
    ['truncated JSON', () => new Response('{"keys":[{"kty":"EC","kid":"a"')],
    ['{}', () => json({})],
    ['{"keys":[]}', () => json({ keys: [] })],
    ['{"keys":null}', () => json({ keys: null })],
    ['null', () => json(null)],
    ['a list', () => json([jwk('a')])],
    [
      'keys that cannot be used',
      () => json({ keys: [jwk('a', { use: 'enc' }), { kty: 'oct', k: 'AAAA', kid: 'a' }, 7] }),
    ],
    [
      '101 keys',
      () => json({ keys: Array.from({ length: 101 }, (_, index) => jwk(`k${index % 5}`, { kid: `k${index}` })) }),
    ],
    ['more bytes than the limit', () => json({ keys: [jwk('a')], padding: 'x'.repeat(262_144) })],
    ['a redirect', () => new Response(null, { status: 307, headers: { location: 'https://evil.example/jwks' } })],
    ['nothing at all', () => null as unknown as Response],
    ['something that is no Response', () => ({}) as Response],
  ])('keeps its last good set and says 503 of other kids: %s', async (_, answer) => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    server.answer = answer
    await time.pass(480)
    expect(server.fetches).toBe(2)
    expect(await ask('a')).toBe('found')
    expect(await ask('k0')).toBe('unavailable')
    await time.pass(600 + 3600 - 480)
    expect(await ask('a')).toBe('unavailable')
    expect(new Set(server.urls)).toEqual(new Set([JWKS_URL]))
  })

  it('takes a set of 100 keys', async () => {
    const { server, keys } = remoteBench()
    server.keys = Array.from({ length: 100 }, (_, index) => jwk(`k${index % 5}`, { kid: `k${index}` }))
    await keys.warmup()
    expect(keys.health(NOW).keys).toBe(100)
  })

  it('says why no key of a set could be used', async () => {
    const { server, keys } = remoteBench()
    server.keys = [jwk('a', { use: 'enc' })]
    await expect(keys.warmup()).rejects.toMatchObject({
      failure: 'no_usable_key',
      message: expect.stringContaining('1 left out, the first because keys[0].use must be "sig"'),
    })
  })

  it('gives up after timeoutSeconds, over connecting, headers and body', async () => {
    const stall = () =>
      new Response(new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('{"keys":')) }))
    for (const answer of [hang, stall]) {
      const { server, keys, time } = remoteBench()
      server.answer = answer
      let failure: unknown
      const warmup = Promise.resolve(keys.warmup()).catch((error: unknown) => {
        failure = error
      })
      await time.pass(4.9)
      expect(failure).toBeUndefined()
      await time.pass(0.1)
      await warmup
      expect(failure).toMatchObject({ failure: 'timeout', message: expect.stringContaining('within 5 s') })
      expect(server.signals.map(({ aborted }) => aborted)).toEqual([true])
      void keys.close()
    }
  })

  it('is done with a fetch that settles too late', async () => {
    const { server, time, ask } = remoteBench()
    const late: { resolve: (response: Response) => void; reject: (error: Error) => void }[] = []
    server.answer = () => new Promise((resolve, reject) => late.push({ resolve, reject }))
    const first = ask('a')
    await time.pass(5)
    expect(await first).toBe('unavailable (waited)')
    late[0]?.resolve(json({ keys: [jwk('a')] }))
    await settle()
    expect(await ask('a')).toBe('unavailable')
    await time.pass(6)
    late[1]?.reject(new Error('too late'))
    await settle()
    expect(late).toHaveLength(2)
  })

  it('warns once for each change of its condition, whatever else fails', async () => {
    const { server, keys, time } = remoteBench()
    server.answer = refuseConnection
    await expect(keys.warmup()).rejects.toThrow()
    await time.pass(600)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('https://id.example/jwks cannot be had')
    server.answer = () => json({ keys: server.keys })
    await time.pass(30)
    expect(warnings.slice(1)).toEqual(['the keys of https://id.example/jwks can be had again'])
    // A failure that is over before the set is stale is nobody's business.
    server.answer = refuseConnection
    await time.pass(550)
    server.answer = () => json({ keys: server.keys })
    await time.pass(60)
    expect(warnings).toHaveLength(2)
    server.answer = refuseConnection
    await time.pass(9000)
    expect(warnings.slice(2).map((text) => /are stale|cannot be had, and/.exec(text)?.[0])).toEqual([
      'are stale',
      'cannot be had, and',
    ])
  })
})

describe('a remote key set that is closed', () => {
  it('asks no more, and keeps what it has', async () => {
    const { server, keys, time, ask } = remoteBench()
    await keys.warmup()
    await settle()
    void keys.close()
    expect(time.timers.size).toBe(0)
    expect(await ask('a')).toBe('found')
    expect(await ask('new')).toBe('unavailable')
    expect(keys.health(NOW)).not.toHaveProperty('nextRefreshSeconds')
    await time.pass(86_400)
    expect(server.fetches).toBe(1)
    expect(await ask('a')).toBe('unavailable')
  })

  it('aborts what is under way, and answers who waits', async () => {
    const { server, keys, time, ask } = remoteBench()
    server.answer = hang
    const answer = ask('a')
    const warmup = Promise.resolve(keys.warmup())
    void keys.close()
    expect(await answer).toBe('unavailable (waited)')
    await expect(warmup).rejects.toThrow('https://id.example')
    expect(server.signals[0]?.aborted).toBe(true)
    await time.pass(3600)
    expect(server.fetches).toBe(1)
    expect(warnings).toEqual([])
  })
})

describe('health of a remote key set', () => {
  it('tells age, staleness and the next refresh', async () => {
    const { server, keys, time } = remoteBench({}, 'a', 'b')
    expect(keys.health(NOW)).toEqual({ ready: false, keys: 0, activeKeys: 0, stale: false, nextRefreshSeconds: 0 })
    await keys.warmup()
    await time.pass(100.5)
    expect(keys.health(NOW)).toMatchObject({
      ready: true,
      keys: 2,
      activeKeys: 2,
      ageSeconds: 100.5,
      stale: false,
      nextRefreshSeconds: 379.5,
    })
    server.answer = refuseConnection
    await time.pass(499.5)
    expect(keys.health(NOW)).toMatchObject({ ready: true, ageSeconds: 600, stale: true })
    await time.pass(3600)
    expect(keys.health(NOW)).toMatchObject({ ready: false, ageSeconds: 4200, stale: true })
  })
})

describe('a verifier with a remote key set', () => {
  function verifierOn(server: FetchServer, time: HandTime) {
    const keys = remoteJwks(JWKS_URL, { fetch: server.fetch, runtime: time.runtime })
    return bench({ hmac: null, bearer: { issuers: [{ issuer: ISSUER, algorithms: ['ES256'], keys }] } })
  }

  it('forgets a verified token when its key leaves the set', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const [server, time] = [new FetchServer('other'), new HandTime()]
    server.keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'mine' }, jwk('other')]
    const { verdict, verifier } = verifierOn(server, time)
    await verifier.warmup()
    const compact = mint(privateKey, { alg: 'ES256', kid: 'mine' }, claims())
    expect(await verdict(bearing(compact))).toBe('allow')
    server.serve('other')
    expect(await verdict(bearing(compact))).toBe('allow')
    await time.pass(480)
    expect(await verdict(bearing(compact))).toBe('key_unknown')
  })

  it('answers 503 and never 401 for a token that may be good while the provider is down', async () => {
    const [server, time] = [new FetchServer('a'), new HandTime()]
    server.answer = refuseConnection
    const { verdict, verifier, audit } = verifierOn(server, time)
    await expect(verifier.warmup()).rejects.toThrow('https://id.example')
    const compact = mint(Buffer.alloc(32, 1), { alg: 'HS256', kid: 'a' }, claims()).replace(
      /^[^.]+/,
      Buffer.from('{"alg":"ES256","kid":"a"}').toString('base64url'),
    )
    expect(await verdict(bearing(compact))).toBe('keys_unavailable')
    expect(audit.records.map(({ outcome, status }) => [outcome, status])).toEqual([['error', 503]])
  })

  it('asks no URL that a token names', async () => {
    const [server, time] = [new FetchServer('a'), new HandTime()]
    const { verdict, verifier } = verifierOn(server, time)
    await verifier.warmup()
    const header = {
      alg: 'ES256',
      kid: 'a',
      jku: 'http://127.0.0.1:1/jwks',
      x5u: 'http://169.254.169.254/',
      jwk: jwk('b'),
    }
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(await verdict(bearing(mint(privateKey, header, claims({ iss: ISSUER }))))).toBe('signature_invalid')
    expect(await verdict(bearing(mint(privateKey, { ...header, kid: '../../../../dev/null' }, claims())))).toBe(
      'key_unknown',
    )
    expect(new Set(server.urls)).toEqual(new Set([JWKS_URL]))
  })
})
