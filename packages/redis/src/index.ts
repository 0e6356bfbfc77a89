// Redis, within bounds.
export { type RedisConnection, type RedisConnectionOptions, redisConnection } from './connection.js'
export type { RedisCircuit } from './circuit.js'
export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
  RedisDriver,
} from './client.js'
export { type RedisScript, redisScript } from './script.js'
export { type RedisFailure, RedisStoreError } from './failure.js'
export type { BreakerRuntime } from './breaker.js'

// What is stored.
export { type RedisReplayStoreOptions, redisReplayStore } from './replay.js'
export { redisRevocation } from './revocation.js'
