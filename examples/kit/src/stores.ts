import { memoryReplayStore, type ReplayStore } from '@countersign/core'
import { redisConnection, redisReplayStore } from '@countersign/redis'
import { Redis } from 'ioredis'
import type { Logger } from 'pino'

/** What a service remembers. */
export interface Stores {
  readonly replay: ReplayStore
  close(): void
}

/**
 * Shares what is remembered with every process that has the same `REDIS_URL` and `prefix`; without one it stays in this process, which is
 * said once.
 *
 * @param prefix - the service's name: a nonce is taken once for each service
 * @throws {Error} Redis cannot be reached
 */
export async function openStores(
  prefix: string,
  log: Logger,
  url: string | undefined = process.env['REDIS_URL'],
): Promise<Stores> {
  if (url === undefined) {
    log.info('REDIS_URL is not set: nonces are remembered in this process only')
    return { replay: memoryReplayStore(), close() {} }
  }
  const client = new Redis(url, { lazyConnect: true })
  const redis = redisConnection({ client, prefix, log })
  await client.connect().catch((error: unknown) => {
    client.disconnect()
    throw new Error('Redis cannot be reached', { cause: error })
  })
  return { replay: redisReplayStore(redis), close: () => client.disconnect() }
}
