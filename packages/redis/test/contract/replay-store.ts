import type { ReplayStore } from '@countersign/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/**
 * What every replay store promises, wherever it remembers.
 *
 * @param open - a store that has seen nothing, whose data nobody else has
 */
export function replayStoreContract(open: () => ReplayStore): void {
  // Where the data are has a clock of its own: what ended long ago is not kept there.
  const now = Math.floor(Date.now() / 1000)

  describe('as a replay store', () => {
    it('takes an id once, until its last second has passed', async () => {
      const store = open()
      expect(await store.claim('billing a', now + 300, now)).toBe(true)
      expect(await store.claim('billing a', now + 300, now)).toBe(false)
      expect(await store.claim('billing a', now + 300, now + 300)).toBe(false)
      expect(await store.claim('billing b', now + 300, now)).toBe(true)
    })

    it('takes an id in its last second', async () => {
      const store = open()
      expect(await store.claim('a', now, now)).toBe(true)
      expect(await store.claim('a', now, now)).toBe(false)
    })

    it.each(['', ' ', 'a\nb', 'a\r\nDEL a', '{', '}', '{}', '{a}b', 'ä€😀', '*', 'a'.repeat(300)])(
      'takes %j for an id, and for no other one',
      async (id) => {
        const store = open()
        expect(await store.claim(id, now + 300, now)).toBe(true)
        expect(await store.claim(id, now + 300, now)).toBe(false)
        expect(await store.claim(`${id}x`, now + 300, now)).toBe(true)
      },
    )

    it('gives one of a hundred at once the id', async () => {
      const store = open()
      const answers = await Promise.all(Array.from({ length: 100 }, () => store.claim('a', now + 300, now)))
      expect(answers.filter((taken) => taken === true)).toHaveLength(1)
      expect(answers.filter((taken) => taken === false)).toHaveLength(99)
    })

    it('never gives an id twice, in whatever order and at whichever times it is asked for', async () => {
      const steps = fc.array(fc.record({ id: fc.nat(5), later: fc.nat(300) }), { maxLength: 20 })
      await fc.assert(
        fc.asyncProperty(steps, async (claims) => {
          const store = open()
          const answers = await Promise.all(
            claims.map(async ({ id, later }) => [id, await store.claim(`n-${id}`, now + 300, now + later)] as const),
          )
          const taken = answers.filter(([, isTaken]) => isTaken).map(([id]) => id)
          expect(taken.toSorted()).toEqual([...new Set(claims.map(({ id }) => id))].toSorted())
        }),
        { numRuns: 30 },
      )
    })

    it('is ready', async () => {
      expect(await open().ready?.(now)).toBe(true)
    })
  })
}
