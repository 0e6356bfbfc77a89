import type { StoreEvent } from '@countersign/core'
import type { Counter, Gauge, Histogram } from 'prom-client'
import type { Instruments } from './instruments.js'
import { BoundedNames, NONE } from './label-values.js'
import { STORE_OUTCOMES } from './tables.js'

/** From a server next door to the longest that a store is waited for. */
const DURATION_BUCKETS_SECONDS: readonly number[] = [
  1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 1,
]

/** Stores and failures are words of a store's package. */
const MOST_STORES = 20
const MOST_FAILURES = 40

/** Counts what stores that are elsewhere were asked, whichever package they are of. */
export class StoreMetrics {
  readonly #durations: Histogram
  readonly #operations: Counter
  readonly #isOpen = new Map<string, boolean>()
  readonly #stores = new BoundedNames(MOST_STORES)
  readonly #failures = new BoundedNames(MOST_FAILURES)

  constructor(instruments: Instruments) {
    this.#operations = instruments.counter({
      name: 'store_operations_total',
      help: 'How often a store was asked, by what came of it: ok, failed, or refused, which is not asked because it is known to be out of order or too much waits.',
      labels: ['store', 'outcome', 'failure'],
    })
    this.#durations = instruments.histogram(
      {
        name: 'store_operation_duration_seconds',
        help: 'How long the answer of a store took.',
        labels: ['store', 'outcome'],
      },
      DURATION_BUCKETS_SECONDS,
    )
    instruments.gauge(
      {
        name: 'store_breaker_open',
        help: 'Whether a store is left alone because it is out of order: 1 or 0.',
        labels: ['store'],
      },
      'max',
      (gauge) => this.#setBreakers(gauge),
    )
  }

  add(event: StoreEvent): void {
    const store = this.#stores.nameOf(event.store)
    if (event.event === 'store.operation') {
      const outcome = STORE_OUTCOMES.nameOf(event.outcome)
      const failure = event.failure === undefined ? NONE : this.#failures.nameOf(event.failure)
      this.#operations.inc({ store, outcome, failure })
      this.#durations.observe({ store, outcome }, event.durationSeconds)
      // A store that never was out of order has a state too.
      if (event.outcome === 'ok' && !this.#isOpen.has(store)) this.#isOpen.set(store, false)
      return
    }
    if (event.event === 'store.unavailable') this.#isOpen.set(store, true)
    if (event.event === 'store.recovered') this.#isOpen.set(store, false)
  }

  #setBreakers(gauge: Gauge): void {
    for (const [store, isOpen] of this.#isOpen) gauge.set({ store }, Number(isOpen))
  }
}
