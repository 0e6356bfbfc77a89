import { expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../src/clock.js'

it('the system clock counts seconds, not milliseconds', () => {
  vi.useFakeTimers({ now: 1_700_000_000_250 })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  expect(systemClock()).toBe(1_700_000_000.25)
})
