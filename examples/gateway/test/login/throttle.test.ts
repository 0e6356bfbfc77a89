import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Admission,
  type LoginTry,
  loginThrottle,
  MOST_FAILURES,
  pauseSeconds,
  STRANGERS_FAILURES,
  type Throttle,
} from '../../src/login/throttle.js'
import type { UserStore } from '../../src/users/store.js'
import { hasRedisServer, type RedisServer, startRedis } from '../support/redis.js'
import { openUsers } from '../support/users.js'

const adaFrom = (address: string, device?: string): LoginTry => ({ typedName: 'ada', name: 'ada', address, device })
const nobodyFrom = (address: string): LoginTry => ({ typedName: 'eve', name: undefined, address, device: undefined })
const addressOf = (index: number): string => `198.51.${index >> 8}.${index & 255}`

let store: UserStore
let throttle: Throttle

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: 1_700_000_000_000 })
  store = await openUsers()
  throttle = loginThrottle(store, undefined)
})

afterEach(async () => {
  vi.useRealTimers()
  await store.close()
})

const pass = (seconds: number): void => void vi.advanceTimersByTime(seconds * 1000)

/** Fails as often as is let in, of so many tries; each from an address of its own unless one is given. */
async function fail(tries: number, attempt: (index: number) => LoginTry): Promise<number> {
  let looked = 0
  for (let index = 0; index < tries; index++) {
    if ((await throttle.enter(attempt(index))).waitSeconds === 0) looked++
  }
  return looked
}

/** Fails until strangers are let in no more, waiting as long as each is told to. */
async function failPatiently(attempt: (index: number) => LoginTry): Promise<{ looked: number; seconds: number }> {
  const start = Date.now()
  let looked = 0
  for (let index = 0; index < 1000; index++) {
    const { waitSeconds } = await throttle.enter(attempt(index))
    if (waitSeconds === 0) looked++
    else if (waitSeconds === 3600) break
    pass(waitSeconds)
  }
  return { looked, seconds: (Date.now() - start) / 1000 }
}

describe('failures of one name from one address', () => {
  it('are ten in a quarter of an hour, then the address waits, and nobody else does', async () => {
    expect(await fail(12, () => adaFrom('203.0.113.1'))).toBe(10)
    expect((await throttle.enter(adaFrom('203.0.113.1'))).waitSeconds).toBe(900)
    expect((await throttle.enter({ ...adaFrom('203.0.113.1'), typedName: 'rob', name: 'rob' })).waitSeconds).toBe(0)
    pass(899)
    expect((await throttle.enter(adaFrom('203.0.113.1'))).waitSeconds).toBe(1)
    pass(1)
    expect((await throttle.enter(adaFrom('203.0.113.1'))).waitSeconds).toBe(0)
  })

  it('are forgotten with a success', async () => {
    expect(await fail(9, () => adaFrom('203.0.113.1'))).toBe(9)
    const tenth = await throttle.enter(adaFrom('203.0.113.1'))
    expect(tenth.waitSeconds).toBe(0)
    await tenth.succeeded()
    expect(await fail(12, () => adaFrom('203.0.113.1'))).toBe(10)
  })
})

describe('failures from one address', () => {
  it('are fifty in an hour over all names, whoever has them', async () => {
    const spray = (index: number): LoginTry => ({ ...nobodyFrom('203.0.113.1'), typedName: `user${index}` })
    expect(await fail(60, spray)).toBe(50)
    expect((await throttle.enter(adaFrom('203.0.113.1'))).waitSeconds).toBe(3600)
    expect((await throttle.enter(adaFrom('203.0.113.2'))).waitSeconds).toBe(0)
  })

  it('are not forgotten with a success: an account of one’s own resets nothing', async () => {
    const spray = (index: number): LoginTry => ({ ...nobodyFrom('203.0.113.1'), typedName: `user${index}` })
    expect(await fail(49, spray)).toBe(49)
    for (let round = 0; round < 5; round++) {
      const own = await throttle.enter(adaFrom('203.0.113.1'))
      expect(own.waitSeconds).toBe(0)
      await own.succeeded()
    }
    expect(await fail(3, (index) => spray(index + 100))).toBe(1)
  })
})

describe('failures of one name from everywhere', () => {
  it('slow strangers down from the eleventh on, two seconds at first, a quarter of an hour in the end', async () => {
    expect(await fail(11, (index) => adaFrom(addressOf(index)))).toBe(11)
    expect((await throttle.enter(adaFrom(addressOf(20)))).waitSeconds).toBe(2)
    pass(2)
    expect((await throttle.enter(adaFrom(addressOf(21)))).waitSeconds).toBe(0)
    expect((await throttle.enter(adaFrom(addressOf(22)))).waitSeconds).toBe(4)
    expect([10, 11, 12, 19, 20, 90].map(pauseSeconds)).toEqual([1, 2, 4, 512, 900, 900])
  })

  it('end at ninety, after most of a day', async () => {
    const { looked, seconds } = await failPatiently((index) => adaFrom(addressOf(index)))
    expect(looked).toBe(STRANGERS_FAILURES)
    expect(seconds / 3600).toBeGreaterThan(17)
    pass(30 * 86_400)
    expect((await throttle.enter(adaFrom('203.0.113.99'))).waitSeconds).toBe(3600)
  })

  it('are not counted by those who were told to wait', async () => {
    await fail(500, (index) => adaFrom(addressOf(index)))
    pass(900)
    expect((await throttle.enter(adaFrom('203.0.113.99'))).waitSeconds).toBe(0)
    expect(await store.addFailure('ada', 'login', MOST_FAILURES)).toBe(13)
  })

  it('at once are let in no more than one after the other', async () => {
    const all = await Promise.all(Array.from({ length: 300 }, (_, index) => throttle.enter(adaFrom(addressOf(index)))))
    expect(all.filter(({ waitSeconds }) => waitSeconds === 0)).toHaveLength(11)
  })

  it('look the same where nobody has the name', async () => {
    const waits = async (attempt: (address: string) => LoginTry): Promise<readonly number[]> => {
      const seen = []
      for (let index = 0; index < 200; index++) {
        const { waitSeconds } = await throttle.enter(attempt(addressOf(index)))
        seen.push(waitSeconds)
        pass(waitSeconds)
      }
      return seen
    }
    expect(await waits(nobodyFrom)).toEqual(await waits((address) => adaFrom(address)))
  })
})

describe('a device on which the user has logged in before', () => {
  it('is let in whatever strangers did, even beside it at the same address', async () => {
    await failPatiently((index) => adaFrom(addressOf(index)))
    await fail(60, () => adaFrom('203.0.113.1'))
    expect((await throttle.enter(adaFrom('203.0.113.1'))).waitSeconds).toBe(3600)
    const own = await throttle.enter(adaFrom('203.0.113.1', 'laptop'))
    expect(own.waitSeconds).toBe(0)
    await own.succeeded()
    expect((await throttle.enter(adaFrom('203.0.113.2'))).waitSeconds).toBe(0)
  })

  it('has ten failures of its own, and slows down nobody but itself', async () => {
    expect(await fail(12, () => adaFrom('203.0.113.1', 'laptop'))).toBe(10)
    expect((await throttle.enter(adaFrom('203.0.113.1', 'laptop'))).waitSeconds).toBe(900)
    expect((await throttle.enter(adaFrom('203.0.113.1', 'phone'))).waitSeconds).toBe(0)
  })

  it('makes a hundred failures in a row with all others, and not one more', async () => {
    await failPatiently((index) => adaFrom(addressOf(index)))
    expect(await fail(20, (index) => adaFrom('203.0.113.1', `device ${index}`))).toBe(
      MOST_FAILURES - STRANGERS_FAILURES,
    )
    pass(30 * 86_400)
    expect((await throttle.enter(adaFrom('203.0.113.1', 'laptop'))).waitSeconds).toBe(3600)
    await store.clearFailures('ada', 'login')
    expect((await throttle.enter(adaFrom('203.0.113.1', 'laptop'))).waitSeconds).toBe(0)
  })
})

describe('wrong codes', () => {
  it('are ten in a quarter of an hour, and a hundred in a row, whatever passwords were right meanwhile', async () => {
    let looked = 0
    for (let round = 0; round < 300; round++) {
      const password = await throttle.enter(adaFrom(addressOf(round)))
      await password.succeeded()
      const { waitSeconds } = await throttle.enterCode('ada')
      if (waitSeconds === 0) looked++
      pass(waitSeconds === 3600 ? 0 : waitSeconds)
    }
    expect(looked).toBe(100)
    expect((await throttle.enterCode('root')).waitSeconds).toBe(0)
  })

  it('are forgotten with a right one', async () => {
    let last: Admission | undefined
    for (let round = 0; round < 10; round++) last = await throttle.enterCode('ada')
    await last?.succeeded()
    expect((await throttle.enterCode('ada')).waitSeconds).toBe(0)
    expect(await store.addFailure('ada', 'code', 100)).toBe(2)
  })
})

describe.skipIf(!hasRedisServer())('failures that gateways share over Redis', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis()
  })

  afterAll(() => server.stop())

  it('count wherever they happen', async () => {
    vi.useRealTimers()
    const gateways = [loginThrottle(store, server.redis), loginThrottle(store, server.redis)]
    let looked = 0
    for (let index = 0; index < 14; index++) {
      const admission = await gateways[index % 2]?.enter(adaFrom('203.0.113.1'))
      if (admission?.waitSeconds === 0) looked++
    }
    expect(looked).toBe(10)
  })

  it('let nobody in while Redis is away', async () => {
    vi.useRealTimers()
    const gone = await startRedis()
    const alone = loginThrottle(store, gone.redis)
    await gone.stop()
    await expect(alone.enter(adaFrom('203.0.113.1'))).rejects.toThrow()
  })
})
