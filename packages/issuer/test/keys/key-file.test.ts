import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigurationError } from '@countersign/core'
import {
  type KeyFile,
  type KeyFileSigningKey,
  parseKeyFile,
  readKeks,
  sealSecret,
  serialiseKeyFile,
  toPrivateKey,
} from '@countersign/core/key-file'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type SigningKeyFileOptions, type SigningKeys, signingKeyFile } from '../../src/index.js'
import { NOW, TestClock } from '../kit.js'

const KEK = { id: 'kek-1', bytes: Buffer.alloc(32, 7) }
const ANOTHER_KEK = { id: 'kek-1', bytes: Buffer.alloc(32, 8) }
const DAY = 86_400

let folder: string
let path: string
let clock: TestClock
let opened: SigningKeys[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-issuer-'))
  path = join(folder, 'keys.json')
  clock = new TestClock()
  opened = []
})

afterEach(() => {
  for (const keys of opened) keys.close()
  rmSync(folder, { recursive: true, force: true })
  vi.restoreAllMocks()
})

/** The keys as one process has them. It looks at the file when it is told to. */
function open(options: Partial<SigningKeyFileOptions> = {}): SigningKeys {
  const source = signingKeyFile(path, { kek: KEK, pollSeconds: 3600, ...options })
  const keys = source.open({ clock: clock.read, option: 'keys', longestUseSeconds: 600, jwksMaxAgeSeconds: 300 })
  opened.push(keys)
  return keys
}

async function ready(options?: Partial<SigningKeyFileOptions>): Promise<SigningKeys> {
  const keys = open(options)
  await keys.warmup()
  return keys
}

const fileNow = (): KeyFile => parseKeyFile(readFileSync(path))
const kidsNow = () => fileNow().signingKeys?.map(({ kid }) => kid)
const publishedBy = (keys: SigningKeys) => keys.published(clock.now).map(({ kid }) => kid)
const currentOf = (keys: SigningKeys) => keys.current(clock.now).kid
const warnings = () => {
  const seen: string[] = []
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void seen.push(String(warning)))
  return seen
}

describe('a file of signing keys', () => {
  it('is made with a first key, sealed, for its owner alone', async () => {
    const keys = await ready()
    const [entry] = fileNow().signingKeys ?? []
    expect(entry).toMatchObject({
      algorithm: 'EdDSA',
      notBefore: new Date(NOW * 1000).toISOString(),
      privateKey: { encrypted: { kek: 'kek-1' } },
    })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['keys.json'])
    const pkcs8 = keys.current(NOW).key.export({ format: 'der', type: 'pkcs8' })
    const secret = pkcs8.subarray(-32)
    const text = readFileSync(path, 'latin1')
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      expect(text).not.toContain(secret.toString(encoding).slice(0, 30))
    expect(JSON.stringify(keys.published(NOW))).not.toContain('"d"')
  })

  it.each(['EdDSA', 'ES256', 'ES384', 'ES512', 'RS256', 'PS256'] as const)(
    'can have keys for %s',
    async (algorithm) => {
      const keys = await ready({ algorithm })
      expect(keys.current(NOW).algorithm).toBe(algorithm)
      expect(keys.published(NOW)).toMatchObject([{ alg: algorithm, use: 'sig', kid: currentOf(keys) }])
    },
  )

  it('is read, not made anew, by the next who starts', async () => {
    const first = await ready()
    const text = readFileSync(path, 'utf8')
    expect(currentOf(await ready())).toBe(currentOf(first))
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('gets one first key when ten start at once', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => ready()))
    expect(kidsNow()).toHaveLength(1)
    expect(new Set(all.map(currentOf))).toEqual(new Set(kidsNow()))
  })

  it('is rotated by one of ten, and all agree at every moment', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => ready()))
    const [first] = kidsNow() ?? []
    clock.now = NOW + 30 * DAY - 3600
    await Promise.all(all.map((keys) => keys.step()))
    const [, second] = kidsNow() ?? []
    expect(kidsNow()).toEqual([first, second])
    for (const [now, current, published] of [
      [NOW + 30 * DAY - 3600, first, [first, second]],
      [NOW + 30 * DAY - 1, first, [first, second]],
      [NOW + 30 * DAY, second, [first, second]],
      [NOW + 30 * DAY + 600, second, [first, second]],
      [NOW + 30 * DAY + 601, second, [second]],
    ] as const) {
      clock.now = now
      expect(new Set(all.map(currentOf))).toEqual(new Set([current]))
      expect(new Set(all.map((keys) => publishedBy(keys).join()))).toEqual(new Set([published.join()]))
    }
    await Promise.all(all.map((keys) => keys.step()))
    expect(kidsNow()).toEqual([second])
  })

  it('may have other keys in it, which stay', async () => {
    const secret = sealSecret(
      Buffer.alloc(32, 1),
      { id: 'billing-1', client: 'billing' },
      readKeks('kek', [KEK])[0] as never,
    )
    writeFileSync(path, serialiseKeyFile({ version: 1, keys: [{ id: 'billing-1', client: 'billing', secret }] }))
    await ready()
    expect(fileNow()).toMatchObject({ keys: [{ id: 'billing-1' }], signingKeys: [{}] })
  })

  it('may be changed by hand: a key that is compromised is neither used nor published any more, and there is another', async () => {
    const keys = await ready()
    const [first] = kidsNow() ?? []
    const [entry] = fileNow().signingKeys ?? []
    writeFileSync(
      path,
      serialiseKeyFile({
        version: 1,
        keys: [],
        signingKeys: [{ ...(entry as KeyFileSigningKey), status: 'compromised' }],
      }),
    )
    await keys.step()
    expect(kidsNow()).toHaveLength(2)
    expect(currentOf(keys)).not.toBe(first)
    expect(publishedBy(keys)).toEqual([currentOf(keys)])
  })

  it('is seen to change without being asked', async () => {
    const [one, two] = [await ready({ pollSeconds: 0.05 }), await ready({ pollSeconds: 0.05 })]
    clock.now = NOW + 30 * DAY - 3600
    await one.step()
    await vi.waitFor(() => expect(publishedBy(two)).toHaveLength(2), { timeout: 5000 })
  })
})

describe('when something is wrong with the file', () => {
  it('the keys of before stay, with a warning, and what is mended is taken', async () => {
    const seen = warnings()
    const keys = await ready()
    const kid = currentOf(keys)
    const text = readFileSync(path)
    writeFileSync(path, '{"version":1,')
    await keys.step()
    await keys.step()
    expect(currentOf(keys)).toBe(kid)
    expect(keys.health(NOW)).toMatchObject({ ready: true, problem: 'key file is not JSON' })
    expect(seen).toEqual([`key file ${path}: key file is not JSON; the signing keys of before stay`])
    writeFileSync(path, text)
    await keys.step()
    expect(keys.health(NOW)).not.toHaveProperty('problem')
  })

  it('another key-encryption key opens nothing, and makes no new key beside the old ones', async () => {
    warnings()
    await ready()
    const text = readFileSync(path, 'utf8')
    await expect(ready({ kek: ANOTHER_KEK })).rejects.toThrow('does not open with the key-encryption key kek-1')
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('a folder that is not there is not made: warmup says so', async () => {
    warnings()
    path = join(folder, 'elsewhere', 'keys.json')
    await expect(ready()).rejects.toThrow('has no key to sign with: it cannot be written (ENOENT)')
  })

  it('a file that is gone is not begun again: its keys sign on', async () => {
    warnings()
    const keys = await ready()
    const kid = currentOf(keys)
    rmSync(path)
    clock.now = NOW + 30 * DAY
    await keys.step()
    expect(existsSync(path)).toBe(false)
    expect(currentOf(keys)).toBe(kid)
    expect(keys.health(clock.now)).toMatchObject({ ready: true, problem: 'it cannot be read (ENOENT)' })
  })

  it('whoever died while changing it holds up nobody', async () => {
    writeFileSync(`${path}.lock`, `999999999 ${hostname()} 00\n`)
    const keys = await ready()
    expect(keys.health(NOW).ready).toBe(true)
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('a rotation that is late is published as long as ever, and the key before signs on', async () => {
    const keys = await ready()
    const [first] = kidsNow() ?? []
    clock.now = NOW + 90 * DAY
    await keys.step()
    expect(currentOf(keys)).toBe(first)
    clock.now += 3599
    expect(currentOf(keys)).toBe(first)
    clock.now += 1
    expect(currentOf(keys)).toBe(kidsNow()?.[1])
  })
})

describe('the options of signingKeyFile', () => {
  it('ask for a key-encryption key; null, written out, leaves keys in the clear', async () => {
    expect(() => signingKeyFile(path, {} as SigningKeyFileOptions)).toThrow('signingKeyFile.kek is required')
    const keys = await ready({ kek: null })
    const [entry] = fileNow().signingKeys ?? []
    expect(entry?.privateKey).toHaveProperty('base64url')
    expect(toPrivateKey(entry as never).equals(keys.current(NOW).key)).toBe(true)
  })

  it.each([
    [{ publishAheadSeconds: 300 }, 'keys.publishAheadSeconds must be more than jwksMaxAgeSeconds'],
    [{ rotateSeconds: 3600 }, 'keys.rotateSeconds must be more than publishAheadSeconds'],
    [{ rotateSeconds: Number.NaN }, 'signingKeyFile.rotateSeconds'],
    [{ algorithm: 'HS256' }, 'signingKeyFile.algorithm must be one of RS256'],
    [{ rotate: 1 }, 'signingKeyFile.rotate is not known'],
    [{ kek: { id: 'a' } }, 'signingKeyFile.kek[0] must have one of environment, file and bytes'],
    [{ pollSeconds: 0 }, 'signingKeyFile.pollSeconds'],
  ])('%o is refused', (options, message) => {
    const opening = () => open(options as Partial<SigningKeyFileOptions>)
    expect(opening).toThrow(ConfigurationError)
    expect(opening).toThrow(message)
  })
})
