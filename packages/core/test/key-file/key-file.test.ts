import { lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type KeyFileOptions, keyFile } from '../../src/index.js'
import type { HmacKeyLookup } from '../../src/key.js'
import { parseKeyFile, writeKeyFile } from '../../src/key-file/index.js'
import { type Bench, bearing, bench, caughtWarnings, issuer, keyPair, NOW, now, signed, token } from '../kit.js'
import { bytesOf, directory, entry, eventAfter, file, KEK_TEXT, replace, sealedEntry, signingEntry } from './kit.js'

const opened: HmacKeyLookup[] = []
const stands: Bench[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  for (const lookup of opened.splice(0)) await lookup.close()
  for (const stand of stands.splice(0)) await stand.verifier.close()
})

/** Polling is off for all purposes where a test is about the events of the file system. */
const EVENTS_ONLY: KeyFileOptions = { pollSeconds: 86_400 }

async function pathOf(content?: object | string): Promise<string> {
  const path = join(await directory(), 'keys.json')
  if (content !== undefined) await replace(path, content)
  return path
}

function open(path: string, options: KeyFileOptions = EVENTS_ONLY): HmacKeyLookup {
  const lookup = keyFile(path, options).open({ clock: () => NOW, option: 'keys' })
  opened.push(lookup)
  return lookup
}

async function loaded(path: string, options?: KeyFileOptions): Promise<HmacKeyLookup> {
  const lookup = open(path, options)
  await lookup.warmup()
  return lookup
}

function standOn(path: string, options: KeyFileOptions = EVENTS_ONLY): Bench {
  const stand = bench({ bearer: null, hmac: { keys: keyFile(path, options) } })
  stands.push(stand)
  return stand
}

const by = (id: string) => signed({ keyId: id, secret: bytesOf(id) })

describe('keyFile', () => {
  it('verifies with the keys of a file, plain and sealed', async () => {
    vi.stubEnv('KEK', KEK_TEXT)
    const path = await pathOf(file([entry('a'), sealedEntry('b')]))
    const stand = standOn(path, { ...EVENTS_ONLY, kek: { id: 'main', environment: 'KEK' } })
    expect([await stand.verdict(by('a')), await stand.verdict(by('b')), await stand.verdict(by('c'))]).toEqual([
      'allow',
      'allow',
      'key_unknown',
    ])
    vi.unstubAllEnvs()
  })

  it('waits for the first reading only: then it decides without waiting', async () => {
    const stand = standOn(await pathOf(file([entry('a')])))
    const first = stand.verifier.verify(by('a'), 'authenticated')
    expect(first).toBeInstanceOf(Promise)
    expect(await first).toMatchObject({ outcome: 'allow' })
    expect(now(stand.verifier.verify(by('a'), 'authenticated'))).toMatchObject({ outcome: 'allow' })
  })

  it('takes a file that is put in place by a rename', async () => {
    const path = await pathOf(file([entry('a')]))
    const keys = await loaded(path)
    const event = await eventAfter('keys.loaded', () => replace(path, file([entry('b'), entry('c')])))
    expect(event).toEqual({ event: 'keys.loaded', v: 1, source: `key file ${path}`, keys: 2, signingKeys: 0 })
    expect([keys.find('a', NOW), keys.find('b', NOW)]).toMatchObject([undefined, { id: 'b' }])
  })

  it('takes a file that is written in place', async () => {
    const path = await pathOf(file([entry('a')]))
    const keys = await loaded(path)
    caughtWarnings()
    await eventAfter('keys.loaded', () => writeFile(path, JSON.stringify(file([entry('b')]))))
    expect(keys.find('b', NOW)).toMatchObject({ id: 'b' })
  })

  it('takes a set that Kubernetes swaps by its link ..data', async () => {
    const root = await directory()
    const put = async (version: string, ...ids: string[]) => {
      await mkdir(join(root, version))
      await writeFile(join(root, version, 'keys.json'), JSON.stringify(file(ids.map((id) => entry(id)))))
      await symlink(version, join(root, '..data_tmp'))
      await rename(join(root, '..data_tmp'), join(root, '..data'))
    }
    await put('..2026_11_22_1', 'a')
    await symlink(join('..data', 'keys.json'), join(root, 'keys.json'))
    const keys = await loaded(join(root, 'keys.json'))
    await eventAfter('keys.loaded', () => put('..2026_11_22_2', 'b'))
    await rm(join(root, '..2026_11_22_1'), { recursive: true })
    expect([keys.find('a', NOW), keys.find('b', NOW)]).toMatchObject([undefined, { id: 'b' }])
  })

  it('finds by looking what no event tells of: a link further up that is pointed elsewhere', async () => {
    const root = await directory()
    for (const name of ['one', 'two']) {
      await mkdir(join(root, name))
      await writeFile(join(root, name, 'keys.json'), JSON.stringify(file([entry(name)])))
    }
    await symlink('one', join(root, 'current'))
    const keys = await loaded(join(root, 'current', 'keys.json'), { pollSeconds: 0.05 })
    await eventAfter('keys.loaded', async () => {
      await symlink('two', join(root, 'next'))
      await rename(join(root, 'next'), join(root, 'current'))
    })
    expect(keys.find('two', NOW)).toMatchObject({ id: 'two' })
  })

  it.each([
    ['text that is no JSON', '{"version":1,"keys":[{"id":"a","secret":{"base64url":"SECRET'],
    ['half a file', JSON.stringify(file([entry('a'), entry('b')])).slice(0, 150)],
    ['nothing', ''],
    ['an unknown member', { ...file([entry('b')]), comment: '' }],
    ['a key id twice', file([entry('a'), entry('a')])],
    ['a secret that is too short', file([entry('b', { secret: { base64url: 'c2hvcnQ' } })])],
    ['one bad key among good ones', file([entry('b'), entry('c', { notAfter: 'tomorrow' })])],
    ['two ids for one secret', file([entry('b'), { ...entry('c'), secret: entry('b').secret }])],
    ['a secret sealed with a key that is not here', file([sealedEntry('b')])],
  ])('keeps the last good set where the file has %s, and says so without a value of it', async (_, bad) => {
    const warnings = caughtWarnings()
    const path = await pathOf(file([entry('a', { roles: ['old'] })]))
    const stand = standOn(path)
    await stand.verifier.warmup()
    const event = await eventAfter('keys.refused', () => replace(path, bad))
    expect(event).toMatchObject({ v: 1, source: `key file ${path}` })
    expect(warnings).toEqual([`key file ${path} was not taken: ${event.problem}; the keys of before stay`])
    expect(await stand.verdict(by('a'))).toBe('allow')
    expect(await stand.verdict(by('b'))).toBe('key_unknown')
    expect(await stand.verifier.health()).toMatchObject({
      ready: true,
      schemes: [{ keys: [{ stale: true, keys: 1 }] }],
    })
    const text = typeof bad === 'string' ? bad : JSON.stringify(bad)
    for (const value of ['SECRET', 'c2hvcnQ', bytesOf('b').toString('base64url')]) {
      expect(text.includes(value) && JSON.stringify([event, warnings]).includes(value)).toBe(false)
    }
    await eventAfter('keys.loaded', () => replace(path, file([entry('b')])))
    expect(await stand.verdict(by('b'))).toBe('allow')
    expect(await stand.verifier.health()).toMatchObject({ schemes: [{ keys: [{ stale: false }] }] })
  })

  it('keeps the last good set where the file is gone, and warns once however often it looks', async () => {
    const warnings = caughtWarnings()
    const path = await pathOf(file([entry('a')]))
    const keys = await loaded(path, { pollSeconds: 0.05 })
    await eventAfter('keys.refused', () => rm(path))
    await eventAfter('keys.refused', () => undefined)
    await eventAfter('keys.refused', () => undefined)
    expect(warnings).toEqual([`key file ${path} was not taken: it cannot be read (ENOENT); the keys of before stay`])
    expect(keys.find('a', NOW)).toMatchObject({ id: 'a' })
  })

  it('takes an empty list for what it says: no key is left', async () => {
    const path = await pathOf(file([entry('a')]))
    const stand = standOn(path)
    await stand.verifier.warmup()
    await eventAfter('keys.loaded', () => replace(path, file([])))
    expect(await stand.verdict(by('a'))).toBe('keys_unavailable')
  })

  it('answers 503 while there is no file, rejects warmup, and is ready by itself when there is one', async () => {
    const warnings = caughtWarnings()
    const path = await pathOf()
    const stand = standOn(path)
    await expect(stand.verifier.warmup()).rejects.toThrow(`key file ${path} was not taken: it cannot be read (ENOENT)`)
    expect(await stand.verdict(by('a'))).toBe('keys_unavailable')
    expect(await stand.verifier.health()).toMatchObject({ ready: false })
    await eventAfter('keys.loaded', () => replace(path, file([entry('a')])))
    expect(await stand.verdict(by('a'))).toBe('allow')
    await stand.verifier.warmup()
    expect(warnings).toHaveLength(1)
  })

  it('refuses a directory, and says so', async () => {
    caughtWarnings()
    await expect(open(await directory()).warmup()).rejects.toThrow('it is not a file')
  })

  it('keeps the same key while its entry stays the same, and its last use even where it changes', async () => {
    const path = await pathOf(file([entry('a'), entry('b'), entry('c')]))
    const stand = standOn(path)
    await stand.verifier.warmup()
    expect([await stand.verdict(by('a')), await stand.verdict(by('b')), await stand.verdict(by('c'))]).toEqual([
      'allow',
      'allow',
      'allow',
    ])
    const changed = [entry('a'), entry('b', { status: 'deactivated' }), { ...entry('c'), client: 'other' }]
    await eventAfter('keys.loaded', () => replace(path, file(changed)))
    const health = await stand.verifier.health()
    expect(health.schemes[0]?.keys[0]?.details).toEqual([
      { id: 'a', client: 'billing', state: 'active', lastUsedAt: NOW },
      { id: 'b', client: 'billing', state: 'deactivated', lastUsedAt: NOW },
      { id: 'c', client: 'other', state: 'active' },
    ])
  })

  it('is read once for several verifiers, until the last of them is closed', async () => {
    const path = await pathOf(file([entry('a')]))
    const source = keyFile(path, EVENTS_ONLY)
    let loads = 0
    const event = eventAfter('keys.loaded', () => {
      loads++
    })
    const one = source.open({ clock: () => NOW, option: 'keys' })
    const other = source.open({ clock: () => NOW, option: 'keys' })
    await event
    await Promise.all([one.warmup(), other.warmup()])
    expect([loads, one.find('a', NOW)]).toEqual([1, other.find('a', NOW)])
    await one.close()
    await eventAfter('keys.loaded', () => replace(path, file([entry('b')])))
    expect(other.find('b', NOW)).toMatchObject({ id: 'b' })
    await other.close()
  })

  it('tells the age of its keys', async () => {
    const path = await pathOf(file([entry('a')]))
    const keys = await loaded(path)
    expect(keys.health(NOW + 90)).toMatchObject({ ready: true, ageSeconds: 90, stale: false })
  })

  it('opens a file again whose key-encryption key came late', async () => {
    caughtWarnings()
    const path = await pathOf(file([sealedEntry('a')]))
    const kek = `${path}.kek`
    const keys = open(path, { pollSeconds: 0.05, kek: { id: 'main', file: kek } })
    await expect(keys.warmup()).rejects.toThrow(`cannot be read from ${kek} (ENOENT)`)
    await eventAfter('keys.loaded', () => writeFile(kek, KEK_TEXT))
    expect(keys.find('a', NOW)).toMatchObject({ id: 'a' })
  })
})

describe('the signing keys of a file, as verification keys', () => {
  const source = (path: string) => keyFile(path, EVENTS_ONLY)

  it('verify tokens, and tokens verified before die with their key', async () => {
    const path = await pathOf(file([], [signingEntry('ES256'), signingEntry('RS256')]))
    const stand = bench({ hmac: null, bearer: { issuers: [issuer({ keys: source(path).verificationKeys })] } })
    stands.push(stand)
    await stand.verifier.warmup()
    const compact = token()
    expect([await stand.verdict(bearing(compact)), await stand.verdict(bearing(compact))]).toEqual(['allow', 'allow'])
    await eventAfter('keys.loaded', () =>
      replace(path, file([], [signingEntry('ES256', { status: 'deactivated' }), signingEntry('RS256')])),
    )
    expect(await stand.verdict(bearing(compact))).toBe('key_inactive')
    await eventAfter('keys.loaded', () => replace(path, file([], [signingEntry('ES256')])))
    expect(await stand.verdict(bearing(compact))).toBe('allow')
    await eventAfter('keys.loaded', () => replace(path, file([], [])))
    expect(await stand.verdict(bearing(compact))).toBe('keys_unavailable')
  })

  it('are the same objects while their public halves are the same, also where the private one is sealed anew', async () => {
    const { kid } = keyPair('ES256').publicJwk
    const path = await pathOf(file([], [signingEntry('ES256', { privateKey: entry('a').secret })]))
    const keys = source(path).verificationKeys.open({ clock: () => NOW, option: 'keys', algorithms: ['ES256'] })
    await keys.warmup()
    const before = await keys.find(kid, 'ES256', NOW)
    await eventAfter('keys.loaded', () =>
      replace(path, file([entry('b')], [signingEntry('ES256', { privateKey: entry('b').secret })])),
    )
    expect(before).toBeDefined()
    expect(await keys.find(kid, 'ES256', NOW)).toBe(before)
    await eventAfter('keys.loaded', () =>
      replace(path, file([], [signingEntry('ES256', { notAfter: '2033-01-01T00:00:00Z' })])),
    )
    expect(await keys.find(kid, 'ES256', NOW)).not.toBe(before)
    await keys.close()
  })

  it('are left out where the issuer does not list their algorithm', async () => {
    const path = await pathOf(file([], [signingEntry('ES256'), signingEntry('EdDSA')]))
    const keys = source(path).verificationKeys.open({ clock: () => NOW, option: 'keys', algorithms: ['EdDSA'] })
    await keys.warmup()
    expect(keys.health(NOW)).toMatchObject({ keys: 1, activeKeys: 1 })
    expect(await keys.find(keyPair('ES256').publicJwk.kid, 'EdDSA', NOW)).toBeUndefined()
    await keys.close()
  })
})

describe('writeKeyFile', () => {
  it('puts a file in place that only its owner may read, through a link, and leaves nothing beside it', async () => {
    const root = await directory()
    await symlink('real.json', join(root, 'keys.json'))
    await writeFile(join(root, 'real.json'), 'old')
    await writeKeyFile(join(root, 'keys.json'), file([entry('a')]))
    expect(parseKeyFile(await readFile(join(root, 'real.json')))).toEqual(file([entry('a')]))
    expect((await stat(join(root, 'real.json'))).mode & 0o777).toBe(0o600)
    expect((await lstat(join(root, 'keys.json'))).isSymbolicLink()).toBe(true)
    expect((await readdir(root)).sort()).toEqual(['keys.json', 'real.json'])
  })

  it('leaves the file as it is where the new one would be refused', async () => {
    const path = await pathOf('old')
    await expect(writeKeyFile(path, file([entry('a'), entry('a')]))).rejects.toThrow('as of another key')
    await expect(writeKeyFile(join(path, 'below'), file([]))).rejects.toThrow()
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(join(path, '..'))).toEqual(['keys.json'])
  })
})
