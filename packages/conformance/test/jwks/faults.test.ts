import { spawn } from 'node:child_process'
import dns from 'node:dns'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type RemoteJwksOptions, remoteJwks } from '@countersign/core'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { JwksServer, MISBEHAVIOURS, signingKey, startJwksServer, tokenOf } from './jwks-server.js'
import { type Service, serviceOn } from './service.js'

/*
 * What happens to a service when its identity provider does not do its duty: on real sockets. The rows
 * are those of the fault list: R09 to R13, R24, R26, R29, R30.
 */

const A = signingKey('a')
const B = signingKey('b')
const NEW = signingKey('new')

/** All defaults, at ten times the speed and without jitter: what hangs is given up after half a second, and tried again after a tenth. */
const QUICK: RemoteJwksOptions = {
  runtime: {
    random: () => 0,
    monotonic: () => performance.now() / 100,
    after(seconds, act, holding) {
      const timer = setTimeout(act, seconds * 100)
      if (holding === 'lets it end') timer.unref()
      return () => clearTimeout(timer)
    },
  },
}

let warnings: string[]
beforeEach(() => {
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
})
afterEach(() => {
  vi.restoreAllMocks()
})

async function ready(service: Service): Promise<boolean> {
  return (await service.verifier.health()).ready
}

const keysOf = async (service: Service) => (await service.verifier.health()).schemes[0]?.keys[0]

const inTime = { timeout: 4000, interval: 20 }

describe.each(Object.entries(MISBEHAVIOURS))('a JWKS server that %s', (_, behaviour) => {
  it('costs neither a good token nor a service that is warm (R11)', async () => {
    const server = await startJwksServer(A)
    const service = serviceOn(remoteJwks(server.url, QUICK))
    await service.verifier.warmup()
    server.behaviour = behaviour
    const asked = performance.now()
    // An unknown kid makes it ask; nothing is known of that kid then, and 401 would be a lie.
    expect(await service.verdict(tokenOf(NEW))).toBe('503 keys_unavailable')
    expect(performance.now() - asked).toBeLessThan(2000)
    expect(await service.verdict(tokenOf(NEW))).toBe('503 keys_unavailable')
    expect(await service.verdict(tokenOf(A))).toBe('allow')
    expect(server.requests).toBe(2)
    await vi.waitFor(() => expect(server.open).toBe(0), inTime)
  })

  it('keeps a service that starts from becoming ready, not from starting, and not for longer than it lasts (R09, R11)', async () => {
    const server = await startJwksServer(A)
    server.behaviour = behaviour
    const service = serviceOn(remoteJwks(server.url, QUICK))
    await expect(service.verifier.warmup()).rejects.toMatchObject({
      name: 'RemoteKeysError',
      message: expect.stringContaining(`http://127.0.0.1:${server.port}`),
    })
    expect(await ready(service)).toBe(false)
    const answers = await Promise.all(Array.from({ length: 50 }, () => service.verdict(tokenOf(A))))
    expect(new Set(answers)).toEqual(new Set(['503 keys_unavailable']))
    expect(server.requests).toBe(1)
    server.behaviour = undefined
    await vi.waitFor(async () => expect(await ready(service)).toBe(true), inTime)
    expect(await service.verdict(tokenOf(A))).toBe('allow')
    expect(server.mostOpen).toBe(1)
    expect(warnings).toHaveLength(2)
  })
})

describe('a JWKS server that answers too much', () => {
  it('costs no memory', async () => {
    const server = await startJwksServer(A)
    const large = [
      MISBEHAVIOURS['answers 50 MB'],
      MISBEHAVIOURS['answers 50 MB in chunks'],
      MISBEHAVIOURS['answers a gzip bomb of 500 MB'],
    ]
    const round = async () => {
      for (const behaviour of large) {
        server.behaviour = behaviour
        const service = serviceOn(remoteJwks(server.url, { timeoutSeconds: 5 }))
        await expect(service.verifier.warmup()).rejects.toMatchObject({ failure: 'too_large' })
        await service.verifier.close()
        await vi.waitFor(() => expect(server.open).toBe(0), inTime)
      }
    }
    // Buffers of sockets, of zlib and of this server itself are there after the first round.
    await round()
    const before = process.memoryUsage.rss()
    for (let index = 0; index < 5; index++) await round()
    expect((process.memoryUsage.rss() - before) / 1_048_576).toBeLessThan(60)
  })
})

describe('a JWKS server that redirects', () => {
  it('is not followed, not even to a good set', async () => {
    const other = await startJwksServer(NEW)
    const server = await startJwksServer(A)
    const service = serviceOn(remoteJwks(server.url, QUICK))
    await service.verifier.warmup()
    for (const status of [301, 302, 303, 307, 308]) {
      server.behaviour = (_, response) => void response.writeHead(status, { location: other.url }).end()
      const cold = serviceOn(remoteJwks(server.url, QUICK))
      await expect(cold.verifier.warmup()).rejects.toMatchObject({ failure: 'redirect' })
    }
    expect(await service.verdict(tokenOf(NEW))).toBe('503 keys_unavailable')
    expect(await service.verdict(tokenOf(A))).toBe('allow')
    expect(other.requests).toBe(0)
  })
})

describe('a JWKS server with bad TLS', () => {
  it('is not believed: a certificate of its own making', async () => {
    let requests = 0
    const server = createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (_, response) => {
      requests++
      response.end(JSON.stringify({ keys: [A.publicJwk] }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const service = serviceOn(remoteJwks(`https://127.0.0.1:${port}/jwks`, QUICK))
    await expect(service.verifier.warmup()).rejects.toMatchObject({
      failure: 'network',
      message: expect.stringMatching(/SELF_SIGNED/),
    })
    expect(await service.verdict(tokenOf(A))).toBe('503 keys_unavailable')
    expect(requests).toBe(0)
  })

  it('is not believed: no TLS at all', async () => {
    const server = await startJwksServer(A)
    const service = serviceOn(remoteJwks(server.url.replace('http:', 'https:'), QUICK))
    await expect(service.verifier.warmup()).rejects.toMatchObject({ failure: 'network' })
    expect(server.requests).toBe(0)
  })
})

describe('a JWKS server that is down', () => {
  it('at the start: the service starts, is not ready, answers 503, and becomes ready alone (R09)', async () => {
    const server = await new JwksServer(A).up()
    await server.down()
    const service = serviceOn(remoteJwks(server.url, QUICK))
    expect(await ready(service)).toBe(false)
    expect(await service.verdict(tokenOf(A))).toBe('503 keys_unavailable')
    await server.up()
    onTestFinished(() => server.down())
    await vi.waitFor(async () => expect(await ready(service)).toBe(true), inTime)
    expect(await service.verdict(tokenOf(A))).toBe('allow')
    expect(service.records.filter(({ status }) => status === 401)).toEqual([])
  })

  it('after that: good tokens go on, and no token is called bad that may be good (R10)', async () => {
    const server = await startJwksServer(A, B)
    const service = serviceOn(remoteJwks(server.url, QUICK))
    await service.verifier.warmup()
    await server.down()
    for (let round = 0; round < 100; round++) {
      expect(await service.verdict(tokenOf(round % 2 === 0 ? A : B, { jti: String(round) }))).toBe('allow')
    }
    expect(await service.verdict(tokenOf(NEW))).toBe('503 keys_unavailable')
    server.keys = [A, B, NEW]
    await server.up()
    await vi.waitFor(async () => expect(await service.verdict(tokenOf(NEW))).toBe('allow'), inTime)
    expect(service.records.filter(({ status }) => status === 401)).toEqual([])
  })

  it('until its keys are too old: then 503, and never 401', async () => {
    const server = await startJwksServer(A)
    let ahead = 0
    const runtime = { random: () => 0, monotonic: () => performance.now() / 1000 + ahead }
    const service = serviceOn(remoteJwks(server.url, { runtime, maxStaleSeconds: 60 }))
    await service.verifier.warmup()
    await server.down()
    ahead = 599
    expect(await service.verdict(tokenOf(A))).toBe('allow')
    await vi.waitFor(async () => expect((await keysOf(service))?.nextRefreshSeconds).toBeGreaterThan(0), inTime)
    ahead = 661
    expect(await service.verdict(tokenOf(A))).toBe('503 keys_unavailable')
    expect(await keysOf(service)).toMatchObject({ ready: false, stale: true, keys: 1 })
  })
})

describe('rotation of keys', () => {
  it('with overlap refuses no good token and asks once in a cooldown, flapping between two sets (R12)', async () => {
    const server = await startJwksServer(A)
    const service = serviceOn(remoteJwks(server.url))
    await service.verifier.warmup()
    let turn = 0
    server.behaviour = (_, response) => {
      const keys = turn++ % 2 === 0 ? [A, B] : [B, A, NEW]
      response.end(JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }))
    }
    for (let round = 0; round < 200; round++) {
      expect(await service.verdict(tokenOf(A, { jti: `a${round}` }))).toBe('allow')
      expect(await service.verdict(tokenOf(B, { jti: `b${round}` }))).toBe('allow')
      // Only one of the two sets has it: it is asked for once, and not found in the set that answers.
      if (round > 0) await service.verdict(tokenOf(NEW))
    }
    expect(server.requests).toBe(2)
  })

  it('under load shows no request half a set: add, promote, retire (R26)', async () => {
    const server = await startJwksServer(A)
    let ahead = 0
    const runtime = { random: () => 0, monotonic: () => performance.now() / 1000 + ahead }
    const service = serviceOn(remoteJwks(server.url, { runtime }))
    await service.verifier.warmup()
    let signing = A
    let isOver = false
    let verified = 0
    const traffic = Array.from({ length: 20 }, async (__, client) => {
      while (!isOver) {
        expect(await service.verdict(tokenOf(signing, { jti: `${client}-${verified++}` }))).toBe('allow')
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    const refreshed = async () => {
      const { requests } = server
      ahead += 500
      await vi.waitFor(() => expect(server.requests).toBeGreaterThan(requests), inTime)
      await vi.waitFor(async () => expect((await keysOf(service))?.ageSeconds).toBeLessThan(400), inTime)
    }
    for (const [before, after] of [
      [A, B],
      [B, NEW],
      [NEW, A],
    ] as const) {
      server.keys = [before, after]
      await refreshed()
      signing = after
      await new Promise((resolve) => setTimeout(resolve, 50))
      server.keys = [after]
      await refreshed()
      expect(await service.verdict(tokenOf(before))).toBe('401 key_unknown')
    }
    isOver = true
    await Promise.all(traffic)
    expect(verified).toBeGreaterThan(200)
    expect(service.records.filter(({ outcome }) => outcome === 'deny')).toHaveLength(3)
  })

  it('without overlap refuses the old key and takes the new one with the first token that names it', async () => {
    const server = await startJwksServer(A)
    const service = serviceOn(remoteJwks(server.url))
    await service.verifier.warmup()
    const old = tokenOf(A)
    expect(await service.verdict(old)).toBe('allow')
    server.keys = [B]
    expect(await service.verdict(tokenOf(B))).toBe('allow')
    // The same token was remembered as good: it went with its key.
    expect(await service.verdict(old)).toBe('401 key_unknown')
    expect(server.requests).toBe(2)
  })
})

describe('a flood of unknown kids', () => {
  it('of ten thousand causes one fetch, and good tokens between them do not fail or wait (R13)', async () => {
    const server = await startJwksServer(A)
    const service = serviceOn(remoteJwks(server.url))
    await service.verifier.warmup()
    const good = tokenOf(A)
    const [header, ...rest] = tokenOf(NEW).split('.')
    const known = JSON.parse(Buffer.from(header ?? '', 'base64url').toString())
    for (let index = 0; index < 10_000; index += 100) {
      const flood = Array.from({ length: 100 }, (_, offset) => {
        const named = Buffer.from(JSON.stringify({ ...known, kid: `random-${index + offset}` })).toString('base64url')
        return service.verdict([named, ...rest].join('.'))
      })
      expect(await service.verdict(good)).toBe('allow')
      expect(new Set(await Promise.all(flood))).toEqual(new Set(['401 key_unknown']))
    }
    expect(server.requests).toBe(2)
  })
})

describe('a fetch that is given', () => {
  const noise: unknown[] = []
  const keep = (reason: unknown) => void noise.push(reason)
  beforeEach(() => {
    noise.length = 0
    process.on('unhandledRejection', keep)
    return () => void process.off('unhandledRejection', keep)
  })

  it.each<[string, () => Promise<Response>]>([
    ['never settles', () => new Promise(() => {})],
    [
      'throws at once',
      () => {
        throw new Error('no fetch today')
      },
    ],
    ['rejects after its time', () => new Promise((_, reject) => setTimeout(reject, 400, new Error('late')))],
    ['answers after its time', () => new Promise((resolve) => setTimeout(resolve, 400, new Response('{"keys":[]}')))],
    ['answers nothing', async () => undefined as unknown as Response],
    [
      'answers something else',
      async () => ({ status: 200, headers: { get: () => null }, body: 7 }) as unknown as Response,
    ],
    [
      'has a body that fails',
      async () => new Response(new ReadableStream({ start: (controller) => controller.error(new Error('torn')) })),
    ],
  ])('and %s is a failure like any other, in time and without noise (R24)', async (_, fetch) => {
    const service = serviceOn(remoteJwks('https://id.test/jwks', { ...QUICK, timeoutSeconds: 2, fetch }))
    const asked = performance.now()
    expect(await service.verdict(tokenOf(A))).toBe('503 keys_unavailable')
    expect(performance.now() - asked).toBeLessThan(1000)
    await new Promise((resolve) => setTimeout(resolve, 350))
    expect(noise).toEqual([])
    expect(warnings).toHaveLength(1)
  })
})

describe('a name that', () => {
  /** Answers look-ups of `id.test` with an address that can be changed. */
  function resolver() {
    const state = { address: '' }
    const lookup = dns.lookup
    vi.spyOn(dns, 'lookup').mockImplementation(((
      host: string,
      options: dns.LookupOptions,
      done: (...args: unknown[]) => void,
    ) => {
      if (host !== 'id.test') return Reflect.apply(lookup, dns, [host, options, done])
      if (state.address === '') return done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
      const found = { address: state.address, family: state.address.includes(':') ? 6 : 4 }
      return options.all === true ? done(null, [found]) : done(null, found.address, found.family)
    }) as typeof dns.lookup)
    return state
  }

  it('cannot be resolved, resolves at last, and then moves, is followed (R29)', async () => {
    const name = resolver()
    const server = await new JwksServer(A).up('0.0.0.0')
    onTestFinished(() => server.down())
    const url = `http://id.test:${server.port}/jwks`
    const service = serviceOn(remoteJwks(url, { ...QUICK, cooldownSeconds: 1, allowInsecureHttp: true }))
    await expect(service.verifier.warmup()).rejects.toMatchObject({ message: expect.stringContaining('ENOTFOUND') })
    name.address = '127.0.0.1'
    await vi.waitFor(async () => expect(await ready(service)).toBe(true), inTime)
    expect(server.connectedTo).toEqual(new Set(['127.0.0.1']))
    // The address moves, and what listens on the old one is gone: no connection to it may be kept.
    name.address = '127.0.0.2'
    await server.down()
    await server.up('127.0.0.2')
    server.keys = [A, NEW]
    await vi.waitFor(async () => expect(await service.verdict(tokenOf(NEW))).toBe('allow'), inTime)
    expect(server.connectedTo).toEqual(new Set(['127.0.0.1', '127.0.0.2']))
  })

  it('has an IPv6 address only is asked there (R29)', async ({ skip }) => {
    const name = resolver()
    const server = new JwksServer(A)
    await server.up('::1').catch(() => skip())
    onTestFinished(() => server.down())
    name.address = '::1'
    const url = `http://id.test:${server.port}/jwks`
    const service = serviceOn(remoteJwks(url, { ...QUICK, allowInsecureHttp: true }))
    await service.verifier.warmup()
    expect(server.connectedTo).toEqual(new Set(['::1']))
    const literal = serviceOn(remoteJwks(`http://[::1]:${server.port}/jwks`, QUICK))
    await literal.verifier.warmup()
    expect(server.requests).toBe(2)
  })
})

describe('a process', () => {
  it('ends when it has nothing else to do, however soon its keys are due', async () => {
    const server = await startJwksServer(A)
    const child = spawn(process.execPath, ['--input-type=module', '--eval', WARM_AND_DONE, server.url], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    child.stdout.on('data', (chunk) => (said += chunk))
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
    expect(said).toBe('warm\n')
    expect(server.requests).toBe(1)
  })

  it('has its sockets closed with the verifier', async () => {
    const server = await startJwksServer(A)
    const service = serviceOn(remoteJwks(server.url))
    await service.verifier.warmup()
    server.behaviour = MISBEHAVIOURS['hangs before headers']
    const waiting = service.verdict(tokenOf(NEW))
    await vi.waitFor(() => expect(server.open).toBe(1), inTime)
    await service.verifier.close()
    expect(await waiting).toBe('503 keys_unavailable')
    await vi.waitFor(() => expect(server.open).toBe(0), inTime)
  })
})

const WARM_AND_DONE = `
  import { bearer, createVerifier, remoteJwks } from '@countersign/core'
  const issuer = { issuer: 'https://id.test', algorithms: ['ES256'], keys: remoteJwks(process.argv.at(-1)) }
  await createVerifier({ audience: 'target', schemes: [bearer({ issuers: [issuer] })], audit: null }).warmup()
  console.log('warm')
`

/** A key and a certificate for localhost that nobody signed but itself. For this test only. */
const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgatCfNSYabB/vBzDm
MDbt4BAlvqIbDrmMmb6iKegIIlGhRANCAARxCQaDmsCQsd3LduR+8Cub9jb4h9UN
Ne44/DLPGdOjgZnRl72A3y70wnybaeG8LRNR5Ghig+CFrNqJsj735Z5U
-----END PRIVATE KEY-----
`
const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUfi+OvITnc+4rjurXRRcGsOufivwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjA1NDE1MloYDzIxMjYxMDI5
MDU0MTUyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARxCQaDmsCQsd3LduR+8Cub9jb4h9UNNe44/DLPGdOjgZnRl72A3y70
wnybaeG8LRNR5Ghig+CFrNqJsj735Z5Uo28wbTAdBgNVHQ4EFgQUfdxetjthY72s
ADmD5MhSlx6dhZcwHwYDVR0jBBgwFoAUfdxetjthY72sADmD5MhSlx6dhZcwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAMyYZjY2jIirkKOYeEUfum8IpmgWdVM9M3tBSBZEtxrNAiEA
oLvXX9+Jyoun+YsaN+SwSn8JbIzIDJnL7xMsyFa8/VY=
-----END CERTIFICATE-----
`
