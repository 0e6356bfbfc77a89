import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { fetchOver, LiveIdentity } from '@countersign-example/kit'
import { filesOf, writeCertificates } from '@countersign-example/mtls'
import { describe, expect, it, onTestFinished } from 'vitest'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const secret = (): string => randomBytes(32).toString('base64url')

function run(environment: NodeJS.ProcessEnv): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [MAIN], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The address in the first line of the log that has one. */
async function urlIn({ stdout }: ReturnType<typeof run>, form: RegExp): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const [url] = form.exec(String(JSON.parse(line).msg)) ?? []
    if (url !== undefined) return url
  }
  throw new Error('it ended without an address')
}

describe('a service as a process', () => {
  it('listens, writes JSON lines on stdout, and ends with 0 on SIGTERM', async () => {
    const child = run({ PORT: '0', ORDERS_SECRET: secret(), WAREHOUSE_SECRET: secret() })
    const ended = once(child, 'close')
    const url = await urlIn(child, /http:\/\/127\.0\.0\.1:[0-9]+/)
    const answer = await fetch(`${url}/health`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      ready: true,
      keys: [{ scheme: 'hmac', ready: true, keys: 2, activeKeys: 2 }],
    })
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(0)
  })

  it('listens over mutual TLS where its settings name a certificate', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'inventory-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    await writeCertificates(directory)
    const { certificate, key, authorities } = filesOf(directory, 'inventory')
    const child = run({
      ...{ PORT: '0', ORDERS_SECRET: secret(), WAREHOUSE_SECRET: secret() },
      ...{ TLS_CERTIFICATE_FILE: certificate, TLS_KEY_FILE: key, TLS_CA_FILE: authorities },
    })
    const ended = once(child, 'close')
    const url = await urlIn(child, /https:\/\/127\.0\.0\.1:[0-9]+/)
    const identity = new LiveIdentity({ files: filesOf(directory, 'warehouse') })
    const agent = identity.agent()
    const body = new URLSearchParams({ item: 'tea', quantity: '5' })
    const delivered = await fetchOver(agent)(`${url}/deliveries`, { method: 'POST', body })
    expect([delivered.status, await delivered.json()]).toMatchObject([201, { total: 1005, from: 'warehouse' }])
    await expect(fetch(`${url}/health`)).rejects.toThrow()
    identity.close()
    await agent.close()
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(0)
  })

  it.each([
    [
      'without its settings',
      {},
      'inventory: settings: ORDERS_SECRET (or ORDERS_SECRET_FILE) is missing; WAREHOUSE_SECRET (or WAREHOUSE_SECRET_FILE) is missing',
    ],
    [
      'with a secret that is too short',
      { ORDERS_SECRET: 'short', WAREHOUSE_SECRET: secret() },
      'inventory: keys[0].secret has 5 bytes; at least 32 are needed',
    ],
    [
      'with a port that is none',
      { PORT: 'http', ORDERS_SECRET: secret(), WAREHOUSE_SECRET: secret() },
      'inventory: settings: PORT must be a number from 0 to 65535',
    ],
  ])('does not start %s, and says in one line why', async (_what, environment, message) => {
    const child = run(environment)
    const [[code], complaint] = await Promise.all([once(child, 'close'), text(child.stderr), text(child.stdout)])
    expect(complaint.trim()).toBe(message)
    expect(code).toBe(1)
  })
})
