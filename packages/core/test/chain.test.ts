import { describe, expect, it } from 'vitest'
import { chain } from '../src/chain.js'

const join = (value: string, state: string) => value + state

describe('chain', () => {
  it('goes on at once where the value is here', () => {
    expect(chain('a', 'b', join)).toBe('ab')
  })

  it('goes on later where the value is still to come', async () => {
    const result = chain(Promise.resolve('a'), 'b', join)
    expect(result).toBeInstanceOf(Promise)
    expect(await result).toBe('ab')
  })

  it('lets a rejection through without calling the next step', async () => {
    const next = () => expect.unreachable()
    await expect(chain(Promise.reject(new Error('gone')), undefined, next)).rejects.toThrow('gone')
  })
})
