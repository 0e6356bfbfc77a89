import type { AddressInfo } from 'node:net'
import { createVerifier, mutualTls } from '@countersign/core'
import { countersign } from '@countersign/fastify'
import { fetchOver, type IdentityFiles, LiveIdentity, spiffeId } from '@countersign-example/kit'
import Fastify from 'fastify'
import { type Logger, pino } from 'pino'
import type { TlsService } from './tls-service.js'

export interface OrdersOptions {
  readonly port: number
  readonly files: IdentityFiles
  readonly inventoryUrl: string
  readonly reloadSeconds?: number
  readonly log?: Logger
}

/** Starts orders: Fastify, called by reporting, calls inventory with its own certificate. */
export async function startOrders(options: OrdersOptions): Promise<TlsService> {
  const { port, files, reloadSeconds = 5, log = pino({ name: 'orders' }) } = options
  const identity = new LiveIdentity({ files, reloadSeconds, onRefused: (err) => log.warn({ err }, 'certificate kept') })
  const verifier = createVerifier({
    audience: 'orders',
    schemes: [
      mutualTls({
        identity: 'spiffe',
        clients: [{ name: spiffeId('reporting'), client: 'reporting', roles: ['orders:read'] }],
      }),
    ],
    audit: log,
  })
  const agent = identity.agent()
  const callInventory = fetchOver(agent)

  const app = Fastify({ https: { ...identity.material, requestCert: true }, loggerInstance: log })
  identity.follow(app.server)
  await app.register(countersign, { verifier })
  app.get('/orders', { config: { auth: { scheme: 'mtls', anyRole: ['orders:read'] } } }, async (request, reply) => {
    const answer = await callInventory(new URL('/stock', options.inventoryUrl))
    return answer.ok
      ? { for: request.auth.principal.id, stock: await answer.json() }
      : reply.code(502).send({ error: 'inventory' })
  })

  await app.listen({ port, host: '127.0.0.1' })
  return {
    url: `https://localhost:${(app.server.address() as AddressInfo).port}`,
    async close() {
      identity.close()
      await app.close()
      await agent.close()
      await verifier.close()
    },
  }
}
