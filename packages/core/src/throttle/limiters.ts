import type { RateLimiterRes } from 'rate-limiter-flexible'
import type { FailureNames } from './throttle.js'

/** A limiter of rate-limiter-flexible, whichever copy of it. */
export interface FailureLimiter {
  /** Counts one. Rejects with a `RateLimiterRes` where that is one too many, and with an `Error` where it cannot count. */
  consume(name: string): Promise<unknown>
}

/** The two counts of a throttle. `null`: not counted. */
export interface FailureLimiters {
  readonly address: FailureLimiter | null
  readonly credentials: FailureLimiter | null
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

async function consume(limiter: FailureLimiter | null, name: string | undefined): Promise<number> {
  if (limiter === null || name === undefined) return 0
  try {
    await limiter.consume(name)
    return 0
  } catch (error) {
    if (error instanceof Error) throw error
    const { msBeforeNext } = error as RateLimiterRes
    return Math.max(msBeforeNext, 1) / 1000
  }
}
