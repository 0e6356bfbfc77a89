import type { DenyReason } from '@countersign/core'

/** What a probe says will come of a request. */
export interface Expectation {
  readonly status: number
  /** `none`: no record, for the route is public or no framework saw the request. */
  readonly outcome: 'allow' | 'anonymous' | 'deny' | 'error' | 'none'
  readonly reason?: DenyReason
  /** Who the handler is told. `null`: nobody. */
  readonly principal?: string | null
  readonly actor?: string | null
  /** Whether a handler ran. */
  readonly served: boolean
  /** `false`: the frameworks route this request differently, so their answers are not compared. */
  readonly compared?: false
  /** `false`: the HTTP parser answered before the denial could. */
  readonly told?: false
}

/** The statuses of DESIGN section 6, written down a second time: core's own table is what is tested. */
const STATUSES: Readonly<Record<number, readonly DenyReason[]>> = {
  400: [
    'malformed_credentials',
    'duplicate_header',
    'target_invalid',
    'token_too_large',
    'timestamp_malformed',
    'nonce_malformed',
    'aborted',
  ],
  403: ['role_missing', 'scope_missing', 'policy_denied'],
  408: ['body_timeout'],
  413: ['body_too_large'],
  429: ['throttled'],
  500: ['internal'],
  503: ['keys_unavailable', 'replay_store_unavailable', 'revocation_unavailable'],
}

export function statusOf(reason: DenyReason): number {
  for (const [status, reasons] of Object.entries(STATUSES)) if (reasons.includes(reason)) return Number(status)
  return 401
}

/** What the client reads: key ids are not to be found out by trying. */
export function codeOf(reason: DenyReason): string {
  return reason === 'key_unknown' || reason === 'key_inactive' ? 'signature_invalid' : reason
}

export function refused(reason: DenyReason): Expectation {
  const status = statusOf(reason)
  return { status, outcome: status >= 500 ? 'error' : 'deny', reason, served: false }
}

export function allowed(principal?: string, actor: string | null = null): Expectation {
  return { status: 200, outcome: 'allow', served: true, ...(principal === undefined ? {} : { principal, actor }) }
}

/** Good credentials on a path without a route. */
export const NOT_FOUND: Expectation = { status: 404, outcome: 'allow', served: true }
export const ANONYMOUS: Expectation = { status: 200, outcome: 'anonymous', served: true, principal: null }
export const UNGUARDED: Expectation = { status: 200, outcome: 'none', served: true, principal: null }

/** Refused by the HTTP parser, before any framework. */
export function unparsed(status = 400): Expectation {
  return { status, outcome: 'none', served: false }
}
