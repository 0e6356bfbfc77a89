import { createPrivateKey } from 'node:crypto'
import { memoryReplayStore, staticJwks } from '@countersign/core'
import { publicJwks, startGateway } from '@countersign-example/gateway'
import { inventoryCallers, startInventory } from '@countersign-example/inventory'
import { type DemoKeys, makeKeys } from '@countersign-example/kit'
import { orderCallers, startOrders } from '@countersign-example/orders'
import { pino } from 'pino'
import type { TourTarget, TrailRecord } from './target.js'
import type { ServiceName } from './tour.js'
import { readRecord } from './trail.js'

export interface DemoServices extends TourTarget {
  readonly keys: DemoKeys
  /** Hands every audit line from now on to `listener`, as it was written. */
  follow(listener: (line: string) => void): void
  close(): Promise<void>
}

const ISSUER = 'https://id.example'

/** Starts the services in this process, orders twice, on free ports of the loopback address, with keys made for this run. */
export async function startServices(): Promise<DemoServices> {
  const keys: DemoKeys = makeKeys()
  const tokenKey = createPrivateKey(keys.tokenKey)
  const records: TrailRecord[] = []
  let listener: ((line: string) => void) | undefined
  const logOf = (name: ServiceName) => {
    const write = (line: string): void => {
      const record = readRecord(line)
      if (record === undefined) return
      records.push(record)
      listener?.(line)
    }
    return pino({ name }, { write })
  }

  const inventory = await startInventory({ port: 0, log: logOf('inventory'), callers: inventoryCallers(keys) })
  const ordersOptions = {
    port: 0,
    log: logOf('orders'),
    issuer: ISSUER,
    tokenKeys: staticJwks(publicJwks(tokenKey)),
    callers: orderCallers(keys),
    // Of both replicas. In two processes it would be Redis.
    replay: memoryReplayStore(),
    inventoryUrl: inventory.url,
    ordersSecret: keys.ordersSecret,
  }
  const orders = await startOrders(ordersOptions)
  const replica = await startOrders(ordersOptions)
  const gateway = await startGateway({
    port: 0,
    log: logOf('gateway'),
    issuer: ISSUER,
    tokenKey,
    ordersUrl: orders.url,
    gatewaySecret: keys.gatewaySecret,
  })
  return {
    urls: { gateway: gateway.url, orders: orders.url, inventory: inventory.url },
    replicas: { orders: replica.url },
    issuer: ISSUER,
    keys,
    trail: { records: () => records },
    exclusive: true,
    follow(next) {
      listener = next
    },
    async close() {
      for (const service of [gateway, orders, replica, inventory]) await service.close()
    },
  }
}
