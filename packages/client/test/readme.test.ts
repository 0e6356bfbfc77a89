import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createVerifier, hmac, keyRing, memoryReplayStore } from '@countersign/core'
import { readBody } from '@countersign/core/adapter'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, knownOptions, optionsOf } from '../../../.config/readme/blocks.js'
import { SECRET_HEX } from '../../../.config/readme/credentials.js'
import { Scratch } from '../../../.config/readme/scratch.js'
import { createSigner } from '../src/index.js'

const README = fileURLToPath(new URL('../README.md', import.meta.url))

const scratch = new Scratch(new URL('..', import.meta.url))
let complaints: string

const verifier = createVerifier({
  audience: 'orders',
  schemes: [
    hmac({
      keys: keyRing([{ id: 'billing-2026-11', client: 'billing', secret: Buffer.from(SECRET_HEX, 'hex') }]),
      replay: memoryReplayStore(),
    }),
  ],
  audit: null,
})

/** Answers with what the verifier made of a request. */
const orders = createServer(async (message, response) => {
  const { method = '', url: target = '', rawHeaders } = message
  const view = { method, target, rawHeaders, framework: 'node:http', readBody: readBody.bind(undefined, message) }
  const decision = await verifier.verify(view, 'authenticated')
  const said = decision.outcome === 'allow' ? `accepted from ${decision.auth?.principal.id}` : decision.reason
  response.end(`${method} ${target} ${said}`)
})

beforeAll(async () => {
  complaints = await scratch.compile(blocksOf(README, 'ts'))
  await new Promise<void>((resolve) => orders.listen(0, '127.0.0.1', resolve))
})

afterAll(() => {
  scratch.remove()
  orders.close()
})

describe('the README', () => {
  it('has code that compiles', () => {
    expect(complaints).toBe('')
  })

  it('lists the options of createSigner', () => {
    const options = { keyId: 'a', secret: 'a', audience: null, misspelt: true }
    expect(optionsOf(README, '`createSigner`:')).toEqual(knownOptions(() => createSigner(options)))
  })

  it('has a quick start that places a signed order', async () => {
    const { port } = orders.address() as AddressInfo
    const environment = { BILLING_SECRET_HEX: SECRET_HEX, ORDERS_URL: `http://127.0.0.1:${port}` }
    expect(await scratch.run('1.js', environment)).toBe('200 POST /orders accepted from billing\n')
  })

  it('has a quick start that does not run without its secret', async () => {
    expect(await scratch.run('1.js', {})).toContain('ConfigurationError: secret is empty')
  })
})
