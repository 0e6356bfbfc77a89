import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isThenable, withinSeconds } from '../src/deadline.js'

const late = () => new Error('late')
const after = (milliseconds: number, act: () => void) => void setTimeout(act, milliseconds)

afterEach(() => {
  vi.useRealTimers()
})

describe('withinSeconds', () => {
  it.each([
    [999, 'value'],
    [1001, 'late'],
  ])('of one second: a value that comes after %d ms gives %s', async (milliseconds, expected) => {
    vi.useFakeTimers()
    const value = new Promise<string>((resolve) => after(milliseconds, () => resolve('value')))
    const outcome = withinSeconds(value, 1, late).catch((error: Error) => error.message)
    await vi.advanceTimersByTimeAsync(1100)
    expect(await outcome).toBe(expected)
  })

  it('hands a rejection on, and leaves no timer', async () => {
    vi.useFakeTimers()
    await expect(withinSeconds(Promise.reject(new TypeError('no')), 1, late)).rejects.toThrow(TypeError)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not call an answer late that came while the event loop was blocked', async () => {
    const answer = withinSeconds(stat(fileURLToPath(import.meta.url)), 0.005, late)
    const start = performance.now()
    while (performance.now() - start < 100);
    expect((await answer).size).toBeGreaterThan(0)
  })

  it.each([
    [40, 'value'],
    [400, 'late'],
  ])(
    'gives back the time in which the event loop was blocked: after %d ms of the loop %s',
    async (milliseconds, expected) => {
      const start = performance.now()
      let answer: (value: string) => void = () => {}
      const value = new Promise<string>((resolve) => {
        answer = resolve
      })
      const outcome = withinSeconds(value, 0.1, late).catch((error: Error) => error.message)
      while (performance.now() - start < 300);
      // Asked only now: as a client does that writes at the end of a turn.
      after(milliseconds, () => answer('value'))
      expect(await outcome).toBe(expected)
    },
  )
})

describe('isThenable', () => {
  it('tells what has to be waited for from what is here', () => {
    // biome-ignore lint/suspicious/noThenProperty: a promise of another library
    expect([Promise.resolve(), { then: () => undefined }].map((value: unknown) => isThenable(value))).toEqual([
      true,
      true,
    ])
    // biome-ignore lint/suspicious/noThenProperty: no promise of anybody's
    expect([undefined, null, 'then', {}, { then: 1 }].map((value: unknown) => isThenable(value))).toEqual(
      Array(5).fill(false),
    )
  })
})
