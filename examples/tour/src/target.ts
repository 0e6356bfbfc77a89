import type { DemoKeys } from '@countersign-example/kit'
import type { ServiceName, Verdict } from './tour.js'

/** What the tour needs of an audit record. */
export interface TrailRecord {
  readonly service: ServiceName
  readonly verdict: Verdict
  readonly traceId?: string
}

/** Where the services' audit records can be read, all of those written so far. */
export interface AuditTrail {
  records(): readonly TrailRecord[]
}

/** The services to walk through: here or elsewhere. */
export interface TourTarget {
  readonly urls: Readonly<Record<ServiceName, string>>
  readonly issuer: string
  readonly keys: DemoKeys
  readonly trail: AuditTrail
}
