import { setTimeout as sleep } from 'node:timers/promises'
import type { FailureThrottle } from '@countersign/core'
import type { ThrottleLimits } from '@countersign/core/throttle'
import { describe, expect, it } from 'vitest'

/**
 * What every throttle promises, wherever it counts.
 *
 * @param open - a throttle that has counted nothing, whose counts nobody else has
 */
export function throttleContract(open: (limits: ThrottleLimits) => FailureThrottle): void {
  const from = (throttle: FailureThrottle, address?: string, credentials?: string) =>
    Promise.resolve(throttle.fail({ address, credentials }))

  describe('as a throttle', () => {
    it('lets so many failures be and asks of the next to wait for the end of the window', async () => {
      const throttle = open({ failuresPerAddress: 3, failuresPerCredentials: null, windowSeconds: 600 })
      for (let time = 0; time < 3; time++) expect(await from(throttle, 'a')).toBe(0)
      for (let time = 0; time < 3; time++) {
        const seconds = await from(throttle, 'a')
        expect(seconds).toBeGreaterThan(500)
        expect(seconds).toBeLessThanOrEqual(600)
      }
      expect(await from(throttle, 'b')).toBe(0)
    })

    it('lets exactly so many of a hundred at once be', async () => {
      const throttle = open({ failuresPerAddress: 40, windowSeconds: 600 })
      const answers = await Promise.all(Array.from({ length: 100 }, () => from(throttle, 'a')))
      expect(answers.filter((seconds) => seconds === 0)).toHaveLength(40)
    })

    it('forgets when the window is over', async () => {
      const throttle = open({ failuresPerAddress: 1, windowSeconds: 1 })
      expect(await from(throttle, 'a')).toBe(0)
      const seconds = await from(throttle, 'a')
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThanOrEqual(1)
      await sleep(seconds * 1000 + 50)
      expect(await from(throttle, 'a')).toBe(0)
    })

    it('counts addresses and credentials apart, and not those of an address that has failed too often', async () => {
      const throttle = open({ failuresPerAddress: 2, failuresPerCredentials: 1, windowSeconds: 600 })
      expect(await from(throttle, 'a', 'x')).toBe(0)
      expect(await from(throttle, 'x', 'a')).toBe(0)
      expect(await from(throttle, 'a', 'x')).toBeGreaterThan(0)
      expect(await from(throttle, 'a', 'y')).toBeGreaterThan(0)
      expect(await from(throttle, 'b', 'y')).toBe(0)
    })

    it('asks nobody to wait of whom nothing is known, nor by what is not counted', async () => {
      const throttle = open({ failuresPerAddress: null, failuresPerCredentials: 1, windowSeconds: 600 })
      for (let time = 0; time < 3; time++) {
        expect(await from(throttle)).toBe(0)
        expect(await from(throttle, 'a')).toBe(0)
      }
    })

    it('is ready', async () => {
      expect((await open({}).ready?.()) ?? true).toBe(true)
    })
  })
}
