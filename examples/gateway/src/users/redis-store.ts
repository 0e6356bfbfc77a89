import type { Redis } from 'ioredis'
import type { FailureKind, UserStore } from './store.js'
import { fromStored, toStored } from './stored-user.js'
import type { User } from './user.js'

/** A step is taken where it is later than the last one, in one go. */
const CLAIM_STEP = `
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) <= last then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1`

const ADD_FAILURE = `
local count = tonumber(redis.call('GET', KEYS[1]) or '0')
if count >= tonumber(ARGV[1]) then return 0 end
return redis.call('INCR', KEYS[1])`

const TAKE_BACK_FAILURE = `
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
return 0`

/** Keeps users in Redis, for any number of gateways. The connection is the caller's: `close` leaves it open. */
export function redisUserStore(redis: Redis, sealKey: Buffer): UserStore {
  const keyOf = (what: string, name: string): string => `gateway:${what}:${name}`
  const failuresOf = (name: string, kind: FailureKind): string => keyOf(`failures:${kind}`, name)
  return {
    async find(name): Promise<User | undefined> {
      const text = await redis.get(keyOf('user', name))
      return text === null ? undefined : fromStored(text, sealKey)
    },
    async put(user) {
      await redis.set(keyOf('user', user.name), toStored(user, sealKey))
    },
    async addFailure(name, kind, most) {
      const count = await redis.eval(ADD_FAILURE, 1, failuresOf(name, kind), most)
      return count === 0 ? undefined : Number(count)
    },
    async takeBackFailure(name, kind) {
      await redis.eval(TAKE_BACK_FAILURE, 1, failuresOf(name, kind))
    },
    async clearFailures(name, kind) {
      await redis.del(failuresOf(name, kind))
    },
    async claimStep(name, step) {
      return (await redis.eval(CLAIM_STEP, 1, keyOf('step', name), step)) === 1
    },
    ready: () => redis.ping().then(isPong, () => false),
    async close() {},
  }
}

function isPong(answer: string): boolean {
  return answer === 'PONG'
}
