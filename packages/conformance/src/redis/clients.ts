import type { RedisClient } from '@countersign/redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster, createSentinel } from 'redis'
import { type Deployment, MASTER_NAME, until } from './deployments.js'

/** A connected client of either library, and how to end it. */
export interface ConnectedClient {
  readonly client: RedisClient
  close(): Promise<void>
}

export const LIBRARIES = ['ioredis', 'redis'] as const
export type Library = (typeof LIBRARIES)[number]

const HOST = '127.0.0.1'
const ignore = () => {}

export function connectClient(
  library: Library,
  deployment: Pick<Deployment, 'kind' | 'ports'>,
): Promise<ConnectedClient> {
  return library === 'ioredis' ? connectIoRedis(deployment) : connectNodeRedis(deployment)
}

/** With the library's own settings, queue and retries included: what must not matter. */
async function connectIoRedis({ kind, ports }: Pick<Deployment, 'kind' | 'ports'>): Promise<ConnectedClient> {
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

async function connectNodeRedis({ kind, ports }: Pick<Deployment, 'kind' | 'ports'>): Promise<ConnectedClient> {
  const nodes = ports.map((port) => ({ host: HOST, port }))
  if (kind === 'cluster') {
    const client = createCluster({ rootNodes: nodes.map((socket) => ({ socket })) })
    client.on('error', ignore)
    await client.connect()
    return { client, close: async () => client.destroy() }
  }
  if (kind === 'sentinel') {
    const client = createSentinel({ name: MASTER_NAME, sentinelRootNodes: nodes })
    client.on('error', ignore)
    await client.connect()
    return { client, close: async () => client.destroy() }
  }
  const client = createClient({ socket: { host: HOST, port: ports[0] ?? 0 } })
  client.on('error', ignore)
  await client.connect()
  return { client, close: async () => client.destroy() }
}
