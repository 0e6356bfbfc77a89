import { channel } from 'node:diagnostics_channel'
import { withoutAbsent } from './describe.js'
import type { AuditLogger } from './logger.js'
import type { AuditedRequest, AuthEventName, AuthEventRecord } from './record.js'
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
    ...withoutAbsent(facts),
    ...withoutAbsent({ route, ip, method, requestId, traceId, framework }),
    durationUs,
  })
  if (logger !== null) writeLine(record, logger)
  if (events.hasSubscribers) events.publish(record)
}
