import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openUsers } from '../src/users/open.js'
import { Client } from './support/gateway.js'
import { PASSWORDS, putUsers, USERS_KEY } from './support/users.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const secret = (): string => randomBytes(32).toString('base64url')

let directory: string
let environment: Record<string, string>

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gateway-'))
  environment = {
    PORT: '0',
    ISSUER: 'https://id.example',
    PUBLIC_ORIGIN: 'https://shop.example',
    ORDERS_URL: 'http://127.0.0.1:9',
    INVENTORY_URL: 'http://127.0.0.1:9',
    GATEWAY_SECRET: secret(),
    GATEWAY_INVENTORY_SECRET: secret(),
    DATA_DIRECTORY: directory,
    USERS_KEY,
    KEY_ENCRYPTION_KEY: secret(),
  }
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

function start(env: NodeJS.ProcessEnv): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Runs the gateway for as long as `work` takes; resolves with its exit code after SIGTERM. */
async function runFor(work: (url: string) => Promise<void>): Promise<number> {
  const child = start(environment)
  const ended = once(child, 'close')
  const complaint = text(child.stderr)
  let url: string | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    url = /http:\/\/127\.0\.0\.1:[0-9]+/.exec(String(JSON.parse(line).msg))?.[0]
    if (url !== undefined) break
  }
  child.stdout.resume()
  if (url === undefined) throw new Error(await complaint)
  await work(url).finally(() => child.kill('SIGTERM'))
  return (await ended)[0]
}

describe('the gateway as a process', { timeout: 60_000 }, () => {
  it('makes sealed signing keys and keeps them and its users over a restart', async () => {
    const { store, close } = await openUsers({
      dataDirectory: () => directory,
      usersKey: USERS_KEY,
      redisUrl: undefined,
    })
    await putUsers(store)
    await close()
    const kids: unknown[] = []
    const visit = async (url: string): Promise<void> => {
      const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as {
        keys: { kid: string; alg: string }[]
      }
      kids.push(keys.map(({ kid }) => kid))
      expect(keys.map(({ alg }) => alg)).toContain('ES256')
      await new Client(url).login('ada', PASSWORDS.ada)
    }
    expect(await runFor(visit)).toBe(0)
    expect(await runFor(visit)).toBe(0)
    expect(kids[1]).toEqual(kids[0])
    expect(readFileSync(join(directory, 'signing-keys.json'), 'utf8')).not.toContain('PRIVATE KEY')
  })

  it.each([
    [
      'without its settings',
      { ISSUER: '', USERS_KEY: '' },
      'gateway: settings: ISSUER (or ISSUER_FILE) is missing; USERS_KEY',
    ],
    [
      'with a token key that is none',
      { TOKEN_KEY: 'none' },
      'gateway: settings: TOKEN_KEY is not a private key on P-256 in PEM',
    ],
    ['with an origin of plain http', { PUBLIC_ORIGIN: 'http://shop.example' }, 'gateway: publicOrigin must be https'],
    [
      'without its Redis',
      { REDIS_URL: 'redis://127.0.0.1:9' },
      'gateway: settings: the Redis of REDIS_URL cannot be reached',
    ],
  ])('does not start %s, and says in one line why', async (_what, wrong, message) => {
    const child = start({ ...environment, ...wrong })
    const [[code], complaint] = await Promise.all([once(child, 'close'), text(child.stderr), text(child.stdout)])
    expect(complaint.trim().split('\n')).toEqual([expect.stringContaining(message)])
    expect(code).toBe(1)
  })
})
