import type { AuditLogger } from './logger.js'
import type { AuditRecord } from './record.js'
import { publishRecord, writeLine } from './write.js'

interface Held {
  readonly record: AuditRecord
  readonly logger: AuditLogger
  readonly suppressed: number
}

/**
 * Writes so many records of throttled attempts in a second and no more. The last of them waits for the second to end and says how many
 * were left out before it, so that none is unaccounted for: attempts are lines and what these say was `suppressed`. Whoever subscribed to
 * the channel gets every record, at once.
 */
export class ThrottledRecords {
  readonly #perSecond: number
  readonly #verifier: object
  #startedAt = Number.NEGATIVE_INFINITY
  #written = 0
  #held: Held | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(perSecond: number, verifier: object) {
    this.#perSecond = perSecond
    this.#verifier = verifier
  }

  write(record: AuditRecord, logger: AuditLogger | null, now: number): void {
    publishRecord(record, this.#verifier)
    if (logger === null) return
    // Also where the clock was set back.
    if (!(Math.abs(now - this.#startedAt) < 1)) this.#begin(now)
    if (this.#written < this.#perSecond - 1) {
      this.#written++
      writeLine(Object.freeze(record), logger)
      return
    }
    this.#held = { record, logger, suppressed: this.#held === undefined ? 0 : this.#held.suppressed + 1 }
    this.#timer ??= setTimeout(() => this.flush(), 1000).unref()
  }

  /** Writes the record that waits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const held = this.#held
    this.#held = undefined
    if (held === undefined) return
    const { record, logger, suppressed } = held
    writeLine(Object.freeze(suppressed === 0 ? record : { ...record, suppressed }), logger)
  }

  #begin(now: number): void {
    this.flush()
    this.#startedAt = now
    this.#written = 0
  }
}
