import { Agent } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createVerifier, mutualTls } from '@countersign/core'
import { countersign } from '@countersign/fastify'
import Fastify from 'fastify'
import { type Logger, pino } from 'pino'
import { call } from './call.js'
import { spiffeId } from './certificate-files.js'
import { type IdentityFiles, LiveIdentity } from './live-identity.js'
import type { TlsService } from './tls-service.js'

export interface OrdersOptions {
  readonly port: number
  readonly files: IdentityFiles
  readonly inventoryUrl: string
  readonly reloadSeconds?: number
  readonly log?: Logger
}

/** Starts orders: Fastify, called by billing, calls inventory with its own certificate. */
export async function startOrders(options: OrdersOptions): Promise<TlsService> {
  const { port, files, reloadSeconds = 5, log = pino({ name: 'orders' }) } = options
  const identity = new LiveIdentity({ files, reloadSeconds, onRefused: (err) => log.warn({ err }, 'certificate kept') })
  const verifier = createVerifier({
    audience: 'orders',
    schemes: [
      mutualTls({
        identity: 'spiffe',
        clients: [{ name: spiffeId('billing'), client: 'billing', roles: ['orders:read'] }],
      }),
    ],
    audit: log,
  })
  const agent = new Agent({ keepAlive: true })
  identity.followAgent(agent)

  const app = Fastify({ https: { ...identity.material, requestCert: true }, loggerInstance: log })
  identity.follow(app.server)
  await app.register(countersign, { verifier })
  app.get('/orders', { config: { auth: { scheme: 'mtls', anyRole: ['orders:read'] } } }, async (request, reply) => {
    const { status, body } = await call(agent, new URL('/stock', options.inventoryUrl))
    return status === 200
      ? { for: request.auth.principal.id, stock: body }
      : reply.code(502).send({ error: 'inventory' })
  })

  await app.listen({ port, host: '127.0.0.1' })
  return {
    url: `https://localhost:${(app.server.address() as AddressInfo).port}`,
    async close() {
      identity.close()
      agent.destroy()
      await app.close()
      await verifier.close()
    },
  }
}
