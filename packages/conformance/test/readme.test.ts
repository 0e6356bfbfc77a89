import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { REASONS } from '@countersign/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, tableRowsOf } from '../../../.config/readme/blocks.js'
import { ISSUER_JWKS, mintToken, SECRET_HEX, signedHeaders } from '../../../.config/readme/credentials.js'
import { type Program, Scratch } from '../../../.config/readme/scratch.js'
import { FRAMEWORKS, startTarget } from '../src/target/start.js'

const README = fileURLToPath(new URL('../../../README.md', import.meta.url))

const scratch = new Scratch(new URL('..', import.meta.url))
let complaints: string

beforeAll(async () => {
  complaints = await scratch.compile(blocksOf(README, 'ts'))
  scratch.write('jwks.json', ISSUER_JWKS)
})

afterAll(() => scratch.remove())

const bearer = (roles: readonly string[]) => {
  const token = mintToken({ iss: 'https://id.example', aud: 'orders', sub: 'user-1', realm_access: { roles } })
  return { authorization: `Bearer ${token}` }
}

describe('the root README', () => {
  it('has code that compiles', () => {
    expect(complaints).toBe('')
  })

  it('tells statuses and reasons as the table in core has them', () => {
    const rows = tableRowsOf(README).filter(([, status]) => /^\d{3}$/.test(status ?? ''))
    expect(rows.length).toBeGreaterThan(15)
    const statuses = Object.fromEntries(Object.entries(REASONS).map(([reason, row]) => [reason, row.status]))
    for (const [, status, reason = ''] of rows) {
      expect({ reason, status: Number(status) }).toEqual({ reason, status: statuses[reason.replaceAll('`', '')] })
    }
  })
})

describe.each(['fastify', 'express'])('the quick start on %s', (framework) => {
  let program: Program

  beforeAll(async () => {
    program = await scratch.start(`${framework}.js`, { PORT: '0', BILLING_SECRET_HEX: SECRET_HEX })
  })

  const orders = async (headers: Record<string, string>) => {
    const response = await fetch(`${program.url}/orders`, { headers })
    return [response.status, await response.json()]
  }

  it('is healthy for anybody', async () => {
    expect((await fetch(`${program.url}/health`)).status).toBe(200)
  })

  it('serves a user who has the role, by itself or through another', async () => {
    expect(await orders(bearer(['orders:read']))).toEqual([200, { for: 'user-1' }])
    expect(await orders(bearer(['admin']))).toEqual([200, { for: 'user-1' }])
  })

  it('refuses a signing client that lacks it, and writes why', async () => {
    const headers = signedHeaders('billing-2026-11', 'orders', 'GET', '/orders', '')
    expect(await orders(headers)).toMatchObject([403, { code: 'role_missing' }])
    await program.printed(/"event":"auth\.attempt".*"reason":"role_missing"/)
  })

  it('asks everybody else for credentials', async () => {
    expect(await orders({})).toMatchObject([401, { code: 'missing_credentials' }])
  })
})

const lacking = ['bash', 'openssl', 'curl'].filter((command) => {
  try {
    execFileSync(command, [command === 'openssl' ? 'version' : '--version'], { stdio: 'ignore' })
    return false
  } catch {
    return true
  }
})

describe.skipIf(lacking.length > 0)(`the wire format in shell (needs bash, openssl, curl; lacking: ${lacking})`, () => {
  it.each(FRAMEWORKS)('is accepted as printed by %s, and leaves the record that is shown', async (framework) => {
    const target = await startTarget({ framework })
    const [script = '', ...others] = blocksOf(README, 'bash')
    expect(others).toEqual([])
    expect(script).toContain('http://127.0.0.1:8080')
    const output = await new Promise<string>((resolve) => {
      execFile('bash', ['-euc', script.replace('http://127.0.0.1:8080', target.url)], (_error, stdout) =>
        resolve(stdout),
      )
    })
    await target.close()
    expect(output).toContain('HTTP/1.1 200 OK')
    expect(output).toContain('"principal":{"id":"billing","scheme":"hmac","roles":["orders:write"],"scopes":[]}')
    expect(output).toContain('"target":"/echo?limit=10","contentLength":15')

    const { level, time, pid, hostname, msg, ...shown } = JSON.parse(blocksOf(README, 'json')[0] ?? '')
    expect({ level, msg }).toEqual({ level: 30, msg: 'auth allow' })
    expect([time, pid, hostname]).toEqual([expect.any(Number), expect.any(Number), expect.any(String)])
    // All that differs from one run to the next.
    const own = { framework: expect.any(String), durationUs: expect.any(Number), requestId: expect.any(String) }
    expect(shown).toMatchObject(own)
    expect(target.records).toEqual([{ ...shown, ...own }])
  })
})
