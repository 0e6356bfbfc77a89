import { channel } from 'node:diagnostics_channel'
import type { AuditLogger } from './logger.js'
import { type AuditedRequest, type AuthEventName, type AuthEventRecord, capped } from './record.js'
import { writeLine } from './write.js'

/** `diagnostics_channel` of all events beside attempts: logins, refreshes, logouts. Messages are their records. */
export const AUTH_EVENT_CHANNEL = 'countersign:event'

const events = channel(AUTH_EVENT_CHANNEL)

type Facts = Omit<AuthEventRecord, 'v' | 'event' | 'outcome' | 'durationUs' | keyof AuditedRequest>

/** What is known of an event when it ends; what is `undefined` is left out. */
export type AuthEvent = { readonly [K in keyof Facts]?: Facts[K] | undefined } & {
  readonly event: AuthEventName
  readonly outcome: AuthEventRecord['outcome']
  /** Whole microseconds. */
  readonly durationUs: number
  readonly request?: { readonly [K in keyof AuditedRequest]?: AuditedRequest[K] | undefined } | undefined
}

/**
 * Writes the record of an event, once, at the level of its outcome, and publishes it on `countersign:event`. What a logger throws is told as a
 * process warning. It is the writer who keeps secrets out: there is no place for one.
 */
export function recordAuthEvent(
  { event, outcome, durationUs, request = {}, ...facts }: AuthEvent,
  logger: AuditLogger | null,
): void {
  if (logger === null && !events.hasSubscribers) return
  const { route, method, ip, requestId, traceId, framework } = request
  const record: AuthEventRecord = Object.freeze({
    event,
    v: 1,
    outcome,
    ...plain(facts),
    ...plain({ route, ip, method, requestId, traceId, framework }),
    durationUs,
  })
  if (logger !== null) writeLine(record, logger)
  if (events.hasSubscribers) events.publish(record)
}

const MOST_NAMES = 20

/**
 * What is plainly a value, texts and lists cut to length. Facts may be what a client sent, of any form whatever the type says: an object of
 * its making would write keys of its own.
 */
function plain<T extends object>(facts: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  const values: Record<string, unknown> = {}
  for (const [name, fact] of Object.entries(facts)) {
    if (typeof fact === 'string') values[name] = capped(fact)
    else if (typeof fact === 'number' || typeof fact === 'boolean') values[name] = fact
    else if (Array.isArray(fact))
      values[name] = fact
        .slice(0, MOST_NAMES)
        .filter((item) => typeof item === 'string')
        .map(capped)
  }
  return values as { [K in keyof T]?: Exclude<T[K], undefined> }
}
