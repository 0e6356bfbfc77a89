import { channel } from 'node:diagnostics_channel'
import { isThenable } from '../deadline.js'
import type { AuditLogger } from './logger.js'
import type { AuditRecord } from './record.js'

/** `diagnostics_channel` of every attempt; messages are audit records. */
export const ATTEMPT_CHANNEL = 'countersign:attempt'

const attempts = channel(ATTEMPT_CHANNEL)

/** The record that is being published, and who made it. */
let published: AuditRecord | undefined
let publisher: object | undefined

/**
 * The verifier that made a record. It answers subscribers of `countersign:attempt` while they are called, and says `undefined` later: the
 * channel is one for the whole process, whoever has several verifiers tells them apart here.
 */
export function verifierOf(record: unknown): object | undefined {
  return record === published ? publisher : undefined
}

/** Whether anybody wants a record: none is made otherwise. */
export function isWanted(logger: AuditLogger | null): boolean {
  return logger !== null || attempts.hasSubscribers
}

/**
 * Writes a record, once, at the level of its outcome. Sinks observe: what they throw, or reject with, changes no decision and is told
 * as a process warning.
 */
export function writeRecord(record: AuditRecord, logger: AuditLogger | null, verifier: object): void {
  // What one sink does to a record must not reach the next.
  Object.freeze(record)
  if (logger !== null) writeLine(record, logger)
  if (attempts.hasSubscribers) publish(record, verifier)
}

function publish(record: AuditRecord, verifier: object): void {
  // A subscriber may verify something itself.
  const [outer, outerPublisher] = [published, publisher]
  published = record
  publisher = verifier
  attempts.publish(record)
  published = outer
  publisher = outerPublisher
}

function writeLine(record: AuditRecord, logger: AuditLogger): void {
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
