import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FailureThrottle } from '../../src/index.js'
import type { Presented } from '../../src/scheme.js'
import { memoryThrottle } from '../../src/throttle/index.js'
import { failureNames } from '../../src/throttle/names.js'
import { NAMES } from '../../src/throttle/throttle.js'
import { optionOf } from '../kit.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const after = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)
const from = (throttle: FailureThrottle, address?: string, credentials?: string) =>
  Promise.resolve(throttle.fail({ address, credentials }))

describe('memoryThrottle', () => {
  it('lets so many failures be and asks of the next to wait for the end of the window', async () => {
    const throttle = memoryThrottle({ failuresPerAddress: 3, windowSeconds: 60 })
    expect(await from(throttle, 'a')).toBe(0)
    await after(10)
    expect([await from(throttle, 'a'), await from(throttle, 'a')]).toEqual([0, 0])
    expect(await from(throttle, 'a')).toBe(50)
    expect(await from(throttle, 'b')).toBe(0)
  })

  it('forgets when the window ends, and not a second before', async () => {
    const throttle = memoryThrottle({ failuresPerAddress: 1, windowSeconds: 60 })
    expect(await from(throttle, 'a')).toBe(0)
    await after(59)
    expect(await from(throttle, 'a')).toBe(1)
    await after(1)
    expect(await from(throttle, 'a')).toBe(0)
  })

  it('does not move the end of the window by what fails in it', async () => {
    const throttle = memoryThrottle({ failuresPerAddress: 1, windowSeconds: 10 })
    for (let second = 0; second < 10; second++) {
      expect(await from(throttle, 'a')).toBe(second === 0 ? 0 : 10 - second)
      await after(1)
    }
    expect(await from(throttle, 'a')).toBe(0)
  })

  it('counts addresses and credentials apart', async () => {
    const throttle = memoryThrottle({ failuresPerAddress: 5, failuresPerCredentials: 2 })
    for (const address of ['a', 'b']) expect(await from(throttle, address, 'key')).toBe(0)
    expect(await from(throttle, 'c', 'key')).toBe(60)
    expect(await from(throttle, 'a', 'other')).toBe(0)
  })

  it('does not count credentials for an address that has failed too often: one client fills no counts of others', async () => {
    const throttle = memoryThrottle({ failuresPerAddress: 1, failuresPerCredentials: 1 })
    expect(await from(throttle, 'a', 'one')).toBe(0)
    expect(await from(throttle, 'a', 'two')).toBe(60)
    expect(await from(throttle, 'b', 'two')).toBe(0)
  })

  it.each([
    ['failuresPerAddress', 'a', undefined],
    ['failuresPerCredentials', undefined, 'key'],
  ])('does not count by what is null: %s', async (option, address, credentials) => {
    const throttle = memoryThrottle({ failuresPerAddress: 1, failuresPerCredentials: 1, [option]: null })
    for (let time = 0; time < 5; time++) expect(await from(throttle, address, credentials)).toBe(0)
  })

  it('asks nobody to wait of whom nothing is known', async () => {
    const throttle = memoryThrottle({ failuresPerAddress: 1, failuresPerCredentials: 1 })
    for (let time = 0; time < 5; time++) expect(await from(throttle)).toBe(0)
  })

  it('has limits of 60 and 20 in a minute unless told otherwise', async () => {
    const throttle = memoryThrottle()
    for (let time = 0; time < 60; time++) expect(await from(throttle, 'a')).toBe(0)
    for (let time = 0; time < 20; time++) expect(await from(throttle, undefined, 'key')).toBe(0)
    expect([await from(throttle, 'a'), await from(throttle, undefined, 'key')]).toEqual([60, 60])
  })

  it('keeps no timer that would hold up the end of the process, and no count when the windows have ended', async () => {
    vi.useRealTimers()
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    await from(memoryThrottle(), 'a', 'key')
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBe(before)
    vi.useFakeTimers()
    const throttle = memoryThrottle({ windowSeconds: 5 })
    for (let number = 0; number < 100; number++) await from(throttle, String(number))
    expect(vi.getTimerCount()).toBe(100)
    await after(5)
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    ['memoryThrottle.failuresPerAddress', { failuresPerAddress: 0 }],
    ['memoryThrottle.failuresPerAddress', { failuresPerAddress: 1_000_001 }],
    ['memoryThrottle.failuresPerCredentials', { failuresPerCredentials: 1.5 }],
    ['memoryThrottle.failuresPerCredentials', { failuresPerAddress: null, failuresPerCredentials: null }],
    ['memoryThrottle.windowSeconds', { windowSeconds: 0 }],
    // A timer of more than 2^31 milliseconds would end at once.
    ['memoryThrottle.windowSeconds', { windowSeconds: 86_401 }],
    ['memoryThrottle.points', { points: 5 }],
    ['memoryThrottle', null],
  ])('refuses at start: %s', (option, options) => {
    expect(optionOf(() => memoryThrottle(options as object))).toBe(option)
  })

  it('counts no more than two times the names there are, under a flood of random addresses and key ids', async () => {
    expect(NAMES).toBe(16_384)
    const throttle = memoryThrottle()
    for (let number = 0; number < 100_000; number++) {
      const failed = {
        scheme: 'hmac',
        isBound: true,
        claimedName: () => `key-${number}`,
        authenticate: expect.unreachable,
      }
      await throttle.fail(
        failureNames(`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, failed as Presented),
      )
    }
    // One timer for each count.
    expect(vi.getTimerCount()).toBeGreaterThan(1.9 * NAMES)
    expect(vi.getTimerCount()).toBeLessThanOrEqual(2 * NAMES)
  }, 60_000)
})
