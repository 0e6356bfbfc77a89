import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Auth, Policy, Principal, Verifier } from '@countersign/core'
import { discardBody } from '@countersign/core/adapter'
import type { AttemptCounter } from './metrics.js'
import type { ServerCredentials } from './server.js'

/** What a handler answers, before a framework sends it. */
export interface TargetReply {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

/** What a handler may use. */
export interface TargetContext {
  readonly verifier: Verifier
  readonly attempts: AttemptCounter
  readonly routes: readonly TargetRoute[]
  /** Absent: plain HTTP. */
  readonly credentials?: ServerCredentials | undefined
  /** Whether a peer on this machine is a proxy, whose `X-Forwarded-For` is believed. */
  readonly trustProxy: boolean
  /** Called first by every handler, with the message it serves. */
  readonly onHandler: (message: IncomingMessage) => void
}

export type TargetHandler = (
  message: IncomingMessage,
  target: string,
  auth: Auth | null,
  context: TargetContext,
) => Promise<TargetReply>

/** Largest body of any request, in bytes. A signed one is measured by the verifier, with the same limit. */
export const BODY_LIMIT_BYTES = 1_048_576

const json = (status: number, value: unknown): TargetReply => {
  return { status, contentType: 'application/json', body: Buffer.from(JSON.stringify(value)) }
}

function describe({ id, scheme, roles, scopes }: Principal) {
  return { id, scheme, roles: [...roles], scopes: [...scopes] }
}

/** Answers who was verified, and what arrived. Streams the body, so what it hashes are the bytes a reader finds behind the guard. */
export const echo: TargetHandler = async (message, target, auth) => {
  const hash = createHash('sha256')
  let contentLength = 0
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    contentLength += chunk.length
    if (contentLength > BODY_LIMIT_BYTES) {
      discardBody(message)
      return json(413, { error: 'body_too_large' })
    }
    hash.update(chunk)
  }
  return json(200, {
    auth:
      auth === null
        ? null
        : { principal: describe(auth.principal), actor: auth.actor === undefined ? null : describe(auth.actor) },
    method: message.method,
    target,
    contentLength,
    contentSha256: hash.digest('hex'),
  })
}

const health: TargetHandler = async (_message, _target, _auth, { verifier }) => {
  const state = await verifier.health()
  return json(state.ready ? 200 : 503, state)
}

const metrics: TargetHandler = async (_message, _target, _auth, { attempts }) => {
  return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: Buffer.from(attempts.text()) }
}

/** What a caller who may read on finds on a path without a route. */
export const notFound: TargetHandler = async () => json(404, { error: 'not_found' })

export interface TargetRoute {
  readonly path: string
  readonly policy: Policy
  readonly handler: TargetHandler
}

/** Every route takes every method. */
export const ROUTES: readonly TargetRoute[] = [
  { path: '/public', policy: 'public', handler: echo },
  { path: '/optional', policy: 'optional', handler: echo },
  { path: '/echo', policy: 'authenticated', handler: echo },
  { path: '/user', policy: { scheme: 'bearer' }, handler: echo },
  { path: '/service', policy: { scheme: 'hmac' }, handler: echo },
  { path: '/orders', policy: { anyRole: ['orders:read'] }, handler: echo },
  { path: '/admin', policy: { allRoles: ['admin'] }, handler: echo },
  { path: '/both', policy: { scheme: 'bearer', actor: { anyRole: ['gateway'] } }, handler: echo },
  { path: '/scoped', policy: { allScopes: ['orders:read'] }, handler: echo },
  { path: '/step-up', policy: { acr: ['urn:example:mfa', 'urn:example:hardware'], maxAgeSeconds: 300 }, handler: echo },
  { path: '/metrics', policy: 'public', handler: metrics },
  { path: '/health', policy: 'public', handler: health },
]

/** Runs a handler. What a framework's own error pages say must not tell the two apart. */
export async function serve(
  handler: TargetHandler,
  message: IncomingMessage,
  target: string,
  auth: Auth | null,
  context: TargetContext,
): Promise<TargetReply> {
  context.onHandler(message)
  try {
    return await handler(message, target, auth, context)
  } catch {
    return json(500, { error: 'internal' })
  }
}
