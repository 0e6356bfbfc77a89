import type { JwksEvent, KeyEvent } from '@countersign/core'
import type { Counter } from 'prom-client'
import type { Instruments } from './instruments.js'
import { BoundedNames } from './label-values.js'
import { REFRESH_OUTCOMES } from './tables.js'

/** Sources are configured: URLs, issuers, files. More than these share the name `other`. */
const MOST_SOURCES = 100

/** Counts how often keys were had from where they live. */
export class KeySourceMetrics {
  readonly #refreshes: Counter
  readonly #loads: Counter
  readonly #sources = new BoundedNames(MOST_SOURCES)

  constructor(instruments: Instruments) {
    this.#refreshes = instruments.counter({
      name: 'jwks_refreshes_total',
      help: 'How often a JWK Set was asked for, by what came of it: refreshed, or why not.',
      labels: ['source', 'outcome'],
    })
    this.#loads = instruments.counter({
      name: 'key_loads_total',
      help: 'How often keys were read from a file, the environment, Vault or a function, by what came of it: loaded or refused.',
      labels: ['source', 'outcome'],
    })
  }

  addJwksEvent(event: JwksEvent): void {
    if (event.event !== 'jwks.refreshed' && event.event !== 'jwks.refresh_failed') return
    const outcome = event.event === 'jwks.refreshed' ? 'refreshed' : event.failure
    this.#refreshes.inc({ source: this.#sources.nameOf(event.source), outcome: REFRESH_OUTCOMES.nameOf(outcome) })
  }

  addKeyEvent(event: KeyEvent): void {
    if (event.event !== 'keys.loaded' && event.event !== 'keys.refused') return
    const outcome = event.event === 'keys.loaded' ? 'loaded' : 'refused'
    this.#loads.inc({ source: this.#sources.nameOf(event.source), outcome })
  }
}
