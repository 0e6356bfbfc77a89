import { traceIdOf } from '../http/ids.js'
import type { Auth, Principal } from '../principal.js'
import { type DenyReason, REASONS } from '../reason.js'
import type { RequestView } from '../request-view.js'
import type { AttemptFacts } from '../scheme.js'
import { type AuditRecord, capped, outcomeOf } from './record.js'

/** What is known of an attempt when it ends. */
export interface AttemptSummary {
  readonly view: RequestView
  readonly facts: AttemptFacts
  /** Absent: allowed. */
  readonly reason: DenyReason | undefined
  readonly auth: Auth | null
  /** Also of a request that was refused after they were verified. */
  readonly principal: Principal | undefined
  readonly actor: Principal | undefined
  readonly roles: readonly string[]
  readonly requestId: string
  readonly durationUs: number
  readonly error: unknown
}

/** Puts an attempt into its record: what is absent is left out, what came from outside is cut to length. */
export function describeAttempt(attempt: AttemptSummary): AuditRecord {
  const { view, facts, reason, auth, principal, actor, roles, error } = attempt
  const known = {
    status: reason === undefined ? undefined : REASONS[reason].status,
    scheme: facts.scheme,
    principal: principal?.id,
    actor: actor?.id,
    issuer: facts.issuer,
    keyId: facts.keyId,
    kid: facts.kid,
    tokenId: facts.tokenId,
    roles: roles.length === 0 ? undefined : roles,
    route: view.route,
    ip: view.ip,
    traceId: traceIdOf(view),
    error: reason === 'internal' ? errorName(error) : undefined,
  }
  return {
    event: 'auth.attempt',
    v: 1,
    outcome: outcomeOf(reason, auth),
    ...(reason === undefined ? {} : { reason }),
    ...withoutAbsent(known),
    method: capped(view.method),
    requestId: capped(attempt.requestId),
    framework: view.framework,
    durationUs: attempt.durationUs,
  }
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

function withoutAbsent<T extends Readonly<Record<string, unknown>>>(values: T): Present<T> {
  const present: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) present[name] = typeof value === 'string' ? capped(value) : value
  }
  return present as Present<T>
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error
}
