import { RateLimiterMemory } from 'rate-limiter-flexible'
import { checkMembers } from '../options.js'
import { consumeFailure } from './limiters.js'
import { checkLimits, LIMIT_OPTIONS, type ThrottleLimits } from './limits.js'
import type { FailureThrottle } from './throttle.js'

export type MemoryThrottleOptions = ThrottleLimits

/**
 * Counts the failures that this process sees: each of several processes counts for itself, and a restart forgets. At most two counts for
 * each of the names of `FailureNames`, some 13 MB; each goes when its window ends. Counts by the system's clock.
 *
 * @throws {ConfigurationError} a number that is none or out of bounds, nothing to be counted, an unknown option
 */
export function memoryThrottle(options: MemoryThrottleOptions = {}): FailureThrottle {
  checkMembers('memoryThrottle', options, LIMIT_OPTIONS)
  const { failuresPerAddress, failuresPerCredentials, windowSeconds } = checkLimits('memoryThrottle', options)
  const counting = (points: number | null) =>
    points === null ? null : new RateLimiterMemory({ points, duration: windowSeconds })
  const limiters = { address: counting(failuresPerAddress), credentials: counting(failuresPerCredentials) }
  return { fail: (names) => consumeFailure(limiters, names) }
}
