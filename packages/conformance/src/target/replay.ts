import { memoryReplayStore, type ReplayStore } from '@countersign/core'
import { redisConnection, redisReplayStore } from '@countersign/redis'
import { Redis } from 'ioredis'

interface OpenReplay {
  readonly replay: ReplayStore
  readonly disconnect: () => void
}

/** Where the target remembers nonces: in this process, or in Redis. A Redis that cannot be had yet makes it not ready, and answer 503. */
export function openReplay(redis: URL | undefined, maxEntries: number | undefined): OpenReplay {
  if (redis === undefined) {
    return { replay: memoryReplayStore(maxEntries === undefined ? {} : { maxEntries }), disconnect: () => {} }
  }
  const client = new Redis(redis.href)
  return { replay: redisReplayStore(redisConnection({ client })), disconnect: () => client.disconnect() }
}
