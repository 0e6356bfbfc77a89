import type { SchemeHealth, Verifier, VerifierHealth } from '@countersign/core'
import type { Gauge } from 'prom-client'
import type { Instruments } from './instruments.js'
import { NONE } from './label-values.js'
import { lastUses } from './last-uses.js'
import { warn } from './listen.js'
import { SCHEMES } from './tables.js'

type KeySetHealth = SchemeHealth['keys'][number]
/** A value of a gauge and its labels beside `verifier`. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

/** What verifiers say of themselves, asked once for all gauges of a scrape. */
export class HealthMetrics {
  readonly #verifiers: readonly (readonly [name: string, verifier: Verifier])[]
  #asked: Promise<ReadonlyMap<string, VerifierHealth | undefined>> | undefined
  readonly #failing = new Set<string>()

  constructor(instruments: Instruments, verifiers: Readonly<Record<string, Verifier>>, mostKeys: number) {
    this.#verifiers = Object.entries(verifiers)
    this.#addReadiness(instruments)
    this.#addKeys(instruments, mostKeys)
    this.#addTokenCache(instruments)
  }

  #addReadiness(instruments: Instruments): void {
    const gauge = (
      name: string,
      help: string,
      labels: readonly string[],
      samples: (health: VerifierHealth) => Sample[],
    ) => this.#gauge(instruments, { name, help, labels }, 'min', samples)
    instruments.gauge(
      {
        name: 'ready',
        help: 'Whether every scheme and store could verify a request now: 1 or 0.',
        labels: ['verifier'],
      },
      'min',
      async (ready) => {
        for (const [verifier, health] of await this.#ask()) ready.set({ verifier }, Number(health?.ready === true))
      },
    )
    gauge('scheme_ready', 'Whether a scheme could verify a request now: 1 or 0.', ['scheme'], ({ schemes }) =>
      schemes.map(({ scheme, ready }) => [{ scheme: SCHEMES.nameOf(scheme) }, Number(ready)]),
    )
    gauge(
      'store_ready',
      'Whether a store could answer now: 1 or 0.',
      ['store'],
      ({ schemes, revocation, throttle }) => {
        const replay = schemes.find(({ replayStore }) => replayStore !== undefined)?.replayStore
        return Object.entries({ replay, revocation, throttle }).flatMap(([store, health]): Sample[] =>
          health === undefined ? [] : [[{ store }, Number(health.ready)]],
        )
      },
    )
  }

  #addKeys(instruments: Instruments, mostKeys: number): void {
    const labels = ['scheme', 'issuer']
    const gauge = (name: string, help: string, value: (keys: KeySetHealth) => number | undefined) =>
      this.#gauge(instruments, { name, help, labels }, 'max', (health) =>
        keySetsOf(health).flatMap(([set, keys]) => {
          const number = value(keys)
          return number === undefined ? [] : [[set, number]]
        }),
      )
    gauge('keys', 'How many keys there are.', ({ keys }) => keys)
    gauge('keys_active', 'How many keys could verify a request now.', ({ activeKeys }) => activeKeys)
    gauge('keys_age_seconds', 'How long ago keys were had from where they live.', ({ ageSeconds }) => ageSeconds)
    gauge(
      'keys_stale',
      'Whether keys are older than they should be, because they cannot be had: 1 or 0.',
      ({ stale }) => (stale === undefined ? undefined : Number(stale)),
    )
    this.#gauge(
      instruments,
      {
        name: 'key_last_use_timestamp_seconds',
        help: 'When a signature or MAC by a key last held, in Unix seconds. Absent where none did since the process started.',
        labels: [...labels, 'key'],
      },
      'max',
      (health) =>
        keySetsOf(health).flatMap(([set, keys]) =>
          [...lastUses(keys, mostKeys)].map(([key, lastUsedAt]): Sample => [{ ...set, key }, lastUsedAt]),
        ),
    )
  }

  #addTokenCache(instruments: Instruments): void {
    const caches = ({ schemes }: VerifierHealth) =>
      schemes.flatMap(({ tokenCache }) => (tokenCache === undefined ? [] : [tokenCache]))
    this.#gauge(
      instruments,
      { name: 'token_cache_entries', help: 'How many verified tokens are remembered.', labels: [] },
      'sum',
      (health) => caches(health).map(({ entries }) => [{}, entries]),
    )
    instruments.counter(
      {
        name: 'token_cache_lookups_total',
        help: 'Tokens that were looked up among those verified before, by what came of it: hit or miss.',
        labels: ['verifier', 'result'],
      },
      async (counter) => {
        const asked = await this.#ask()
        counter.reset()
        for (const [verifier, health] of asked) {
          for (const { hits, misses } of health === undefined ? [] : caches(health)) {
            counter.inc({ verifier, result: 'hit' }, hits)
            counter.inc({ verifier, result: 'miss' }, misses)
          }
        }
      },
    )
  }

  #gauge(
    instruments: Instruments,
    definition: { readonly name: string; readonly help: string; readonly labels: readonly string[] },
    aggregator: 'min' | 'max' | 'sum',
    samples: (health: VerifierHealth) => readonly Sample[],
  ): void {
    const labels = ['verifier', ...definition.labels]
    instruments.gauge({ ...definition, labels }, aggregator, async (gauge: Gauge) => {
      const asked = await this.#ask()
      gauge.reset()
      for (const [verifier, health] of asked) {
        for (const [more, value] of health === undefined ? [] : samples(health)) gauge.set({ verifier, ...more }, value)
      }
    })
  }

  /** One question for all that are waiting for an answer. */
  #ask(): Promise<ReadonlyMap<string, VerifierHealth | undefined>> {
    this.#asked ??= this.#askAll().finally(() => {
      this.#asked = undefined
    })
    return this.#asked
  }

  async #askAll(): Promise<ReadonlyMap<string, VerifierHealth | undefined>> {
    return new Map(
      await Promise.all(
        this.#verifiers.map(async ([name, verifier]) => [name, await this.#askOne(name, verifier)] as const),
      ),
    )
  }

  /** Never rejects: one verifier that cannot say how it is must not cost a scrape. It is not ready then. */
  async #askOne(name: string, verifier: Verifier): Promise<VerifierHealth | undefined> {
    try {
      const health = await verifier.health()
      this.#failing.delete(name)
      return health
    } catch (error) {
      if (!this.#failing.has(name)) warn(`the verifier ${name} cannot say how it is`, error)
      this.#failing.add(name)
      return undefined
    }
  }
}

/** Every set of keys, and the labels that name it. */
function keySetsOf({ schemes }: VerifierHealth): readonly (readonly [labels: Sample[0], keys: KeySetHealth])[] {
  return schemes.flatMap(({ scheme, keys }) =>
    keys.map((set) => [{ scheme: SCHEMES.nameOf(scheme), issuer: set.issuer ?? NONE }, set] as const),
  )
}
