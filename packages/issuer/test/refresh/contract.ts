import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RefreshFamily, RefreshOutcome, RefreshStore } from '../../src/index.js'
import { newRefreshToken, newSuccessor, type RefreshToken, successorOf } from '../../src/refresh/token.js'

/** A store to be tested, empty. */
export interface OpenStore {
  readonly store: RefreshStore
  readonly close: () => Promise<void>
}

const START = 1_795_348_800
const IDLE = 600
const ABSOLUTE = 3600
const GRACE = 10

/** What every store of sessions does, whatever it keeps them in. */
export function testRefreshStore(name: string, open: () => Promise<OpenStore>): void {
  describe(name, () => {
    let at: OpenStore
    let store: RefreshStore

    beforeEach(async () => {
      at = await open()
      store = at.store
    })

    afterEach(() => at.close())

    /** Subjects of their own: a store may be shared. */
    const someone = () => `user-${randomBytes(6).toString('hex')}`

    async function begin(
      subject: string = someone(),
    ): Promise<{ readonly token: RefreshToken; readonly family: RefreshFamily }> {
      const token = newRefreshToken()
      const { familyId: id, familyHash, tokenHash } = token
      const grant = {
        subject,
        clientId: 'web',
        audience: ['orders'],
        roles: ['reader'],
        scopes: ['read'],
        claims: { tenant: 'acme' },
      }
      const family = {
        id,
        familyHash,
        tokenHash,
        grant,
        startedAt: START,
        expiresAt: START + ABSOLUTE,
        idleSeconds: IDLE,
        graceSeconds: GRACE,
      }
      await store.start(family, START)
      return { token, family }
    }

    async function use(token: RefreshToken, now: number): Promise<readonly [RefreshOutcome, RefreshToken]> {
      const { familyId, familyHash, tokenHash } = token
      const fresh = newSuccessor(token)
      const outcome = await store.use({ familyId, familyHash, tokenHash, successor: fresh.successor, now })
      return [outcome, outcome.outcome === 'retried' ? successorOf(token, outcome.salt) : fresh.token]
    }

    const wordOf = async (token: RefreshToken, now: number) => (await use(token, now))[0].outcome
    const judge = async ({ familyId, familyHash, tokenHash }: RefreshToken, now: number) =>
      (await store.use({ familyId, familyHash, tokenHash, now })).outcome

    it('finds a family as it was started, and no other', async () => {
      const { family } = await begin()
      expect(await store.find(family.id, START)).toEqual(family)
      expect(await store.find(newRefreshToken().familyId, START)).toBeUndefined()
    })

    it('starts no other family under the same id', async () => {
      const { family } = await begin()
      const { tokenHash } = newRefreshToken()
      await expect((async () => store.start({ ...family, tokenHash }, START))()).rejects.toThrow()
    })

    it('lets the live token be used once, and its successor then', async () => {
      const { token } = await begin()
      const [first, next] = await use(token, START + 1)
      expect(first).toEqual({ outcome: 'used', idleExpiresAt: START + 1 + IDLE })
      expect(await wordOf(next, START + 20)).toBe('used')
    })

    it.each([
      ['at its end', GRACE, 'retried'],
      ['a second after', GRACE + 1, 'reused'],
    ])('gives the same successor again within the grace: %s', async (_, seconds, word) => {
      const { token } = await begin()
      const [, lost] = await use(token, START)
      const [outcome, again] = await use(token, START + seconds)
      expect(outcome.outcome).toBe(word)
      if (word === 'retried') {
        expect(again).toEqual(lost)
        expect(await wordOf(again, START + seconds)).toBe('used')
      } else expect(await wordOf(lost, START + seconds)).toBe('revoked')
    })

    it('takes a token for an old one as soon as its successor was used', async () => {
      const { token } = await begin()
      const [, next] = await use(token, START)
      const [, live] = await use(next, START)
      expect(await wordOf(token, START)).toBe('reused')
      expect(await wordOf(live, START)).toBe('revoked')
    })

    it('a retry does not make the session last longer', async () => {
      const { token } = await begin()
      const [first, next] = await use(token, START)
      const [again] = await use(token, START + GRACE)
      expect(again).toMatchObject({
        outcome: 'retried',
        idleExpiresAt: (first as { idleExpiresAt: number }).idleExpiresAt,
      })
      expect(await wordOf(next, START + IDLE)).toBe('expired')
    })

    it.each([
      ['a second before', IDLE - 1, 'used'],
      ['then', IDLE, 'expired'],
    ])('ends a session that nobody uses: %s', async (_, seconds, word) => {
      const { token } = await begin()
      expect(await wordOf(token, START + seconds)).toBe(word)
    })

    it.each([
      ['a second before', ABSOLUTE - 1, 'used'],
      ['then', ABSOLUTE, 'expired'],
    ])('ends a session in the end, however busy: %s', async (_, seconds, word) => {
      let { token } = await begin()
      for (let now = START + 500; now < START + ABSOLUTE - 1; now += 500) token = (await use(token, now))[1]
      expect(await wordOf(token, START + seconds)).toBe(word)
    })

    it('never has a token end later than its session', async () => {
      let { token } = await begin()
      let last: RefreshOutcome | undefined
      for (let now = START + 500; now < START + ABSOLUTE; now += 500) [last, token] = await use(token, now)
      expect(last).toMatchObject({ outcome: 'used', idleExpiresAt: START + ABSOLUTE })
    })

    it('is not talked into reviving anything by a clock that goes back', async () => {
      const { token } = await begin()
      expect(await wordOf(token, START + IDLE)).toBe('expired')
      expect(['expired', 'unknown']).toContain(await wordOf(token, START + 1))
      const other = await begin()
      const [, next] = await use(other.token, START + 100)
      await judge(next, START + 100 + GRACE + 1)
      expect(await wordOf(other.token, START + 100)).toBe('reused')
    })

    it('judges without changing anything where no successor is given', async () => {
      const { token } = await begin()
      expect(await judge(token, START)).toBe('used')
      const [, next] = await use(token, START)
      expect(await judge(token, START)).toBe('retried')
      expect(await judge(next, START)).toBe('used')
      expect(await wordOf(next, START)).toBe('used')
      expect(await judge(token, START)).toBe('reused')
      expect(await judge(next, START)).toBe('revoked')
    })

    it('knows no family by its id alone, and is not moved to end one', async () => {
      const { token } = await begin()
      const forged = { ...newRefreshToken(), familyId: token.familyId }
      expect(await wordOf(forged, START)).toBe('unknown')
      expect(await wordOf(token, START)).toBe('used')
    })

    it('takes a made-up token of a family for an old one: whoever made it has had one', async () => {
      const { token } = await begin()
      expect(await wordOf({ ...token, tokenHash: newRefreshToken().tokenHash }, START)).toBe('reused')
      expect(await wordOf(token, START)).toBe('revoked')
    })

    it('ends a session once', async () => {
      const { token, family } = await begin()
      expect(await store.end(family.id, START)).toBe(true)
      expect(await store.end(family.id, START)).toBe(false)
      expect(await store.end(newRefreshToken().familyId, START)).toBe(false)
      expect(await wordOf(token, START)).toBe('revoked')
      expect(await store.find(family.id, START)).toEqual(family)
    })

    it('ends all sessions of a subject, and nobody else’s', async () => {
      const subject = someone()
      const [one, two, other] = [await begin(subject), await begin(subject), await begin()]
      const ended = await store.endSubject(subject, START)
      expect([...ended].sort()).toEqual([one.family.id, two.family.id].sort())
      expect(await wordOf(one.token, START)).toBe('revoked')
      expect(await wordOf(two.token, START)).toBe('revoked')
      expect(await wordOf(other.token, START)).toBe('used')
      expect(await store.endSubject(someone(), START)).toEqual([])
    })

    it('names the sessions of a subject again where it is asked again: what follows may have failed', async () => {
      const subject = someone()
      const { family } = await begin(subject)
      await store.endSubject(subject, START)
      expect(await store.endSubject(subject, START)).toEqual([family.id])
    })

    it('of a hundred uses at once one rotates, and all get the same successor', async () => {
      const { token } = await begin()
      const results = await Promise.all(Array.from({ length: 100 }, () => use(token, START)))
      expect(results.filter(([{ outcome }]) => outcome === 'used')).toHaveLength(1)
      expect(results.filter(([{ outcome }]) => outcome === 'retried')).toHaveLength(99)
      const values = new Set(results.map(([, next]) => next.value))
      expect(values.size).toBe(1)
      expect(await wordOf(results[0]?.[1] as RefreshToken, START)).toBe('used')
    })

    it('of a hundred uses of an old token at once all are refused', async () => {
      const { token } = await begin()
      const [, next] = await use(token, START)
      await use(next, START)
      const words = await Promise.all(Array.from({ length: 100 }, () => wordOf(token, START)))
      expect(words.filter((word) => word === 'reused')).toHaveLength(1)
      expect(words.filter((word) => word === 'revoked')).toHaveLength(99)
    })

    it('says that it can answer', async () => {
      expect((await store.ready?.(START)) ?? true).toBe(true)
    })
  })
}
