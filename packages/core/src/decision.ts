import type { HttpReply } from './http/reply.js'
import type { Auth } from './principal.js'
import type { DenyKind, DenyReason } from './reason.js'

export interface Allowance {
  readonly outcome: 'allow'
  /** `null`: the route is public, or optional and nobody presented credentials. */
  readonly auth: Auth | null
}

export interface Denial {
  readonly outcome: 'deny'
  readonly reason: DenyReason
  readonly kind: DenyKind
  readonly status: number
  /** What to answer, ready to be sent. */
  readonly reply: HttpReply
}

/** What one request came to. One of these, one audit record (of throttled ones not every), one reply. */
export type Decision = Allowance | Denial
