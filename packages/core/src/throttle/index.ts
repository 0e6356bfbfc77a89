export { type MemoryThrottleOptions, memoryThrottle } from './memory.js'

// What a throttle needs whose counts are elsewhere.
export { consumeFailure, type FailureLimiter, type FailureLimiters } from './limiters.js'
export { type CheckedLimits, checkLimits, LIMIT_OPTIONS, type ThrottleLimits } from './limits.js'
