import type { AuditOutcome } from '@countersign/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from '../problem.js'
import { LOGIN_REASONS, type LoginReason } from './reasons.js'

export type LoginEvent = 'auth.login' | 'auth.refresh' | 'auth.step_up' | 'auth.logout'

/** What was found out, for the record. No password, code, token or cookie has a place here. */
export interface Finding {
  /**
   * The user; of a refused attempt, the user whose name was given. A name that nobody has is left out: people type their password into the
   * wrong field.
   */
  readonly principal?: string
  /** The session. */
  readonly sessionId?: string
  /** `jti` of the access token that was given out. */
  readonly tokenId?: string
  readonly amr?: readonly string[]
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/

/** Writes the record of an attempt that succeeded: flat, versioned, the keys of Countersign's own records. */
export function auditAllowed(request: FastifyRequest, event: LoginEvent, finding: Finding): void {
  request.log.info(record(request, event, 'allow', finding), `${event} allow`)
}

export interface Refusal extends Finding {
  readonly reason: LoginReason
  readonly retryAfterSeconds?: number
}

/** Writes the record of a refusal and answers it. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  event: LoginEvent,
  { reason, retryAfterSeconds, ...finding }: Refusal,
): FastifyReply {
  const { status } = LOGIN_REASONS[reason]
  const outcome = status >= 500 ? 'error' : 'deny'
  const level = outcome === 'error' ? 'error' : 'warn'
  request.log[level]({ ...record(request, event, outcome, finding), reason, status }, `${event} ${outcome}: ${reason}`)
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  return sendProblem(reply, LOGIN_REASONS[reason])
}

function record(request: FastifyRequest, event: LoginEvent, outcome: AuditOutcome, finding: Finding): object {
  const { traceparent } = request.headers
  const traceId = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined
  return {
    event,
    v: 1,
    outcome,
    ...finding,
    route: request.routeOptions.url,
    method: request.method,
    ip: request.ip,
    requestId: request.id,
    ...(traceId === undefined ? {} : { traceId }),
    framework: 'fastify',
    durationUs: microsecondsSince(startedAt),
  }
}
