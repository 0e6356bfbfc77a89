import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, type Program, type RedisServer, startRedis } from './server.js'

/** Servers that belong together. */
export interface Deployment {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  /** Where a client begins: the server, all nodes of the cluster, the sentinels. */
  readonly ports: readonly number[]
  /** Those that hold data. */
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

/** What the sentinels call the master. */
export const MASTER_NAME = 'main'

export async function single(program: Program): Promise<Deployment> {
  const server = await startRedis({ program })
  return { kind: 'single', ports: [server.port], servers: [server], stop: () => server.stop() }
}

const SLOTS = 16_384

/** Three masters, without replicas. */
export async function cluster(program: Program): Promise<Deployment> {
  const lines = async () => ['cluster-enabled yes', `cluster-port ${await freePort()}`, 'cluster-node-timeout 2000']
  const [first, second, third] = await Promise.all(
    [0, 1, 2].map(async () => startRedis({ program, lines: await lines() })),
  )
  if (first === undefined || second === undefined || third === undefined) throw new Error('there are three')
  const servers = [first, second, third]
  for (const [index, server] of servers.entries()) {
    const from = Math.floor((index * SLOTS) / 3)
    const to = Math.floor(((index + 1) * SLOTS) / 3) - 1
    await server.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    await server.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  }
  for (const other of [second, third]) {
    const [, port] = String(await other.command('CONFIG', 'GET', 'cluster-port')).split(',')
    await first.command('CLUSTER', 'MEET', '127.0.0.1', String(other.port), String(port))
  }
  for (const server of servers) {
    await until(async () => {
      const info = String(await server.command('CLUSTER', 'INFO'))
      return /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info)
    })
  }
  return { kind: 'cluster', ports: servers.map(({ port }) => port), servers, stop: stopAll(servers) }
}

/** A master, a replica and one sentinel that fails over quickly. */
export async function sentinel(program: Program): Promise<Deployment> {
  const master = await startRedis({ program })
  const replica = await startRedis({ program, lines: [`replicaof 127.0.0.1 ${master.port}`] })
  await until(async () => /master_link_status:up/.test(String(await replica.command('INFO', 'replication'))))
  const watch = await startRedis({
    program,
    isSentinel: true,
    lines: [
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${MASTER_NAME} 500`,
      `sentinel failover-timeout ${MASTER_NAME} 2000`,
    ],
  })
  await until(async () =>
    String(await watch.command('SENTINEL', 'REPLICAS', MASTER_NAME)).includes(String(replica.port)),
  )
  return { kind: 'sentinel', ports: [watch.port], servers: [master, replica], stop: stopAll([watch, replica, master]) }
}

function stopAll(servers: readonly RedisServer[]): () => Promise<void> {
  return async () => {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

const PATIENCE_MILLISECONDS = 20_000

/** Asks until it is so. */
export async function until(
  isSo: () => Promise<boolean> | boolean,
  milliseconds: number = PATIENCE_MILLISECONDS,
): Promise<void> {
  const start = performance.now()
  while (!(await isSo())) {
    if (performance.now() - start > milliseconds) throw new Error('it did not become so in time')
    await sleep(25)
  }
}
