import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createVerifier, mutualTls } from '@countersign/core'
import { countersign } from '@countersign/express'
import { type IdentityFiles, LiveIdentity, spiffeId } from '@countersign-example/kit'
import express from 'express'
import { type Logger, pino } from 'pino'
import type { TlsService } from './tls-service.js'

export interface InventoryOptions {
  readonly port: number
  readonly files: IdentityFiles
  readonly reloadSeconds?: number
  readonly log?: Logger
}

/** Starts inventory: Express, for orders alone. */
export async function startInventory(options: InventoryOptions): Promise<TlsService> {
  const { port, files, reloadSeconds = 5, log = pino({ name: 'inventory' }) } = options
  const identity = new LiveIdentity({ files, reloadSeconds, onRefused: (err) => log.warn({ err }, 'certificate kept') })
  const verifier = createVerifier({
    audience: 'inventory',
    schemes: [
      mutualTls({
        identity: 'spiffe',
        clients: [{ name: spiffeId('orders'), client: 'orders', roles: ['stock:read'] }],
      }),
    ],
    audit: log,
  })
  const auth = countersign({ verifier })
  const app = express()
  app.get('/stock', auth({ scheme: 'mtls', anyRole: ['stock:read'] }), (req, res) => {
    res.json({ tea: 1000, for: req.auth.principal.id })
  })

  // Longer than callers keep a connection that idles: none is closed under a request.
  const server = createServer({ ...identity.material, requestCert: true, keepAliveTimeout: 65_000 }, app)
  identity.follow(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    // Listening on a host and a port, so the address is an AddressInfo.
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      identity.close()
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeIdleConnections()
      })
      await verifier.close()
    },
  }
}
