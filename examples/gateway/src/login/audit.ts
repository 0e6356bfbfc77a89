import { type AuditedRequest, type AuthEvent, recordAuthEvent } from '@countersign/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from '../problem.js'
import { LOGIN_REASONS, type LoginReason } from './reasons.js'

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/

/** What a record says of the request that it came with. */
export function auditedRequest(request: FastifyRequest): AuditedRequest {
  const { method, ip, id, routeOptions, headers } = request
  const traceId = TRACEPARENT.exec(String(headers['traceparent']))?.[1]
  return {
    ...(routeOptions.url === undefined ? {} : { route: routeOptions.url }),
    ...(traceId === undefined ? {} : { traceId }),
    ...{ method, ip, requestId: id, framework: 'fastify' },
  }
}

/**
 * What was found out, for the record: no password, code, token or cookie has a place here. `principal` of a refused attempt is the user
 * whose name was given. A name that nobody has is left out: people type their password into the wrong field.
 */
export type Finding = Pick<AuthEvent, 'event' | 'principal' | 'sessionId' | 'tokenId'>

export interface Refusal extends Finding {
  readonly reason: LoginReason
  /** Where it is finer than the reason's. */
  readonly status?: number
  readonly retryAfterSeconds?: number
  /** The class of an exception. */
  readonly error?: string
}

/** Writes the record of what was allowed. */
export function audit(request: FastifyRequest, reply: FastifyReply, finding: Finding): void {
  recordAuthEvent({ ...finding, outcome: 'allow', ...circumstances(request, reply) }, request.log)
}

/** Writes the record of a refusal and answers it. */
export function refuse(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { retryAfterSeconds, ...facts } = refusal
  const row = LOGIN_REASONS[facts.reason]
  const { status = row.status } = facts
  const outcome = status >= 500 ? 'error' : 'deny'
  recordAuthEvent({ ...facts, outcome, status, ...circumstances(request, reply) }, request.log)
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  return sendProblem(reply, { ...row, status })
}

function circumstances(request: FastifyRequest, reply: FastifyReply): Pick<AuthEvent, 'durationUs' | 'request'> {
  return { durationUs: Math.round(reply.elapsedTime * 1000), request: auditedRequest(request) }
}
