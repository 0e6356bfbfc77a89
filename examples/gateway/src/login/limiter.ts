import type { Redis } from 'ioredis'
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'

export interface LimiterTerms {
  /** Stands before each key in Redis. */
  readonly name: string
  /** How many points a key has. */
  readonly points: number
  /** When it has all of them again, counted from the first that was taken. */
  readonly seconds: number
}

export interface Limiter {
  /** Takes a point; resolves with the seconds to wait where none is left, and 0 where one was. */
  take(key: string, seconds?: number): Promise<number>
  /** How many were taken. */
  taken(key: string): Promise<number>
  giveBack(key: string): Promise<void>
  forget(key: string): Promise<void>
}

/** Limits in this process, or for all processes that share a Redis. A Redis that does not answer rejects. */
export function limiter({ name, points, seconds }: LimiterTerms, redis: Redis | undefined): Limiter {
  const terms = { keyPrefix: `gateway:limit:${name}`, points, duration: seconds }
  const inner: RateLimiterAbstract =
    redis === undefined
      ? new RateLimiterMemory(terms)
      : new RateLimiterRedis({ ...terms, storeClient: redis, rejectIfRedisNotReady: true })
  return {
    async take(key, customDuration) {
      try {
        await inner.consume(key, 1, customDuration === undefined ? {} : { customDuration })
        return 0
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused
        return Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
      }
    },
    async taken(key) {
      return (await inner.get(key))?.consumedPoints ?? 0
    },
    async giveBack(key) {
      await inner.reward(key)
    },
    async forget(key) {
      await inner.delete(key)
    },
  }
}
