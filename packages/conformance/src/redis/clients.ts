import { createRequire } from 'node:module'
import type { RedisClient } from '@countersign/redis'
import * as ioredis6 from 'ioredis'
import * as redis6 from 'redis'
import { type Deployment, MASTER_NAME, until } from './deployments.js'

/** A connected client of either library, and how to end it. */
export interface ConnectedClient {
  readonly client: RedisClient
  close(): Promise<void>
}

/** As they are now, and as they were before. */
export const LIBRARIES = ['ioredis', 'redis'] as const
export const EARLIER_LIBRARIES = ['ioredis5', 'redis5'] as const
export type Library = (typeof LIBRARIES)[number] | (typeof EARLIER_LIBRARIES)[number]

const require = createRequire(import.meta.url)
/** What is used here is the same in both. */
const ioredis5: typeof ioredis6 = require('ioredis5')
const redis5: typeof redis6 = require('redis5')

type Where = Pick<Deployment, 'kind' | 'ports'>

const HOST = '127.0.0.1'
const ignore = () => {}

/** With the library's own settings, queue and retries included: what must not matter. */
export function connectClient(library: Library, deployment: Where): Promise<ConnectedClient> {
  switch (library) {
    case 'ioredis':
      return connectIoRedis(ioredis6, deployment)
    case 'ioredis5':
      return connectIoRedis(ioredis5, deployment)
    case 'redis':
      return connectNodeRedis(redis6, deployment)
    case 'redis5':
      return connectNodeRedis(redis5, deployment)
  }
}

async function connectIoRedis({ Cluster, Redis }: typeof ioredis6, { kind, ports }: Where): Promise<ConnectedClient> {
  const nodes = ports.map((port) => ({ host: HOST, port }))
  const client =
    kind === 'cluster'
      ? new Cluster(nodes)
      : kind === 'sentinel'
        ? new Redis({ sentinels: nodes, name: MASTER_NAME })
        : new Redis({ host: HOST, port: ports[0] ?? 0 })
  client.on('error', ignore)
  await until(() => client.status === 'ready')
  return { client, close: async () => client.disconnect() }
}

async function connectNodeRedis(redis: typeof redis6, { kind, ports }: Where): Promise<ConnectedClient> {
  const client = makeNodeRedis(redis, kind, ports)
  client.on('error', ignore)
  await client.connect()
  return { client, close: async () => void client.destroy() }
}

interface Connectable {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

function makeNodeRedis(redis: typeof redis6, kind: Where['kind'], ports: readonly number[]): RedisClient & Connectable {
  const nodes = ports.map((port) => ({ host: HOST, port }))
  if (kind === 'cluster') return redis.createCluster({ rootNodes: nodes.map((socket) => ({ socket })) })
  if (kind === 'sentinel') return redis.createSentinel({ name: MASTER_NAME, sentinelRootNodes: nodes })
  return redis.createClient({ socket: { host: HOST, port: ports[0] ?? 0 } })
}
