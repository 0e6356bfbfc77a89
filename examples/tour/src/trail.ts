import type { TrailRecord } from './target.js'
import { SERVICES, type Verdict } from './tour.js'

/** The audit record in a line of a service's log, where it is one. The log has the name of its service. */
export function readRecord(line: string): TrailRecord | undefined {
  const record: Readonly<Partial<Record<'name' | 'time' | 'event' | 'outcome' | 'reason' | 'traceId', unknown>>> =
    JSON.parse(line)
  const service = SERVICES.find((name) => name === record.name)
  if (typeof record.event !== 'string' || !record.event.startsWith('auth.') || service === undefined) return undefined
  const { traceId } = record
  // Written by a service just now: a denial has a reason of its table, an allowance none.
  const verdict = (record.reason ?? record.outcome) as Verdict
  return { service, verdict, time: Number(record.time), ...(typeof traceId === 'string' ? { traceId } : {}) }
}
