import type { SecretInput } from '@countersign/core'
import type { DemoUser } from '@countersign-example/gateway'
import type { DemoKeys } from '@countersign-example/kit'
import type { ServiceName, Verdict } from './tour.js'

/** What the tour needs of an audit record. */
export interface TrailRecord {
  readonly service: ServiceName
  readonly verdict: Verdict
  /** When it was written, in milliseconds. */
  readonly time: number
  readonly traceId?: string
}

/** Where the services' audit records can be read, all of those written so far. */
export interface AuditTrail {
  records(): readonly TrailRecord[]
}

/** What the tour signs with. */
export type TourKeys = Pick<DemoKeys, 'tokenKey'> & Readonly<Record<Exclude<keyof DemoKeys, 'tokenKey'>, SecretInput>>

/** The services to walk through: here or elsewhere. */
export interface TourTarget {
  readonly urls: Readonly<Record<ServiceName, string>>
  /** A second process of a service, which shares what the first one remembers. */
  readonly replicas: Readonly<Partial<Record<ServiceName, string>>>
  readonly issuer: string
  readonly keys: TourKeys
  /** Who can log in at the gateway. */
  readonly users: readonly DemoUser[]
  readonly trail: AuditTrail
  /** Whether nobody else calls the services: then a record that belongs to no request of the tour is a fault. */
  readonly exclusive: boolean
}
