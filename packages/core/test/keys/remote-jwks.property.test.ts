import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { remoteJwks } from '../../src/keys/remote-jwks.js'
import { caughtWarnings, NOW } from '../kit.js'
import {
  type Answer,
  FetchServer,
  HandTime,
  hang,
  JWKS_URL,
  json,
  jwk,
  open,
  refuseConnection,
  settle,
} from './remote-kit.js'

beforeEach(() => {
  caughtWarnings()
})
afterEach(() => {
  vi.restoreAllMocks()
})

const KIDS = ['a', 'b', 'c', 'd'] as const
const REFRESH = 60
const STALE = 120
const COOLDOWN = 30
const TIMEOUT = 5

type Step =
  | { readonly do: 'rotate'; readonly kids: readonly string[] }
  | { readonly do: 'break'; readonly how: keyof typeof BREAKS }
  | { readonly do: 'mend' }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'stop the process'; readonly seconds: number }
  | { readonly do: 'set the wall clock'; readonly to: number }
  | { readonly do: 'ask'; readonly kid: string }
  | { readonly do: 'flood'; readonly count: number }
  | { readonly do: 'probe health' }

const BREAKS = {
  'the connection fails': refuseConnection,
  'it hangs': hang,
  'it answers 500': () => new Response(null, { status: 500 }),
  'it answers an empty set': () => json({ keys: [] }),
  'it answers HTML': () => new Response('<html></html>'),
} satisfies Record<string, Answer>

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), kid: fc.constantFrom(...KIDS, 'never') }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('pass' as const),
        seconds: fc.constantFrom(0.5, 1, 5, 29, 31, 48, 61, 200),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('rotate' as const), kids: fc.subarray([...KIDS], { minLength: 1 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('break' as const),
        how: fc.constantFrom(...(Object.keys(BREAKS) as (keyof typeof BREAKS)[])),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ do: 'mend' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('stop the process' as const),
        seconds: fc.constantFrom(10, 61, 179, 181, 4000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('set the wall clock' as const),
        to: fc.integer({ min: NOW - 1e6, max: NOW + 1e6 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('flood' as const), count: fc.integer({ min: 1, max: 50 }) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'probe health' as const }) },
  ),
  { maxLength: 40, size: 'max' },
)

/** What the world knows: what the server served, when, and what was asked of it. */
class World {
  readonly time = new HandTime()
  readonly server = new FetchServer()
  readonly keys = open(
    remoteJwks(JWKS_URL, {
      refreshSeconds: REFRESH,
      maxStaleSeconds: STALE,
      cooldownSeconds: COOLDOWN,
      timeoutSeconds: TIMEOUT,
      fetch: this.server.fetch,
      runtime: this.time.runtime,
    }),
  )
  published: readonly string[] = ['a']
  publishedAt = this.time.now
  wall = NOW
  /** How the server is broken; absent: it is not. */
  broken: Answer | undefined
  /** The last set that was served whole, and when. */
  served: { readonly kids: readonly string[]; readonly at: number } | undefined
  readonly fetches: { readonly at: number; readonly isFailure: boolean }[] = []

  constructor() {
    this.server.answer = () => {
      this.fetches.push({ at: this.time.now, isFailure: this.broken !== undefined })
      if (this.broken !== undefined) return this.broken()
      this.served = { kids: this.published, at: this.time.now }
      return json({ keys: this.published.map((kid) => jwk(kid)) })
    }
  }

  async ask(kid: string): Promise<void> {
    const before = { at: this.time.now, served: this.served, isFailing: this.fetches.at(-1)?.isFailure === true }
    const answer = (async () => this.keys.find(kid, 'ES256', this.wall))().then(
      (key) => (key === undefined ? 'unknown' : 'found'),
      (error: Error & { reason?: string }) => error.reason ?? String(error),
    )
    await settle()
    let outcome = await Promise.race([answer, Promise.resolve('waiting')])
    // Only a server that hangs may keep a request waiting, and not for longer than the time it is given, twice.
    if (outcome === 'waiting') {
      expect(this.server.open).toBe(1)
      await this.time.pass(2 * TIMEOUT)
      outcome = await Promise.race([answer, Promise.resolve('waiting')])
    }
    const { now } = this.time
    const usable = (set: World['served']) => set !== undefined && now < set.at + REFRESH + STALE
    if (outcome === 'found') {
      // Never a key outside the last set that was served, or the one before: while that was fresh, or nothing better was known than that asking
      // had failed; nor of one that is too old.
      const { served = { kids: [], at: 0 } } = before
      const known = before.at < served.at + REFRESH || before.isFailing ? served.kids : []
      expect([...known, ...(this.served?.kids ?? [])]).toContain(kid)
      expect(usable(this.served)).toBe(true)
    } else if (outcome === 'unknown') {
      // Never a refusal of a key that the last set has, nor one without asking: the set is younger than a cooldown.
      expect(this.served?.kids).not.toContain(kid)
      expect(now - (this.served?.at ?? Number.NaN)).toBeLessThan(COOLDOWN)
      if (this.published.includes(kid)) expect(now - this.publishedAt).toBeLessThan(COOLDOWN)
    } else {
      // Only where the last asking before this one failed, or the one that it waited for.
      expect(outcome).toBe('keys_unavailable')
      expect(before.isFailing || this.broken !== undefined).toBe(true)
    }
    // Never a refusal of a key of the set that is known, for as long as no other was served.
    if (this.served === before.served && usable(this.served) && this.served?.kids.includes(kid))
      expect(outcome).toBe('found')
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'rotate':
        this.published = step.kids
        this.publishedAt = this.time.now
        break
      case 'break':
        this.broken = BREAKS[step.how]
        break
      case 'mend':
        this.broken = undefined
        break
      case 'pass':
        await this.time.pass(step.seconds)
        break
      case 'stop the process':
        this.time.jump(step.seconds)
        break
      case 'set the wall clock':
        this.wall = step.to
        break
      case 'ask':
        await this.ask(step.kid)
        break
      case 'flood':
        for (let index = 0; index < step.count; index++) {
          void (async () => this.keys.find(`random-${index}`, 'ES256', this.wall))().catch(() => {})
        }
        await settle()
        break
      case 'probe health':
        this.keys.health(this.wall)
        await settle()
        break
    }
  }

  check(): void {
    expect(this.server.mostOpen).toBeLessThanOrEqual(1)
    // After a failure each waits a second at least. Otherwise two in a cooldown, at most: one for new kids, one for all else.
    for (const [index, { at }] of this.fetches.entries()) {
      const [earlier, previous] = [this.fetches[index - 2], this.fetches[index - 1]]
      if (previous?.isFailure) expect(at - previous.at).toBeGreaterThanOrEqual(1)
      const isWell = earlier !== undefined && !earlier.isFailure && !previous?.isFailure
      if (isWell) expect(at - earlier.at).toBeGreaterThanOrEqual(COOLDOWN)
    }
  }
}

/** The set went stale while its server failed; the retry that succeeds is under way when somebody asks, who does not wait for it. */
const ANSWERED_WHILE_ASKED: Step[] = [
  { do: 'ask', kid: 'a' },
  { do: 'rotate', kids: ['c'] },
  { do: 'break', how: 'the connection fails' },
  { do: 'pass', seconds: 58 },
  { do: 'mend' },
  { do: 'stop the process', seconds: 10 },
  { do: 'ask', kid: 'a' },
]

describe('a remote key set, in any world', { timeout: 90_000 }, () => {
  it('never accepts a key outside the last set served, never refuses one inside it, and asks within its budget', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const world = new World()
        for (const step of plan) {
          seen.add(step.do)
          await world.take(step)
          world.check()
        }
        void world.keys.close()
      }),
      { numRuns: 150, examples: [[ANSWERED_WHILE_ASKED]] },
    )
    expect(seen.size).toBe(9)
  })

  it('is well again 35 seconds after its server is, however long that was away', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.double({ min: 0, max: 0.999, noNaN: true }), async (plan, chance) => {
        const world = new World()
        world.time.chance = chance
        for (const step of plan) await world.take(step)
        void world.keys.health(world.wall)
        world.broken = undefined
        await world.time.pass(30 + TIMEOUT)
        expect(world.keys.health(world.wall)).toMatchObject({ ready: true, stale: false })
        void world.keys.close()
      }),
      { numRuns: 60 },
    )
  })
})
