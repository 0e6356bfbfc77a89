import { join } from 'node:path'
import { Redis } from 'ioredis'
import { userKeys } from './keys.js'
import { levelUserStore } from './level-store.js'
import { redisUserStore } from './redis-store.js'
import type { UserStore } from './store.js'

export interface UserStoreSettings {
  /** Where the embedded store is, below it `users`. Asked where there is no Redis. */
  readonly dataDirectory: () => string
  readonly usersKey: string
  /** Absent: the embedded store. */
  readonly redisUrl: string | undefined
}

export interface OpenUsers {
  readonly store: UserStore
  /** The connection that the store uses, for whatever else gateways share. Closed by whoever opened it. */
  readonly redis?: Redis
  close(): Promise<void>
}

/** @throws {Error} a directory or a Redis that cannot be used */
export async function openUsers({ dataDirectory, usersKey, redisUrl }: UserStoreSettings): Promise<OpenUsers> {
  const { seal } = userKeys(usersKey)
  if (redisUrl === undefined) {
    const store = await levelUserStore(join(dataDirectory(), 'users'), seal)
    return { store, close: () => store.close() }
  }
  const redis = await connect(redisUrl)
  const store = redisUserStore(redis, seal)
  return {
    store,
    redis,
    async close() {
      redis.disconnect()
    },
  }
}

/** Fails fast: who cannot be looked up in time is not logged in, and nothing queues up before a store that is away. */
async function connect(url: string): Promise<Redis> {
  const redis = new Redis(url, {
    ...{ lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 },
    ...{ connectTimeout: 2000, commandTimeout: 1000 },
  })
  // Without a listener it would be an exception. Whoever asks meanwhile is told by the command that fails.
  redis.on('error', () => undefined)
  await redis.connect().catch(() => {
    redis.disconnect()
    throw new Error('settings: the Redis of REDIS_URL cannot be reached')
  })
  return redis
}
