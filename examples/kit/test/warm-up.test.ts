import { describe, expect, it } from 'vitest'
import { warmUp } from '../src/warm-up.js'

describe('warming up', () => {
  it('tries again where a store or key answers late', async () => {
    let rounds = 0
    await warmUp({ warmup: async () => void (++rounds < 3 && (await Promise.reject(new Error('too slow')))) }, 20)
    expect(rounds).toBe(3)
  })

  it('says what was the matter where it is never so', async () => {
    await expect(warmUp({ warmup: () => Promise.reject(new Error('too slow')) }, 0.3)).rejects.toThrow('too slow')
  })
})
