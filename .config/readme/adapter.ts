import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, knownOptions, optionsOf } from './blocks.js'
import { ISSUER_JWKS, mintToken, SECRET_HEX, signedHeaders } from './credentials.js'
import { type Program, Scratch } from './scratch.js'

const ORDER = '{"amount":1000}'

/**
 * Holds the README of an adapter to its word: the code compiles, the options are the known ones, the quick start does what it says. The same for
 * both frameworks.
 *
 * @param folder - the package's
 */
export function testAdapterReadme(folder: URL, checkOptions: (options: never) => unknown): void {
  const README = fileURLToPath(new URL('README.md', folder))
  const scratch = new Scratch(folder)
  let complaints: string
  let program: Program

  beforeAll(async () => {
    complaints = await scratch.compile(blocksOf(README, 'ts'))
    scratch.write('jwks.json', ISSUER_JWKS)
    program = await scratch.start('1.js', { PORT: '0', BILLING_SECRET_HEX: SECRET_HEX })
  })

  afterAll(() => scratch.remove())

  async function send(path: string, init?: RequestInit): Promise<readonly [status: number, body: unknown]> {
    const response = await fetch(program.url + path, init)
    return [response.status, await response.json()]
  }

  const bearer = (roles: readonly string[]) => {
    const token = mintToken({ iss: 'https://id.example', aud: 'orders', sub: 'user-1', realm_access: { roles } })
    return { headers: { authorization: `Bearer ${token}` } }
  }

  describe('the README', () => {
    it('has code that compiles', () => {
      expect(complaints).toBe('')
    })

    it('lists the options', () => {
      // An unknown option is told before a wrong one.
      const options = { verifier: Object.create(null), misspelt: true } as never
      expect(optionsOf(README)).toEqual(knownOptions(() => checkOptions(options)))
    })
  })

  describe('the quick start', () => {
    it('serves its public route to anybody', async () => {
      expect(await send('/health')).toEqual([200, { status: 'ok' }])
    })

    it('serves a user who has the role', async () => {
      expect(await send('/orders', bearer(['orders:read']))).toEqual([200, { for: 'user-1' }])
    })

    it('refuses a user who lacks it, and writes why', async () => {
      expect(await send('/orders', bearer(['orders:list']))).toMatchObject([403, { code: 'role_missing' }])
      await program.printed(/"event":"auth\.attempt".*"reason":"role_missing"/)
    })

    it('serves a client that signs by the wire format, and hands its body on', async () => {
      const headers = signedHeaders('billing-2026-11', 'orders', 'POST', '/orders', ORDER)
      const reply = await send('/orders', { method: 'POST', headers, body: ORDER })
      expect(reply).toEqual([200, { by: 'billing', order: { amount: 1000 } }])
    })

    it('refuses the same request when it comes again', async () => {
      const headers = signedHeaders('billing-2026-11', 'orders', 'POST', '/orders', ORDER)
      const first = await send('/orders', { method: 'POST', headers, body: ORDER })
      const second = await send('/orders', { method: 'POST', headers, body: ORDER })
      expect([first[0], second]).toMatchObject([200, [401, { code: 'replayed' }]])
    })

    it('asks for credentials on every other path', async () => {
      expect(await send('/nowhere')).toMatchObject([401, { code: 'missing_credentials' }])
    })

    it('does not start without its secret', async () => {
      const output = await scratch.run('1.js', { PORT: '0' })
      expect(output).toContain('ConfigurationError: keys[0].secret is empty')
    })
  })
}
