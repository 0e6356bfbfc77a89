import { channel } from 'node:diagnostics_channel'
import { isThenable } from '../deadline.js'
import type { AuditLogger } from './logger.js'
import type { AuditRecord, AuthEventRecord } from './record.js'

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
  if (attempts.hasSubscribers) attempts.publish(record)
}

/** Writes one line. What the logger throws, or rejects with, is told as a process warning. */
export function writeLine(record: AuditRecord | AuthEventRecord, logger: AuditLogger): void {
  try {
    const { event, outcome, reason } = record
    const what = event === 'auth.attempt' ? 'auth' : event
    const level = outcome === 'error' ? 'error' : outcome === 'deny' || outcome === 'would_deny' ? 'warn' : 'info'
    const written: unknown = logger[level](
      record,
      reason === undefined ? `${what} ${outcome}` : `${what} ${outcome}: ${reason}`,
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
