import {
  type AuditedRequest,
  type AuditLogger,
  type AuthEvent,
  type AuthEventName,
  recordAuthEvent,
} from '@countersign/core'
import { ISSUER_REASONS, IssuanceError, type IssuerReason, type Refusal } from './outcome.js'

/** What a record says beside how it ended. */
export type EventFacts = Pick<
  AuthEvent,
  'principal' | 'actor' | 'client' | 'tokenId' | 'sessionId' | 'audience' | 'retried' | 'revoked'
>

/** One attempt at something that the issuer does: leaves one record, whatever comes of it. */
export class Attempt {
  readonly #event: AuthEventName
  readonly #issuer: string
  readonly #logger: AuditLogger | null
  readonly #request: AuditedRequest | undefined
  readonly #startedAt = performance.now()

  constructor(event: AuthEventName, issuer: string, logger: AuditLogger | null, request: AuditedRequest | undefined) {
    this.#event = event
    this.#issuer = issuer
    this.#logger = logger
    this.#request = request
  }

  allow(facts: EventFacts): void {
    this.#record({ ...facts, outcome: 'allow' })
  }

  /**
   * @param error - why; of one that nobody expected the record has the class
   * @param finer - a reason that only the log may have
   * @param failed - what went wrong beside it
   */
  deny(error: unknown, facts: EventFacts, finer?: string, failed?: unknown): Refusal {
    const reason = reasonOf(error)
    const row = ISSUER_REASONS[reason]
    const isOurs = row.kind === 'dependency' || row.kind === 'internal' || failed !== undefined
    const cause = failed ?? (reason === 'internal' ? error : undefined)
    this.#record({
      ...facts,
      outcome: isOurs ? 'error' : 'deny',
      reason: finer ?? reason,
      status: row.status,
      error: cause === undefined ? undefined : nameOf(cause),
    })
    return { outcome: 'deny', reason, ...row }
  }

  #record(known: Omit<AuthEvent, 'event' | 'durationUs' | 'issuer' | 'request'>): void {
    const durationUs = Math.round((performance.now() - this.#startedAt) * 1000)
    recordAuthEvent(
      { ...known, event: this.#event, issuer: this.#issuer, request: this.#request, durationUs },
      this.#logger,
    )
  }
}

function reasonOf(error: unknown): IssuerReason {
  return error instanceof IssuanceError ? error.reason : 'internal'
}

/** Its class only, or a reason of ours: its text may hold anything. */
function nameOf(error: unknown): string {
  if (error instanceof IssuanceError) return error.reason
  return error instanceof Error ? error.constructor.name : typeof error
}
