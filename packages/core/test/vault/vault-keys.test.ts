import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type VaultKeysOptions, vaultKeys } from '../../src/vault/index.js'
import { bytesOf, directory, entry, eventAfter, file, KEK, sealedEntry, signingEntry } from '../key-file/kit.js'
import { type Bench, bearing, bench, caughtWarnings, issuer, NOW, optionOf, signed, token } from '../kit.js'
import { StandIn } from './stand-in.js'

const ADDRESS = 'https://vault.test:8200'
const by = (id: string, timestamp = NOW) => signed({ keyId: id, secret: bytesOf(id), timestamp })

let vault: StandIn
let warnings: string[]
const stands: Bench[] = []

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  warnings = caughtWarnings()
  vault = new StandIn()
  vault.issue('t-1')
  vault.put(file([entry('a')]))
})

afterEach(async () => {
  for (const stand of stands.splice(0)) await stand.verifier.close()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function standOn(more: Partial<VaultKeysOptions> = {}): Bench {
  const keys = vaultKeys({
    address: ADDRESS,
    token: () => 't-1',
    path: 'countersign/orders',
    fetch: vault.fetch,
    ...more,
  })
  const stand = bench({ hmac: { keys }, bearer: { issuers: [issuer({ keys: keys.verificationKeys })] } })
  stands.push(stand)
  return stand
}

/** Lets time pass for the verifier, the stand-in and the timers, and whatever is then asked be answered. */
async function pass(stand: Bench, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 10) {
    const step = Math.min(left, 10)
    stand.now += step
    vault.now += step
    await vi.advanceTimersByTimeAsync(step * 1000)
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

const warm = async (stand: Bench) => {
  await stand.verifier.warmup().catch(() => undefined)
  return stand
}

const reads = () => vault.asked.filter(({ path }) => path.includes('/data/')).length
const renewals = () => vault.asked.filter(({ path }) => path.endsWith('/renew-self')).length

describe('vaultKeys', () => {
  it('verifies with the keys of a secret whose data is a key file, sealed or not', async () => {
    vault.put(file([entry('a'), sealedEntry('b')], [signingEntry('ES256')]))
    const stand = await warm(standOn({ kek: { id: 'main', bytes: KEK.key.export() } }))
    expect([await stand.verdict(by('a')), await stand.verdict(by('b')), await stand.verdict(bearing(token()))]).toEqual(
      ['allow', 'allow', 'allow'],
    )
    expect(warnings).toEqual([])
  })

  it('asks as the API is documented: path, token and namespace', async () => {
    vault = new StandIn('kv', 'teams/orders')
    vault.issue('t-1')
    vault.put(file([entry('a')]))
    await warm(standOn({ mount: 'kv', path: 'teams/orders', namespace: 'admin/team' }))
    const common = { token: 't-1', namespace: 'admin/team', method: 'GET' }
    expect(vault.asked).toEqual([
      { ...common, path: '/v1/auth/token/lookup-self' },
      { ...common, path: '/v1/kv/data/teams/orders' },
    ])
  })

  it('takes a new version at the next reading, and not the same one twice', async () => {
    const stand = await warm(standOn({ refreshSeconds: 60 }))
    await pass(stand, 120)
    expect(reads()).toBe(3)
    vault.put(file([entry('b')]))
    const event = await eventAfter('keys.loaded', () => pass(stand, 60))
    expect(event.keys).toBe(1)
    expect(await stand.verdict(by('b', stand.now))).toBe('allow')
    expect(await stand.verdict(by('a', stand.now))).toBe('key_unknown')
  })

  it.each<[string, (standIn: StandIn) => void, RegExp]>([
    [
      'is sealed',
      (standIn) => (standIn.instead = () => Response.json({ errors: ['Vault is sealed'] }, { status: 503 })),
      /status 503/,
    ],
    ['fails', (standIn) => (standIn.instead = () => new Response('x', { status: 500 })), /status 500/],
    [
      'redirects',
      (standIn) =>
        (standIn.instead = () => new Response(null, { status: 307, headers: { location: 'https://other.test' } })),
      /redirects/,
    ],
    ['answers with HTML', (standIn) => (standIn.instead = () => new Response('<html>')), /not JSON/],
    [
      'answers with too much',
      (standIn) => (standIn.instead = () => Response.json({ data: 'x'.repeat(5_000_000) })),
      /larger than 4194304 bytes/,
    ],
    [
      'answers with another form',
      (standIn) => (standIn.instead = () => Response.json({ data: { keys: 'x' } })),
      /no secret of the KV engine/,
    ],
    [
      'cannot be reached',
      (standIn) => (standIn.instead = () => Promise.reject(new TypeError('fetch failed t-1'))),
      /the connection failed$/,
    ],
    ['has no such secret any more', (standIn) => standIn.put(null), /status 404/],
    [
      'has a secret that is no key file',
      (standIn) => standIn.put({ version: 1, keys: [{ id: 'SECRET' }] }),
      /keys\[0\]\.client/,
    ],
  ])('keeps the last good set where the server %s, and says so once', async (_, change, problem) => {
    const stand = await warm(standOn({ refreshSeconds: 60 }))
    change(vault)
    const event = await eventAfter('keys.refused', () => pass(stand, 60))
    expect(event.problem).toMatch(problem)
    await pass(stand, 120)
    expect(warnings).toEqual([
      `secret secret/countersign/orders at ${ADDRESS} was not taken: ${event.problem}; the keys of before stay`,
    ])
    expect(warnings.join()).not.toMatch(/t-1|SECRET/)
    expect(await stand.verdict(by('a', stand.now))).toBe('allow')
    expect(await stand.verifier.health()).toMatchObject({ schemes: [{ keys: [{ stale: true, ageSeconds: 180 }] }, {}] })
    vault.instead = undefined
    vault.put(file([entry('a'), entry('b')]))
    await eventAfter('keys.loaded', () => pass(stand, 60))
    expect(await stand.verdict(by('b', stand.now))).toBe('allow')
  })

  it('does without a server for as long as was said, not one second longer, and takes the keys back when it returns', async () => {
    const stand = await warm(standOn({ refreshSeconds: 60, maxStaleSeconds: 600 }))
    vault.instead = () => new Response(null, { status: 500 })
    await pass(stand, 600)
    expect(await stand.verdict(by('a', stand.now))).toBe('allow')
    stand.now += 1
    expect(await stand.verdict(by('a', stand.now))).toBe('keys_unavailable')
    expect((await stand.verifier.health()).ready).toBe(false)
    vault.instead = undefined
    await pass(stand, 60)
    expect(await stand.verdict(by('a', stand.now))).toBe('allow')
  })

  it('answers 503 while the server was never there, and rejects warmup with the reason', async () => {
    vault.instead = () =>
      Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }))
    const stand = standOn()
    await expect(stand.verifier.warmup()).rejects.toThrow('the connection failed (ECONNREFUSED)')
    expect(await stand.verdict(by('a'))).toBe('keys_unavailable')
    vault.instead = undefined
    await pass(stand, 60)
    expect(await stand.verdict(by('a', stand.now))).toBe('allow')
  })

  it.each([
    ['hangs', () => new Promise<Response>(() => undefined)],
    [
      'stops within its body',
      () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('{')) })),
    ],
  ])('gives a server that %s five seconds', async (_, instead) => {
    vault.instead = instead
    const stand = standOn()
    const warmed = stand.verifier.warmup().then(
      () => 'ready',
      (error: Error) => error.message,
    )
    await pass(stand, 6)
    expect(await warmed).toContain('no whole answer within 5 s')
  })
})

describe('the token of vaultKeys', () => {
  it('is renewed after two thirds of its life, again and again', async () => {
    vault.issue('t-1', 900)
    const stand = await warm(standOn({ refreshSeconds: 86_400 }))
    await pass(stand, 590)
    expect(renewals()).toBe(0)
    await pass(stand, 10)
    expect(renewals()).toBe(1)
    await pass(stand, 3000)
    expect(renewals()).toBe(6)
    expect(vault.isLive('t-1')).toBe(true)
  })

  it('is asked for again at its source when the server does not take it any more', async () => {
    const given = ['t-1', 't-2']
    const stand = await warm(standOn({ refreshSeconds: 60, token: () => Promise.resolve(given.shift() ?? 'none') }))
    vault.revoke('t-1')
    vault.issue('t-2')
    vault.put(file([entry('b')]))
    await eventAfter('keys.loaded', () => pass(stand, 60))
    expect(await stand.verdict(by('b', stand.now))).toBe('allow')
    expect(warnings).toEqual([])
  })

  it('is not renewed where it has no end or may not be renewed', async () => {
    for (const [ttl, renewable] of [
      [0, false],
      [900, false],
    ] as const) {
      vault.issue('t-1', ttl, renewable)
      const stand = await warm(standOn())
      await pass(stand, 800)
    }
    expect(renewals()).toBe(0)
  })

  it('is renewed later where a renewal failed', async () => {
    vault.issue('t-1', 900)
    const stand = await warm(standOn({ refreshSeconds: 86_400 }))
    vault.instead = () => new Response(null, { status: 500 })
    await pass(stand, 600)
    vault.instead = undefined
    expect(renewals()).toBe(1)
    await pass(stand, 10)
    expect(renewals()).toBe(2)
    await pass(stand, 600)
    expect(renewals()).toBe(3)
  })

  it('is left alone once the verifier is closed', async () => {
    vault.issue('t-1', 900)
    const stand = await warm(standOn())
    await stand.verifier.close()
    const before = vault.asked.length
    await pass(stand, 2000)
    expect(vault.asked).toHaveLength(before)
  })

  it('comes from a variable', async () => {
    vi.stubEnv('VAULT_TOKEN', 't-1')
    await warm(standOn({ token: { environment: 'VAULT_TOKEN' } }))
    vi.unstubAllEnvs()
    expect(vault.asked.at(-1)).toMatchObject({ token: 't-1' })
  })

  it('comes from a file that an agent writes anew', async () => {
    const path = join(await directory(), 'token')
    writeFileSync(path, 't-1\n')
    const stand = await warm(standOn({ token: { file: path }, refreshSeconds: 60 }))
    vault.revoke('t-1')
    vault.issue('t-2')
    writeFileSync(path, 't-2\n')
    await pass(stand, 60)
    expect(vault.asked.at(-1)).toMatchObject({ token: 't-2' })
    expect(warnings).toEqual([])
  })

  it.each<[string, VaultKeysOptions['token']]>([
    ['an empty one', () => ''],
    ['one with a line feed in it', () => 'a\nb'],
    ['a function that throws', () => Promise.reject(new Error('password hunter2'))],
    ['a file that is not there', { file: '/nowhere/token' }],
    ['a variable that is not set', { environment: 'COUNTERSIGN_NO_SUCH_VARIABLE' }],
  ])('is said to be missing for %s, and nothing is asked with it', async (_, source) => {
    const stand = standOn({ token: source })
    await expect(stand.verifier.warmup()).rejects.toThrow(/its token/)
    expect(vault.asked).toEqual([])
    expect(warnings.join()).not.toContain('hunter2')
  })

  it('is waited for as long as an answer', async () => {
    const stand = standOn({ token: () => new Promise(() => undefined) })
    const warmed = stand.verifier.warmup().catch((error: Error) => error.message)
    await pass(stand, 6)
    expect(await warmed).toContain('its token could not be had')
  })
})

describe('the options of vaultKeys', () => {
  const options = { address: ADDRESS, token: () => 't', path: 'a' }

  it.each<[string, object]>([
    ['address', { address: 'vault.test' }],
    ['address', { address: 'http://vault.test:8200' }],
    ['address', { address: 'https://vault.test/v1' }],
    ['address', { address: 'https://user:pass@vault.test' }],
    ['token', { token: 't-1' }],
    ['token', { token: {} }],
    ['token', { token: { environment: 'A', file: 'b' } }],
    ['path', { path: '../sys/seal' }],
    ['path', { path: 'a//b' }],
    ['path', { path: 'a?b' }],
    ['mount', { mount: '' }],
    ['namespace', { namespace: 'a\r\nb' }],
    ['refreshSeconds', { refreshSeconds: 0 }],
    ['maxStaleSeconds', { maxStaleSeconds: Number.NaN }],
    ['timeoutSeconds', { timeoutSeconds: 0 }],
    ['limitBytes', { limitBytes: 1.5 }],
    ['fetch', { fetch: 'x' }],
    ['ttl', { ttl: 1 }],
  ])('are checked: %s, %j', (option, more) => {
    expect(optionOf(() => vaultKeys({ ...options, ...more } as never))).toBe(`vaultKeys.${option}`)
  })

  it.each(['http://127.0.0.1:8200', 'http://localhost:8200/', 'http://[::1]:8200', 'https://vault.test'])(
    'take %s',
    (address) => {
      expect(optionOf(() => vaultKeys({ ...options, address }))).toBeUndefined()
    },
  )
})

describe('vaultKeys over HTTP', () => {
  it('reads with the global fetch, and follows no redirect with its token', async () => {
    vi.useRealTimers()
    const { address, server } = await vault.listen()
    const keys = vaultKeys({ address, token: () => 't-1', path: 'countersign/orders' }).open({
      clock: () => NOW,
      option: 'keys',
    })
    await keys.warmup()
    expect(await keys.find('a', NOW)).toMatchObject({ id: 'a' })
    await keys.close()
    vault.instead = () => new Response(null, { status: 307, headers: { location: `${address}/v1/elsewhere` } })
    const other = vaultKeys({ address, token: () => 't-1', path: 'countersign/orders' }).open({
      clock: () => NOW,
      option: 'keys',
    })
    await expect(other.warmup()).rejects.toThrow('it redirects, which is not followed')
    await other.close()
    expect(vault.asked.some(({ path }) => path.includes('elsewhere'))).toBe(false)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})
