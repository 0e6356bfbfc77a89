import type { ReplayStore, Verifier } from '@countersign/core'
import type { Logger } from 'pino'
import { openIdentity } from './identity-settings.js'
import type { LiveIdentity } from './live-identity.js'
import { type MetricsServer, serveMetrics } from './metrics.js'
import type { Service } from './run-service.js'
import { portSetting } from './settings.js'
import { openStores } from './stores.js'

/** What a service has around it, by the environment. */
export interface Surroundings {
  /** Where nonces are remembered: in the Redis of `REDIS_URL`, else in this process. */
  readonly replay: ReplayStore
  /** Makes metrics of a verifier, where `METRICS_PORT` says where to serve them. */
  readonly observe: (verifier: Verifier) => void
  /** What services show each other, where `TLS_CERTIFICATE_FILE` and its like say so: mutual TLS. */
  readonly identity: LiveIdentity | undefined
}

/** Starts a service in its surroundings, which are closed after it. */
export async function withSurroundings(
  name: string,
  log: Logger,
  start: (surroundings: Surroundings) => Promise<Service>,
): Promise<Service> {
  const closers: (() => void)[] = []
  const closeAll = (): void => {
    for (const close of closers) close()
  }
  try {
    const identity = openIdentity(log)
    if (identity !== undefined) closers.push(() => identity.close())
    const stores = await openStores(name, log)
    closers.push(stores.close)
    const metrics = await openMetrics()
    if (metrics !== undefined) closers.push(metrics.close)
    const observe = (verifier: Verifier): void => metrics?.observe(name, verifier)
    const service = await start({ replay: stores.replay, observe, identity })
    return { ...service, close: () => service.close().finally(closeAll) }
  } catch (error) {
    closeAll()
    throw error
  }
}

async function openMetrics(): Promise<MetricsServer | undefined> {
  if (process.env['METRICS_PORT'] === undefined) return undefined
  return serveMetrics(portSetting(0, process.env, 'METRICS_PORT'), process.env['HOST'] ?? '127.0.0.1')
}
