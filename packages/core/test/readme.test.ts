import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, knownOptions, optionsOf, tableRowsOf } from '../../../.config/readme/blocks.js'
import { SECRET_HEX, signedHeaders } from '../../../.config/readme/credentials.js'
import { type Program, Scratch } from '../../../.config/readme/scratch.js'
import {
  bearer,
  createVerifier,
  environmentKeys,
  hmac,
  keyFile,
  keyFunction,
  keyRing,
  memoryReplayStore,
  memoryRevocation,
  mutualTls,
  REASONS,
  remoteJwks,
  staticKeys,
} from '../src/index.js'
import { memoryThrottle } from '../src/throttle/index.js'
import { vaultKeys } from '../src/vault/index.js'

const README = fileURLToPath(new URL('../README.md', import.meta.url))

const scratch = new Scratch(new URL('..', import.meta.url))
let complaints: string
let program: Program

beforeAll(async () => {
  complaints = await scratch.compile(blocksOf(README, 'ts'))
  program = await scratch.start('1.js', { PORT: '0', BILLING_SECRET_HEX: SECRET_HEX })
})

afterAll(() => scratch.remove())

describe('the README', () => {
  it('has code that compiles', () => {
    expect(complaints).toBe('')
  })

  it('lists every reason, with its kind and status', () => {
    const listed = tableRowsOf(README)
      .filter(([kind, reason]) => reason?.startsWith('`') && /^[a-z]+$/.test(kind ?? ''))
      .map(([kind, reason, status]) => [reason?.replaceAll('`', ''), kind, Number(status)])
    const known = Object.entries(REASONS).map(([reason, { kind, status }]) => [reason, kind, status])
    expect(listed.sort()).toEqual(known.sort())
  })
})

describe('the tables of options', () => {
  const unknown: object = { misspelt: true }
  const issuer = { issuer: null, audience: null, algorithms: [], keys: staticKeys([]) }

  it.each([
    ['`createVerifier`:', () => createVerifier({ audience: null, schemes: [], ...unknown })],
    ['`bearer`:', () => bearer({ issuers: [], ...unknown })],
    [
      'One of `issuers`:',
      () => createVerifier({ audience: null, schemes: [bearer({ issuers: [{ ...issuer, ...unknown }] })] }),
    ],
    [
      "`remoteJwks`, and `discovery`, which finds the keys through the issuer's metadata:",
      () => remoteJwks('https://id.example/jwks', unknown),
    ],
    ['`memoryRevocation`:', () => memoryRevocation(unknown)],
    [
      "`memoryThrottle`, one process's count in a fixed window, by `rate-limiter-flexible`:",
      () => memoryThrottle(unknown),
    ],
    ['`keyFile`, after the path:', () => keyFile('keys.json', unknown)],
    [
      '`environmentKeys`, the text of a key file in an environment variable, read once:',
      () => environmentKeys(unknown),
    ],
    [
      '`keyFunction`, after the function that finds a key by its id, at once or later; what throws, hangs or answers with something else is 503:',
      () => keyFunction(() => undefined, unknown),
    ],
    [
      'the documented HTTP API (KV v2 read, `lookup-self`, `renew-self`), not against a running Vault or OpenBao server:',
      () => vaultKeys({ address: 'https://v.example', token: { environment: 'T' }, path: 'a', ...unknown }),
    ],
    ['`hmac`:', () => hmac({ keys: { open: () => expect.unreachable() }, replay: null, ...unknown })],
    ['`mutualTls`:', () => mutualTls({ identity: 'spiffe', clients: [], ...unknown })],
    ['One of `clients`:', () => mutualTls({ identity: 'spiffe', clients: [{ name: 'a', client: 'a', ...unknown }] })],
    ['One of `keyRing`:', () => keyRing([{ id: 'a', client: 'a', secret: 'a', ...unknown }])],
  ])('list what is known under %s', (head, make) => {
    expect(optionsOf(README, head)).toEqual(knownOptions(make))
  })

  it('name the one option of the replay store', () => {
    expect(optionsOf(README, '`memoryReplayStore`:')).toEqual(['maxEntries'])
    expect(() => memoryReplayStore({ maxEntries: 0 })).toThrow('maxEntries')
  })
})

describe('the quick start', () => {
  it('lets a signed request through', async () => {
    const headers = signedHeaders('billing-2026-11', 'orders', 'POST', '/', 'hello')
    const response = await fetch(program.url, { method: 'POST', headers, body: 'hello' })
    expect([response.status, await response.text()]).toEqual([200, 'hello billing\n'])
  })

  it('refuses one whose body was changed, and writes why', async () => {
    const headers = signedHeaders('billing-2026-11', 'orders', 'POST', '/', 'hello')
    const response = await fetch(program.url, { method: 'POST', headers, body: 'HELLO' })
    expect([response.status, await response.json()]).toMatchObject([401, { code: 'content_digest_mismatch' }])
    await program.printed(/"event":"auth\.attempt".*"reason":"content_digest_mismatch"/)
  })
})
