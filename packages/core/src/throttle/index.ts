export { type MemoryThrottleOptions, memoryThrottle } from './memory.js'
