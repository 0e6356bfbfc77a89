import { createPrivateKey } from 'node:crypto'
import { staticJwks } from '@countersign/core'
import { publicJwks, startGateway } from '@countersign-example/gateway'
import { startInventory } from '@countersign-example/inventory'
import { type DemoKeys, makeKeys } from '@countersign-example/kit'
import { startOrders } from '@countersign-example/orders'
import { pino } from 'pino'
import type { TourTarget, TrailRecord } from './target.js'
import { SERVICES, type ServiceName, type Verdict } from './tour.js'

export interface DemoServices extends TourTarget {
  /** Hands every audit line from now on to `listener`, as it was written. */
  follow(listener: (line: string) => void): void
  close(): Promise<void>
}

const ISSUER = 'https://id.example'

/** Starts the three services in this process, on free ports of the loopback address, with keys made for this run. */
export async function startServices(): Promise<DemoServices> {
  const keys: DemoKeys = makeKeys()
  const tokenKey = createPrivateKey(keys.tokenKey)
  const records: TrailRecord[] = []
  let listener: ((line: string) => void) | undefined
  const logOf = (name: ServiceName) => {
    const write = (line: string): void => {
      const record = readRecord(name, line)
      if (record === undefined) return
      records.push(record)
      listener?.(line)
    }
    return pino({ name }, { write })
  }

  const inventory = await startInventory({ port: 0, log: logOf('inventory'), ...keys })
  const orders = await startOrders({
    port: 0,
    log: logOf('orders'),
    issuer: ISSUER,
    tokenKeys: staticJwks(publicJwks(tokenKey)),
    inventoryUrl: inventory.url,
    ...keys,
  })
  const gateway = await startGateway({
    port: 0,
    log: logOf('gateway'),
    issuer: ISSUER,
    tokenKey,
    ordersUrl: orders.url,
    gatewaySecret: keys.gatewaySecret,
  })
  const services = { gateway, orders, inventory }
  return {
    urls: { gateway: gateway.url, orders: orders.url, inventory: inventory.url },
    issuer: ISSUER,
    keys,
    trail: { records: () => records },
    follow(next) {
      listener = next
    },
    async close() {
      for (const name of SERVICES) await services[name].close()
    },
  }
}

/** An audit record among the lines of a service's log. */
function readRecord(service: ServiceName, line: string): TrailRecord | undefined {
  const record: { event?: unknown; outcome?: unknown; reason?: unknown; traceId?: unknown } = JSON.parse(line)
  if (record.event !== 'auth.attempt') return undefined
  const { traceId } = record
  // Written by core just now: a denial has a reason of its table, an allowance none.
  const verdict = (record.reason ?? record.outcome) as Verdict
  return { service, verdict, ...(typeof traceId === 'string' ? { traceId } : {}) }
}
