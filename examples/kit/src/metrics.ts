import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Verifier } from '@countersign/core'
import { collectMetrics } from '@countersign/prometheus'
import { Registry } from 'prom-client'

export interface MetricsServer {
  readonly port: number
  /** Makes metrics of a verifier, under a name. */
  observe(name: string, verifier: Verifier): void
  close(): void
}

/** Serves `GET /metrics` on a port of its own, which only Prometheus should reach: it tells how much is refused and why. */
export async function serveMetrics(port: number, host: string): Promise<MetricsServer> {
  const register = new Registry()
  const server = createServer(async ({ method, url }, response) => {
    if (method !== 'GET' || url !== '/metrics') return response.writeHead(404).end()
    const metrics = await register.metrics().catch(() => undefined)
    if (metrics === undefined) return response.writeHead(500).end()
    return response.setHeader('content-type', register.contentType).end(metrics)
  })
  server.listen(port, host)
  await once(server, 'listening')
  // A server that listens on a port has an address of this form.
  const address = server.address() as AddressInfo
  return {
    port: address.port,
    observe: (name, verifier) => void collectMetrics({ verifiers: { [name]: verifier }, register }),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
