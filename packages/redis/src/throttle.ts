import type { FailureThrottle } from '@countersign/core'
import { checkMembers } from '@countersign/core/stores'
import { checkLimits, consumeFailure, LIMIT_OPTIONS, type ThrottleLimits } from '@countersign/core/throttle'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import type { RedisCircuit } from './circuit.js'
import type { RedisConnection } from './connection.js'
import { RedisStoreError } from './failure.js'
import { type RedisScript, redisScript, runScript } from './script.js'

export type RedisThrottleOptions = ThrottleLimits

/**
 * Counts the failures that many processes see, in one step each. Who is over the limit is remembered by every process that learns it: a flood
 * does not reach Redis. While Redis does not answer each process counts by itself, from nothing: a limit for each process, not none.
 *
 * @throws {ConfigurationError} a number that is none or out of bounds, nothing to be counted, an unknown option
 */
export function redisThrottle(redis: RedisConnection, options: RedisThrottleOptions = {}): FailureThrottle {
  checkMembers('redisThrottle', options, LIMIT_OPTIONS)
  const { failuresPerAddress, failuresPerCredentials, windowSeconds } = checkLimits('redisThrottle', options)
  const circuit = redis.circuit('throttle')
  const prefix = `${redis.prefix}:throttle`
  const counting = (kind: string, points: number | null) =>
    points === null ? null : limiter(circuit, `${prefix}:${kind}`, points, windowSeconds)
  const limiters = {
    address: counting('address', failuresPerAddress),
    credentials: counting('credentials', failuresPerCredentials),
  }
  return {
    fail: (names) => consumeFailure(limiters, names),
    /** Whether Redis would count: it is given something to keep. */
    async ready() {
      const key = `${prefix}:ready`
      return (await circuit.command(key, 'SET', key, '', 'PX', '1000')) === 'OK'
    },
  }
}

function limiter(circuit: RedisCircuit, keyPrefix: string, points: number, duration: number): RateLimiterRedis {
  return new RateLimiterRedis({
    storeClient: clientOf(circuit),
    // What tells `eval` of node-redis from that of ioredis: ours has the form of the former, whichever is below.
    useRedisPackage: true,
    keyPrefix,
    points,
    duration,
    inMemoryBlockOnConsumed: points,
    insuranceLimiter: new RateLimiterMemory({ points, duration }),
  })
}

/** The one command that the limiter gives its client to count with, by way of the circuit. */
function clientOf(circuit: RedisCircuit) {
  let known: RedisScript | undefined
  return {
    eval(text: string, { keys, arguments: args }: { readonly keys: string[]; readonly arguments: string[] }) {
      const script = known?.text === text ? known : redisScript(text)
      known = script
      return circuit.run(async (driver) => checkCounted(await runScript(driver, script, keys, args)))
    },
  }
}

/** What the script answers: how many there are now, and in how many milliseconds they are forgotten. */
function checkCounted(reply: unknown): unknown {
  if (!Array.isArray(reply) || reply.length !== 2 || !reply.every(Number.isInteger))
    throw new RedisStoreError('unexpected_reply')
  return reply
}
