import { channel } from 'node:diagnostics_channel'
import { isThenable } from '../deadline.js'
import type { AuditLogger } from './logger.js'
import type { AuditRecord } from './record.js'

/** `diagnostics_channel` of every attempt; messages are audit records. */
export const ATTEMPT_CHANNEL = 'countersign:attempt'

const attempts = channel(ATTEMPT_CHANNEL)

/** Whether anybody wants a record: none is made otherwise. */
export function isWanted(logger: AuditLogger | null): boolean {
  return logger !== null || attempts.hasSubscribers
}

/**
 * Writes a record, once, at the level of its outcome. Sinks observe: what they throw, or reject with, changes no decision and is told
 * as a process warning.
 */
export function writeRecord(record: AuditRecord, logger: AuditLogger | null): void {
  // What one sink does to a record must not reach the next.
  Object.freeze(record)
  if (logger !== null) writeLine(record, logger)
  publishRecord(record)
}

/** Tells whoever subscribed, and writes nothing. */
export function publishRecord(record: AuditRecord): void {
  if (attempts.hasSubscribers) attempts.publish(Object.freeze(record))
}

/** The part of {@link writeRecord} that is a logger's. */
export function writeLine(record: AuditRecord, logger: AuditLogger): void {
  try {
    const { outcome, reason } = record
    const level = outcome === 'error' ? 'error' : outcome === 'deny' || outcome === 'would_deny' ? 'warn' : 'info'
    const written: unknown = logger[level](
      record,
      reason === undefined ? `auth ${outcome}` : `auth ${outcome}: ${reason}`,
    )
    // An async function fits the type of a sink: a rejection that nobody handles would end the process.
    if (isThenable(written)) written.then(undefined, warnOfLostRecord)
  } catch (error) {
    warnOfLostRecord(error)
  }
}

/** Tells the operator, by the class of the error only: its text may hold anything. */
export function warnOfLostRecord(error: unknown): void {
  const name = error instanceof Error ? error.name : typeof error
  process.emitWarning(`an audit record could not be written: ${name}`, { type: 'CountersignWarning' })
}
