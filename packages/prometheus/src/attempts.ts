import type { AuditRecord } from '@countersign/core'
import type { Counter, Histogram } from 'prom-client'
import type { Instruments } from './instruments.js'
import { DENY_REASONS, FRAMEWORKS, OUTCOMES, SCHEMES } from './tables.js'

/** Attempts of one kind: every label of theirs is the same. */
interface Cell {
  readonly labels: Readonly<Record<'verifier' | 'scheme' | 'outcome' | 'reason' | 'framework', string>>
  /** Since the process started. */
  attempts: number
  /** How many of them the counter was told of. */
  counted: number
  observe(seconds: number): void
}

/** The attempts of one verifier. */
interface Tally {
  /** By their four labels, as one number. */
  readonly cells: (Cell | undefined)[]
  replays: number
  replaysCounted: number
}

/**
 * Counts attempts. They are added up here and handed to prom-client at a scrape: it puts all labels of a series into one text each time it is
 * asked to count, which takes longer than everything else here.
 */
export class AttemptMetrics {
  readonly #durations: Histogram
  readonly #tallies: ReadonlyMap<string, Tally>

  constructor(instruments: Instruments, verifiers: readonly string[], buckets: readonly number[]) {
    this.#tallies = new Map(verifiers.map((name) => [name, { cells: [], replays: 0, replaysCounted: 0 }]))
    instruments.counter(
      {
        name: 'attempts_total',
        help: 'Requests that were verified, by what came of them.',
        labels: ['verifier', 'scheme', 'outcome', 'reason', 'framework'],
      },
      (counter) => this.#countAttempts(counter),
    )
    this.#durations = instruments.histogram(
      {
        name: 'attempt_duration_seconds',
        help: 'How long verifying a request took, waiting for its body, keys and stores included.',
        labels: ['verifier', 'scheme', 'outcome'],
      },
      buckets,
    )
    instruments.counter(
      {
        name: 'replays_total',
        help: 'Signed requests that were refused because they had been seen before.',
        labels: ['verifier'],
      },
      (counter) => this.#countReplays(counter),
    )
  }

  add(verifier: string, record: AuditRecord): void {
    const tally = this.#tallies.get(verifier)
    if (tally === undefined) return
    const cell = this.#cellOf(verifier, tally, record)
    cell.attempts++
    cell.observe(record.durationUs / 1e6)
    if (record.reason === 'replayed') tally.replays++
  }

  #cellOf(verifier: string, { cells }: Tally, { scheme, outcome, reason, framework }: AuditRecord): Cell {
    let index = SCHEMES.indexOf(scheme)
    index = index * OUTCOMES.size + OUTCOMES.indexOf(outcome)
    index = index * DENY_REASONS.size + DENY_REASONS.indexOf(reason)
    index = index * FRAMEWORKS.size + FRAMEWORKS.indexOf(framework)
    const known = cells[index]
    if (known !== undefined) return known
    const cell = this.#newCell({
      verifier,
      scheme: SCHEMES.nameOf(scheme),
      outcome: OUTCOMES.nameOf(outcome),
      reason: DENY_REASONS.nameOf(reason),
      framework: FRAMEWORKS.nameOf(framework),
    })
    cells[index] = cell
    return cell
  }

  #newCell(labels: Cell['labels']): Cell {
    const { verifier, scheme, outcome } = labels
    const { observe } = this.#durations.labels({ verifier, scheme, outcome })
    return { labels, attempts: 0, counted: 0, observe }
  }

  #countAttempts(counter: Counter): void {
    for (const { cells } of this.#tallies.values()) {
      // `forEach` leaves out the places where nothing is.
      cells.forEach((cell) => {
        if (cell === undefined) return
        counter.inc(cell.labels, cell.attempts - cell.counted)
        cell.counted = cell.attempts
      })
    }
  }

  /** From the start, with 0: what was not there before has not increased. */
  #countReplays(counter: Counter): void {
    for (const [verifier, tally] of this.#tallies) {
      counter.inc({ verifier }, tally.replays - tally.replaysCounted)
      tally.replaysCounted = tally.replays
    }
  }
}
