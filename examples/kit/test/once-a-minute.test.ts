import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { onceAMinute } from '../src/once-a-minute.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('tells of the first at once, of the others once a minute with their count, and then of the first again', () => {
  const told: [number, string][] = []
  const note = onceAMinute((count, latest) => void told.push([count, latest]))
  note('a')
  note('b')
  note('c')
  expect(told.splice(0)).toEqual([[1, 'a']])
  vi.advanceTimersByTime(59_999)
  expect(told).toEqual([])
  vi.advanceTimersByTime(1)
  expect(told.splice(0)).toEqual([[2, 'c']])
  vi.advanceTimersByTime(60_000)
  note('d')
  expect(told).toEqual([[1, 'd']])
})
