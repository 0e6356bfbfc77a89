import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner, signedFetch } from '@countersign/client'
import { type AuditRecord, createVerifier, hmac, keyFile, memoryReplayStore, type Verifier } from '@countersign/core'
import { type KeyFileKey, writeKeyFile } from '@countersign/core/key-file'
import { countersign as expressMiddleware } from '@countersign/express'
import { countersign as fastifyPlugin } from '@countersign/fastify'
import express from 'express'
import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/*
 * A key is rotated while requests flow: the next key is added, clients move to it, the old one is retired. Three services, each with a
 * verifier of its own, read one key file: one on Fastify, one on Express, one more on Fastify. A service has taken a file when its health
 * shows it; nothing here waits for a time.
 */

const OLD = 'billing-2026-10'
const NEW = 'billing-2026-11'
const secretOf = (id: string) => createHash('sha256').update(`the secret of ${id}`).digest()

const entry = (id: string, more: Partial<KeyFileKey> = {}): KeyFileKey => ({
  id,
  client: 'billing',
  roles: ['orders:write'],
  secret: { base64url: secretOf(id).toString('base64url') },
  ...more,
})

interface Service {
  readonly name: string
  readonly verifier: Verifier
  readonly records: AuditRecord[]
  readonly origin: string
  close(): Promise<void>
}

function verifierOver(path: string, records: AuditRecord[]): Verifier {
  const keep = (record: object) => void records.push(record as AuditRecord)
  return createVerifier({
    audience: 'orders',
    schemes: [hmac({ keys: keyFile(path, { pollSeconds: 0.2 }), replay: memoryReplayStore() })],
    audit: { info: keep, warn: keep, error: keep },
  })
}

const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

async function fastifyService(name: string, path: string): Promise<Service> {
  const records: AuditRecord[] = []
  const verifier = verifierOver(path, records)
  const app = fastify()
  await app.register(fastifyPlugin, { verifier })
  app.post('/orders', { config: { auth: { anyRole: ['orders:write'] } } }, (request) => request.auth.principal)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    name,
    verifier,
    records,
    origin: originOf(app.server),
    close: () => app.close().then(() => verifier.close()),
  }
}

async function expressService(name: string, path: string): Promise<Service> {
  const records: AuditRecord[] = []
  const verifier = verifierOver(path, records)
  const auth = expressMiddleware({ verifier })
  const app = express()
  app.use(auth())
  app.post('/orders', auth({ anyRole: ['orders:write'] }), (request, response) => {
    response.json({ id: request.auth.principal.id })
  })
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await verifier.close()
  }
  return { name, verifier, records, origin: originOf(server), close }
}

const fetchAs = (id: string) =>
  signedFetch({ signer: createSigner({ keyId: id, secret: secretOf(id), audience: 'orders' }) })

/** The states of the keys of a service, as it tells them. */
async function statesOf({ verifier }: Service): Promise<Readonly<Record<string, string>>> {
  const { schemes } = await verifier.health()
  const details = schemes[0]?.keys[0]?.details ?? []
  return Object.fromEntries(details.map(({ id, state }) => [id ?? '', state]))
}

describe('a key that is rotated while requests flow', () => {
  let path: string
  let directory: string
  let services: readonly Service[]

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'countersign-rotation-'))
    path = join(directory, 'keys.json')
    await writeKeyFile(path, { version: 1, keys: [entry(OLD)] })
    services = await Promise.all([
      fastifyService('fastify', path),
      expressService('express', path),
      fastifyService('another fastify', path),
    ])
    await Promise.all(services.map(({ verifier }) => verifier.warmup()))
  })

  afterAll(async () => {
    await Promise.all(services.map((service) => service.close()))
    await rm(directory, { recursive: true, force: true })
  })

  it('refuses no good request and accepts no retired key', async () => {
    /** The key that the clients sign with. */
    let current = OLD
    let isOver = false
    const refused: string[] = []
    let accepted = 0
    const underWay = new Map<string, number>()
    const count = (id: string, by: number) => void underWay.set(id, (underWay.get(id) ?? 0) + by)

    const client = async ({ name, origin }: Service) => {
      while (!isOver) {
        const id = current
        count(id, 1)
        const response = await fetchAs(id)(`${origin}/orders`, { method: 'POST', body: '{}' })
        await response.arrayBuffer()
        count(id, -1)
        if (response.status === 200) accepted++
        else refused.push(`${name} ${id} ${response.status}`)
      }
    }
    const clients = services.flatMap((service) => [client(service), client(service)])

    /** Some more requests have been answered. */
    const requests = async (more: number) => {
      const target = accepted + more
      while (accepted < target && refused.length === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const everyServiceSees = async (states: Readonly<Record<string, string>>) => {
      await expect
        .poll(() => Promise.all(services.map(statesOf)), { timeout: 10_000 })
        .toEqual(services.map(() => states))
    }

    await requests(50)

    // Add: the next key is known everywhere before anybody signs with it.
    await writeKeyFile(path, { version: 1, keys: [entry(OLD), entry(NEW)] })
    await everyServiceSees({ [OLD]: 'active', [NEW]: 'active' })
    await requests(50)

    // Promote: clients move. Requests under way are still signed with the old key.
    current = NEW
    await requests(100)
    await expect.poll(() => underWay.get(OLD)).toBe(0)

    // Retire: the old key is ended, then taken out.
    await writeKeyFile(path, { version: 1, keys: [entry(OLD, { status: 'deactivated' }), entry(NEW)] })
    await everyServiceSees({ [OLD]: 'deactivated', [NEW]: 'active' })
    for (const { origin } of services) {
      const response = await fetchAs(OLD)(`${origin}/orders`, { method: 'POST', body: '{}' })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ code: 'signature_invalid' })
    }
    await writeKeyFile(path, { version: 1, keys: [entry(NEW)] })
    await everyServiceSees({ [NEW]: 'active' })
    for (const { origin } of services) {
      expect((await fetchAs(OLD)(`${origin}/orders`, { method: 'POST', body: '{}' })).status).toBe(401)
    }
    await requests(50)
    isOver = true
    await Promise.all(clients)

    expect(refused).toEqual([])
    expect(accepted).toBeGreaterThanOrEqual(250)
    for (const { records } of services) {
      const byOldKey = records.filter(({ keyId }) => keyId === OLD)
      const firstRefusal = byOldKey.findIndex(({ outcome }) => outcome === 'deny')
      expect(byOldKey.slice(firstRefusal).map(({ reason }) => reason)).toEqual(['key_inactive', 'key_unknown'])
      expect(byOldKey.slice(0, firstRefusal).every(({ outcome }) => outcome === 'allow')).toBe(true)
    }
  })
})
