import type { DenyReason } from '@countersign/core'
import type { IssuerReason } from '@countersign/issuer'
import type { LoginReason } from '@countersign-example/gateway'

export type ServiceName = 'gateway' | 'orders' | 'inventory'

/** Every service, in the order in which a request passes them. */
export const SERVICES: readonly ServiceName[] = ['gateway', 'orders', 'inventory']

export const FRAMEWORKS: Readonly<Record<ServiceName, string>> = {
  gateway: 'fastify',
  orders: 'express',
  inventory: 'fastify',
}

/**
 * `ada`, `rob` and `root` are got by logging in before the walk, `browser` is what the browser of the walk has just now; the others are what an
 * attacker or an accident would send.
 */
export type TokenName =
  | 'ada'
  | 'rob'
  | 'root'
  | 'garbage'
  | 'expired'
  | 'not-yet-valid'
  | 'other-audience'
  | 'other-issuer'
  | 'alg-none'
  | 'forged'
  | 'edited'
  | 'browser'

/** Who logs in. `nobody` has no account. */
export type UserName = 'ada' | 'rob' | 'root' | 'nobody'

/** The body of a login or of a step-up: passwords and codes are not known before the walk. */
export interface TourProof {
  readonly user: UserName
  /** Absent: the body of a step-up, a code alone. */
  readonly password?: 'right' | 'wrong'
  /** One that was not used yet, the last one that was, or one of another time. */
  readonly code?: 'fresh' | 'used' | 'wrong'
}

/** Who signs. `nobody` has a key that no service knows. */
export type SignerName = 'gateway' | 'reporting' | 'orders' | 'warehouse' | 'nobody'

export interface TourSignature {
  readonly by: SignerName
  /** How far the signer's clock is off. */
  readonly secondsOff?: number
  /** What was signed, where that is not what is sent. */
  readonly over?: {
    readonly path?: string
    readonly body?: string
    readonly token?: TokenName
    readonly audience?: string
  }
  /** Put before the timestamp after signing. */
  readonly timestampPrefix?: string
}

export interface TourRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly contentType?: string
  readonly body?: string
  readonly token?: TokenName
  readonly signature?: TourSignature
  /** Sends the same bytes twice, or once more to the other replica of the service; the second answer counts. */
  readonly twice?: true | 'at-other-replica'
  /** Sends this header twice in one request, over a plain socket: HTTP clients would not. */
  readonly doubledHeader?: string
  /** Sends such a body, as JSON. */
  readonly proof?: TourProof
  /**
   * Sends the cookies of the browser of the walk, and keeps the cookies and the access token of the answer; or sends, from elsewhere, the refresh
   * token that the browser had when its session began.
   */
  readonly cookies?: 'browser' | 'stolen'
  /** `Origin`: the page that the request comes from. */
  readonly origin?: string
  /** Sends with the Python client. */
  readonly python?: boolean
}

/** What an audit record says of an attempt. */
export type Verdict = 'allow' | DenyReason | LoginReason | IssuerReason

export interface Expectation {
  readonly status: number
  /** One verdict for each attempt, service by service; a service that is not named writes no record. */
  readonly audit: Readonly<Partial<Record<ServiceName, readonly Verdict[]>>>
}

export interface TourRow {
  /** At most 37 characters. */
  readonly sent: string
  readonly to: ServiceName
  readonly request: TourRequest
  readonly expected: Expectation
}

/** A row that one service decides about. */
export function row(
  sent: string,
  to: ServiceName,
  request: TourRequest,
  status: number,
  ...verdicts: readonly Verdict[]
): TourRow {
  return { sent, to, request, expected: { status, audit: verdicts.length === 0 ? {} : { [to]: verdicts } } }
}
