import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ATTEMPT_CHANNEL, type AuditRecord } from '@countersign/core'

/** Counts attempts by outcome and reason, from the moment it is made. One for a process: the channel is the process's. */
export class AttemptCounter {
  readonly #counts = new Map<string, number>()
  readonly #count = (message: unknown) => {
    const { outcome, reason } = message as AuditRecord
    const labels = `outcome="${outcome}",reason="${reason ?? ''}"`
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1)
  }

  constructor() {
    subscribe(ATTEMPT_CHANNEL, this.#count)
  }

  /** Prometheus text format. */
  text(): string {
    const samples = [...this.#counts].sort(([left], [right]) => (left < right ? -1 : 1))
    const lines = samples.map(([labels, count]) => `countersign_attempts_total{${labels}} ${count}\n`)
    return `# TYPE countersign_attempts_total counter\n${lines.join('')}`
  }

  close(): void {
    unsubscribe(ATTEMPT_CHANNEL, this.#count)
  }
}
