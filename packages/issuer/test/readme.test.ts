import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, knownOptions, optionsOf, tableRowsOf } from '../../../.config/readme/blocks.js'
import { Scratch } from '../../../.config/readme/scratch.js'
import {
  createTokenIssuer,
  ISSUER_REASONS,
  memoryRefreshStore,
  memorySigningKeys,
  type SigningKeyFileOptions,
  signingKeyFile,
  type TokenIssuerOptions,
} from '../src/index.js'

const README = fileURLToPath(new URL('../README.md', import.meta.url))

const scratch = new Scratch(new URL('..', import.meta.url))
let complaints: string

beforeAll(async () => {
  complaints = await scratch.compile(blocksOf(README, 'ts'))
})

afterAll(() => scratch.remove())

describe('the README', () => {
  it('has code that compiles', () => {
    expect(complaints).toBe('')
  })

  it('lists the options', () => {
    const misspelt = { misspelt: true } as object
    const refresh = { store: memoryRefreshStore(), ...misspelt }
    const good = { issuer: 'https://id.example', audiences: ['orders'], keys: memorySigningKeys() }
    const options = {
      '`createTokenIssuer`:': () => createTokenIssuer(misspelt as TokenIssuerOptions),
      '`refresh`:': () => createTokenIssuer({ ...good, refresh, revocation: null }),
      '`signingKeyFile`, after the path:': () => signingKeyFile('keys.json', misspelt as SigningKeyFileOptions),
    }
    for (const [head, make] of Object.entries(options)) expect(optionsOf(README, head)).toEqual(knownOptions(make))
    expect(knownOptions(() => memorySigningKeys(misspelt))).toEqual([
      'algorithm',
      'publishAheadSeconds',
      'rotateSeconds',
    ])
  })

  it('lists every reason with its status and its error', () => {
    const rows = tableRowsOf(README).filter(([name = '']) => name.slice(1, -1) in ISSUER_REASONS)
    const listed = rows.map(([name = '', status, error = '']) => [name.slice(1, -1), status, error.slice(1, -1)])
    expect(listed).toEqual(
      Object.entries(ISSUER_REASONS).map(([name, { status, error }]) => [name, String(status), error]),
    )
  })
})

describe('the quick start', () => {
  it('issues, refreshes and revokes', async () => {
    const output = await scratch.run('1.js', { KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64url') })
    expect(output.split('\n').filter((line) => !line.startsWith('{'))).toEqual([
      'the access token: allow',
      'the next one: allow',
      'after the logout: deny',
      '',
    ])
    expect(output).toMatch(/"event":"auth\.refresh","v":1,"outcome":"allow"/)
    expect(output).toMatch(/"event":"auth\.logout","v":1,"outcome":"allow"/)
  })

  it('does not start without its key-encryption key', async () => {
    expect(await scratch.run('1.js', {})).toContain('kek kek-1 is not in the variable KEY_ENCRYPTION_KEY')
  })

  it.each(['fastify.js', 'express.js'])('publishes its keys with %s', async (file) => {
    const program = await scratch.start(file, { PORT: '0' })
    const response = await fetch(`${program.url}/.well-known/jwks.json`)
    expect([response.status, await response.json()]).toMatchObject([200, { keys: [{ kty: 'OKP', alg: 'EdDSA' }] }])
  })
})
