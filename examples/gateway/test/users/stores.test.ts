import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { levelUserStore } from '../../src/users/level-store.js'
import { redisUserStore } from '../../src/users/redis-store.js'
import type { UserStore } from '../../src/users/store.js'
import type { User } from '../../src/users/user.js'
import { hasRedisServer, type RedisServer, startRedis } from '../support/redis.js'

const sealKey = randomBytes(32)
const ada: User = {
  name: 'ada',
  passwordHash: 'hash of ada',
  roles: ['buyer'],
  secondFactor: { secret: 'GEZDGNBVGY3TQOJQ', atEveryLogin: false },
}
const rob: User = { name: 'rob', passwordHash: 'hash of rob', roles: [] }
const times = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1)

function contract(open: () => Promise<UserStore>): void {
  let store: UserStore

  beforeEach(async () => {
    store = await open()
  })

  afterEach(() => store.close())

  it('finds the users that were put there, as they were, and nobody else', async () => {
    await store.put(ada)
    await store.put(rob)
    expect(await store.find('ada')).toEqual(ada)
    expect(await store.find('rob')).toEqual(rob)
    expect(await store.find('eve')).toBeUndefined()
    expect(await store.find('constructor')).toBeUndefined()
    await store.put({ ...rob, roles: ['buyer'] })
    expect(await store.find('rob')).toEqual({ ...rob, roles: ['buyer'] })
  })

  it('counts a hundred failures at once as a hundred, and none above the most', async () => {
    const counts = await Promise.all(times(100).map(() => store.addFailure('ada', 'login', 90)))
    expect(counts.filter((count) => count !== undefined).sort((a, b) => a - b)).toEqual(times(90))
    expect(await store.addFailure('ada', 'login', 90)).toBeUndefined()
    expect(await store.addFailure('ada', 'login', 91)).toBe(91)
  })

  it('counts each user and each kind apart, takes one back, never below none, and forgets all', async () => {
    await store.addFailure('ada', 'login', 9)
    await store.addFailure('ada', 'login', 9)
    expect(await store.addFailure('ada', 'code', 9)).toBe(1)
    expect(await store.addFailure('rob', 'login', 9)).toBe(1)
    await store.takeBackFailure('ada', 'login')
    expect(await store.addFailure('ada', 'login', 9)).toBe(2)
    await store.clearFailures('ada', 'login')
    await store.takeBackFailure('ada', 'login')
    expect(await store.addFailure('ada', 'login', 9)).toBe(1)
  })

  it('gives a step to one of a hundred, and neither it nor an earlier one again', async () => {
    const claims = await Promise.all(times(100).map(() => store.claimStep('ada', 1000)))
    expect(claims.filter((claimed) => claimed)).toHaveLength(1)
    expect(await store.claimStep('ada', 999)).toBe(false)
    expect(await store.claimStep('rob', 999)).toBe(true)
    expect(await store.claimStep('ada', 1001)).toBe(true)
  })

  it('says that it is ready', async () => {
    expect(await store.ready()).toBe(true)
  })
}

describe('the embedded store', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'users-'))
  })

  afterEach(() => {
    rmSync(directory, { recursive: true })
  })

  describe('opened', () => contract(() => levelUserStore(directory, sealKey)))

  it('keeps everything over a restart, and no secret of a second factor in the clear', async () => {
    const first = await levelUserStore(directory, sealKey)
    await first.put(ada)
    await first.addFailure('ada', 'login', 9)
    await first.claimStep('ada', 1000)
    await first.close()
    const bytes = readdirSync(directory).map((file) => readFileSync(join(directory, file), 'latin1'))
    expect(bytes.join('')).toContain('hash of ada')
    expect(bytes.join('')).not.toContain('GEZDGNBVGY3TQOJQ')

    const second = await levelUserStore(directory, sealKey)
    expect(await second.find('ada')).toEqual(ada)
    expect(await second.addFailure('ada', 'login', 9)).toBe(2)
    expect(await second.claimStep('ada', 1000)).toBe(false)
    await second.close()
  })

  it('opens no second factor with another key, nor one that was moved to somebody else', async () => {
    const store = await levelUserStore(directory, sealKey)
    await store.put(ada)
    await store.close()
    const other = await levelUserStore(directory, randomBytes(32))
    await expect(other.find('ada')).rejects.toThrow()
    await other.close()
  })

  it('is refused to a second one who opens it, and where there is no directory to be made', async () => {
    const store = await levelUserStore(directory, sealKey)
    await expect(levelUserStore(directory, sealKey)).rejects.toThrow('in use by another process')
    await store.close()
    await expect(levelUserStore(join(import.meta.filename, 'users'), sealKey)).rejects.toThrow(
      'the directory of the users cannot be opened',
    )
  })
})

describe.skipIf(!hasRedisServer())('the store in Redis', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis()
  })

  beforeEach(async () => {
    await server.redis.flushall()
  })

  afterAll(() => server.stop())

  contract(async () => redisUserStore(server.redis, sealKey))

  it('says that it is not ready where Redis is away', async () => {
    const gone = await startRedis()
    const store = redisUserStore(gone.redis, sealKey)
    await gone.stop()
    expect(await store.ready()).toBe(false)
    await expect(store.find('ada')).rejects.toThrow()
  })
})
