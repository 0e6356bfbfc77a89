import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { hmac } from '../../src/index.js'
import { KeyFeedError } from '../../src/key-file/feed.js'
import { type KeyFileKey, parseKeyFile } from '../../src/key-file/index.js'
import { keyFile } from '../../src/key-file/key-file.js'
import { LiveKeys } from '../../src/key-file/live-keys.js'
import { liveSource } from '../../src/key-file/live-source.js'
import { AUDIENCE, caughtWarnings, NOW, reasonOf, signed } from '../kit.js'
import { bytesOf, directory, entry, eventAfter, file, replace } from './kit.js'

beforeEach(() => {
  caughtWarnings()
})

afterEach(() => {
  vi.restoreAllMocks()
})

const IDS = ['a', 'b', 'c']
const STATUSES = [undefined, 'active', 'deactivated', 'compromised'] as const

interface Spec {
  readonly id: string
  readonly status: (typeof STATUSES)[number]
  readonly from: number | undefined
  readonly to: number | undefined
}

type Step =
  | { readonly act: 'write'; readonly keys: readonly Spec[] }
  | { readonly act: 'break'; readonly content: string }
  | { readonly act: 'remove' }
  | { readonly act: 'move'; readonly seconds: number }

/** Seconds around NOW, few enough that windows and clock meet at their edges. */
const moment = fc.integer({ min: -6, max: 6 })

const spec = fc
  .record({
    id: fc.constantFrom(...IDS),
    status: fc.constantFrom(...STATUSES),
    from: fc.option(moment, { nil: undefined }),
    to: fc.option(moment, { nil: undefined }),
  })
  .filter(({ from, to }) => from === undefined || to === undefined || from <= to)

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    act: fc.constant('write' as const),
    keys: fc.uniqueArray(spec, { selector: ({ id }) => id, maxLength: 3 }),
  }),
  fc.record({
    act: fc.constant('break' as const),
    content: fc.constantFrom('', '{', '[]', '{"version":2,"keys":[]}', '{"version":1,"keys":[{}]}'),
  }),
  fc.constant({ act: 'remove' as const }),
  fc.record({ act: fc.constant('move' as const), seconds: moment }),
)

const iso = (seconds: number) => new Date((NOW + seconds) * 1000).toISOString()

const toEntry = ({ id, status, from, to }: Spec): KeyFileKey =>
  entry(id, {
    ...(status === undefined ? {} : { status }),
    ...(from === undefined ? {} : { notBefore: iso(from) }),
    ...(to === undefined ? {} : { notAfter: iso(to) }),
  })

/** What NIST SP 800-57 says, written down once more. */
const isActive = ({ status, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: Spec, at: number) =>
  (status === undefined || status === 'active') && from <= at && at <= to

it('never accepts a key outside its window or status, never refuses one inside while a good set is known: any writes, bad files and clock moves', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      let at = 0
      let content: string | undefined
      /** The last good set; `undefined`: none so far. */
      let known: readonly Spec[] | undefined
      const feed = {
        name: 'the model',
        read: () => {
          if (content === undefined) return Promise.reject(new KeyFeedError('it is gone'))
          return Promise.resolve().then(() => parseKeyFile(content ?? ''))
        },
        watch: () => () => undefined,
      }
      const live = new LiveKeys(feed, { readKeks: () => [], firstLoadSeconds: 1, maxStaleSeconds: null })
      const scheme = hmac({ keys: liveSource(live), replay: null, windowSeconds: 300 }).open({
        clock: () => NOW + at,
        audience: AUDIENCE,
        option: 'hmac',
      })
      for (const next of steps) {
        if (next.act === 'move') at = next.seconds
        if (next.act === 'remove') content = undefined
        if (next.act === 'break') content = next.content
        if (next.act === 'write') {
          content = JSON.stringify(file(next.keys.map(toEntry)))
          known = next.keys
        }
        await live.refresh()
        await live.refresh()
        for (const id of IDS) {
          const key = known?.find((candidate) => candidate.id === id)
          const view = signed({ keyId: id, secret: bytesOf(id), timestamp: NOW + at })
          const outcome = await settled(() => scheme.present({ view, now: NOW + at, facts: {} })?.authenticate())
          expect(outcome === undefined).toBe(key !== undefined && isActive(key, at))
          if (known === undefined) expect(outcome).toBe('keys_unavailable')
        }
      }
      await scheme.close()
    }),
    { numRuns: 150 },
  )
})

async function settled(act: () => unknown): Promise<unknown> {
  try {
    await act()
    return undefined
  } catch (error) {
    return reasonOf(() => {
      throw error
    })
  }
}

it('never shows half a set: whatever is asked while files are replaced, all keys are of one of them', async () => {
  const path = join(await directory(), 'keys.json')
  const generation = (number: number) =>
    file(Array.from({ length: 200 }, (_, index) => entry(`k-${index}`, { client: `g-${number}` })))
  await replace(path, generation(0))
  const keys = keyFile(path, { pollSeconds: 0.05 }).open({ clock: () => NOW, option: 'keys' })
  await keys.warmup()
  const seen = new Set<string>()
  let isOver = false
  const look = () => {
    const clients = new Set(Array.from({ length: 200 }, (_, index) => keyOf(index)))
    expect(clients.size).toBe(1)
    for (const client of clients) seen.add(client)
    if (!isOver) setImmediate(look)
  }
  const keyOf = (index: number) => {
    const key = keys.find(`k-${index}`, NOW)
    return key instanceof Promise ? 'a promise' : (key?.principal.id ?? 'none')
  }
  look()
  for (let number = 1; number <= 5; number++) await eventAfter('keys.loaded', () => replace(path, generation(number)))
  isOver = true
  await keys.close()
  expect([...seen]).toEqual(expect.arrayContaining(['g-0', 'g-4']))
})
