import { channel } from 'node:diagnostics_channel'
import { isThenable } from '../deadline.js'
import type { AuditLogger } from './logger.js'
import { warnOfLostRecord } from './lost.js'
import type { AuditRecord, AuthEventRecord } from './record.js'

/** `diagnostics_channel` of every attempt; messages are audit records. */
export const ATTEMPT_CHANNEL = 'countersign:attempt'

const attempts = channel(ATTEMPT_CHANNEL)

/** The record that is being published, and who made it. A WeakMap of all records would take 2.5 µs for each: a third of the whole. */
let published: AuditRecord | undefined
let publisher: object | undefined

/**
 * The verifier that made a record of `countersign:attempt`: the channel is one for the whole process, whoever has several verifiers tells
 * them apart here. It answers subscribers while they are called, and says `undefined` later and of anything else.
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
 * as a process warning, at most once a minute.
 */
export function writeRecord(record: AuditRecord, logger: AuditLogger | null, verifier: object): void {
  // What one sink does to a record must not reach the next.
  Object.freeze(record)
  if (logger !== null) writeLine(record, logger)
  publishRecord(record, verifier)
}

/** Tells whoever subscribed, and writes nothing. */
export function publishRecord(record: AuditRecord, verifier: object): void {
  if (!attempts.hasSubscribers) return
  // A subscriber may verify something itself.
  const outer = published
  const outerPublisher = publisher
  published = Object.freeze(record)
  publisher = verifier
  attempts.publish(record)
  published = outer
  publisher = outerPublisher
}

/** The part of {@link writeRecord} that is a logger's: what it throws, or rejects with, is told as a process warning. */
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
