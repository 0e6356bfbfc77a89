import { createPrivateKey, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryReplayStore, staticJwks } from '@countersign/core'
import {
  fixedSigningKey,
  makeDemoUsers,
  openUsers,
  passwordHasher,
  publicJwks,
  putUser,
  startGateway,
  userKeys,
} from '@countersign-example/gateway'
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

  const tokenKeys = staticJwks(publicJwks(tokenKey))
  const gatewayInventorySecret = randomBytes(32).toString('base64url')
  const inventory = await startInventory({
    port: 0,
    log: logOf('inventory'),
    callers: inventoryCallers({ ...keys, gatewaySecret: gatewayInventorySecret }),
    users: { issuer: ISSUER, tokenKeys },
  })
  const ordersOptions = {
    port: 0,
    log: logOf('orders'),
    issuer: ISSUER,
    tokenKeys,
    callers: orderCallers(keys),
    // Of both replicas. In two processes it would be Redis.
    replay: memoryReplayStore(),
    inventoryUrl: inventory.url,
    ordersSecret: keys.ordersSecret,
  }
  const orders = await startOrders(ordersOptions)
  const replica = await startOrders(ordersOptions)
  const { users, store, usersKey, forget } = await makeUsers()
  const gateway = await startGateway({
    port: 0,
    log: logOf('gateway'),
    issuer: ISSUER,
    signingKeys: fixedSigningKey(tokenKey),
    users: store,
    usersKey,
    ordersUrl: orders.url,
    inventoryUrl: inventory.url,
    gatewaySecret: keys.gatewaySecret,
    gatewayInventorySecret,
    // curl and some browsers take no `Secure` cookie over http, not even from this machine.
    dangerouslyInsecureCookies: true,
  })
  return {
    urls: { gateway: gateway.url, orders: orders.url, inventory: inventory.url },
    replicas: { orders: replica.url },
    issuer: ISSUER,
    keys,
    users,
    trail: { records: () => records },
    exclusive: true,
    follow(next) {
      listener = next
    },
    async close() {
      for (const service of [gateway, orders, replica, inventory]) await service.close()
      await forget()
    },
  }
}

/** The users of the demo, with passwords made for this run, in an embedded store that `forget` removes. */
async function makeUsers() {
  const usersKey = randomBytes(32).toString('base64url')
  const dataDirectory = await mkdtemp(join(tmpdir(), 'countersign-demo-'))
  const { store, close } = await openUsers({ dataDirectory: () => dataDirectory, usersKey, redisUrl: undefined })
  const users = makeDemoUsers()
  const hasher = await passwordHasher(userKeys(usersKey).pepper)
  await Promise.all(users.map((user) => putUser(store, hasher, user)))
  return {
    ...{ users, store, usersKey },
    async forget() {
      await close()
      await rm(dataDirectory, { recursive: true })
    },
  }
}
