import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSigner, signedFetch } from '@countersign/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf } from '../../../.config/readme/blocks.js'
import { Shell } from './shell.js'

/*
 * The guide "Rotate a key at noon" of the README, line by line, on live services: one on Fastify, one on Express, a client, and the command, each a
 * process of its own.
 */

const lines = (
  blocksOf(fileURLToPath(new URL('../README.md', import.meta.url)), 'bash').find((block) =>
    block.includes('$SERVICES'),
  ) ?? ''
)
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

interface Seen {
  /** Requests that were answered with 200, by service and key. */
  readonly ok: Readonly<Record<string, number>>
  readonly refused: readonly string[]
}

const shell = new Shell()
const children: ChildProcess[] = []
const services: string[] = []
let seen: Seen = { ok: {}, refused: [] }
let oldSecret: Buffer

const file = (name: string) => join(shell.folder, name)

function start(script: string, args: readonly string[], told: (line: string) => void): void {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`noon/${script}`, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let rest = ''
  child.stdout?.on('data', (chunk) => {
    const [last = '', ...whole] = `${rest}${chunk}`.split('\n').reverse()
    rest = last
    for (const line of whole.reverse()) told(line)
  })
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

const total = ({ ok }: Seen) => Object.values(ok).reduce((sum, count) => sum + count, 0)
/** Good answers of each service, by the key that signed. */
const by = (keyId: string) => services.map((url) => seen.ok[`${new URL(url).port} ${keyId}`] ?? 0)

/** Lets requests flow: at least so many more. */
async function flow(requests: number): Promise<void> {
  const goal = total(seen) + seen.refused.length + requests
  await until(() => total(seen) + seen.refused.length >= goal)
}

/** What each service answers to a request that is signed with a key. */
async function answers(keyId: string, secret: Uint8Array): Promise<unknown[]> {
  const call = signedFetch({ signer: createSigner({ keyId, secret, audience: 'orders' }) })
  return Promise.all(
    services.map(async (url) => {
      const response = await call(`${url}/orders`)
      const { code } = (await response.json()) as { code?: string }
      return `${response.status} ${code ?? ''}`.trim()
    }),
  )
}

beforeAll(async () => {
  const created = await shell.run(
    'countersign keys create billing-2026-11 --client billing --role orders:write --key-file keys.json --secret-out billing.hex',
  )
  expect(created).toMatchObject({ code: 0 })
  const hex = readFileSync(file('billing.hex'), 'utf8').trim()
  oldSecret = Buffer.from(hex, 'hex')
  writeFileSync(file('billing.env'), `KEY_ID=billing-2026-11\nSECRET_HEX=${hex}\n`)
  for (const framework of ['fastify', 'express'])
    start('service.mjs', [framework, file('keys.json')], (line) => services.push(line))
  await until(() => services.length === 2)
  start('client.mjs', [file('billing.env'), ...services], (line) => {
    seen = JSON.parse(line)
  })
  await flow(100)
})

afterAll(() => {
  for (const child of children) child.kill()
  shell.remove()
})

describe('the guide "Rotate a key at noon"', () => {
  it('has a line for each step: next, wait, promote, look, retire', () => {
    expect(lines.map((line) => /keys rotate|until|billing\.env|do curl|keys retire/.exec(line)?.[0])).toEqual([
      'keys rotate',
      'until',
      'billing.env',
      'do curl',
      'keys retire',
    ])
  })

  it('refuses no good request while it is followed line by line, and the old key afterwards', async () => {
    const environment = { SERVICES: services.join(' ') }
    const outputs: string[] = []
    for (const line of lines) {
      const ended = await shell.run(line, environment)
      expect({ line, ...ended }).toMatchObject({ code: 0, err: '' })
      outputs.push(ended.out)
      await flow(200)
    }
    expect(seen.refused).toEqual([])
    for (const count of [...by('billing-2026-11'), ...by('billing-2026-12')]) expect(count).toBeGreaterThan(100)
    // The services told of both keys, and when each was last used.
    expect(outputs[3]?.match(/"lastUsedAt"/g)).toHaveLength(4)

    await until(async () => (await answers('billing-2026-11', oldSecret)).every((answer) => answer !== '200'))
    expect(await answers('billing-2026-11', oldSecret)).toEqual(['401 signature_invalid', '401 signature_invalid'])
    const before = by('billing-2026-11')
    await flow(100)
    expect(by('billing-2026-11')).toEqual(before)
    expect(seen.refused).toEqual([])
  }, 60_000)

  it('leaves a file without the old secret in force, and no copy of the new one', async () => {
    const { out } = await shell.run('countersign keys list --key-file keys.json --json; ls')
    expect(out).toMatch(/"id":"billing-2026-11"[^}]*"state":"deactivated"/)
    expect(out).toMatch(/"id":"billing-2026-12"[^}]*"state":"active"/)
    expect(out).not.toContain('next.hex')
  })
})
