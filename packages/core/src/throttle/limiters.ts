import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import type { FailureNames } from './throttle.js'

/** The two counters of a throttle, by rate-limiter-flexible. `null`: not counted. */
export interface FailureLimiters {
  readonly address: RateLimiterAbstract | null
  readonly credentials: RateLimiterAbstract | null
}

/**
 * Counts a failure in a fixed window; answers the seconds to its end where it is one too many, else 0. From an address that has failed too
 * often already the other name is not counted: one client cannot fill the counts of many.
 *
 * @throws rejects with what a limiter fails with
 */
export async function consumeFailure(limiters: FailureLimiters, names: FailureNames): Promise<number> {
  const seconds = await consume(limiters.address, names.address)
  return seconds > 0 ? seconds : await consume(limiters.credentials, names.credentials)
}

async function consume(limiter: RateLimiterAbstract | null, name: string | undefined): Promise<number> {
  if (limiter === null || name === undefined) return 0
  try {
    await limiter.consume(name)
    return 0
  } catch (error) {
    // It rejects with this where the limit is passed, and with an Error where it failed.
    if (error instanceof RateLimiterRes) return Math.max(error.msBeforeNext, 1) / 1000
    throw error
  }
}
