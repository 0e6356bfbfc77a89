import type { FastifyInstance } from 'fastify'
import { auditedRequest, refuse } from '../login/audit.js'
import { LOGIN_REASONS } from '../login/reasons.js'
import { sendProblem } from '../problem.js'
import { type SessionParts, sendTokens } from './parts.js'
import { CLIENT_ID } from './sessions.js'

/** `POST /refresh` and `POST /logout`: what the cookie gives power to. The issuer writes their records. */
export function sessionRoutes(app: FastifyInstance, parts: SessionParts): void {
  const { issuer, cookies } = parts

  app.post('/refresh', { config: { auth: 'public' } }, async (request, reply) => {
    const refreshToken = cookies.refreshToken(request)
    if (refreshToken === undefined) return refuse(request, reply, { event: 'auth.refresh', reason: 'no_session' })
    const decision = await issuer.refresh({ refreshToken, clientId: CLIENT_ID }, auditedRequest(request))
    if (decision.outcome === 'allow') return sendTokens(reply, decision.tokens, parts)
    // A store that is away ends nobody's session.
    if (decision.status >= 500) return sendProblem(reply, LOGIN_REASONS.unavailable)
    cookies.clearRefreshToken(reply)
    return sendProblem(reply, LOGIN_REASONS.session_ended)
  })

  app.post('/logout', { config: { auth: 'public' } }, async (request, reply) => {
    const refreshToken = cookies.refreshToken(request)
    if (refreshToken === undefined) return refuse(request, reply, { event: 'auth.logout', reason: 'no_session' })
    const ended = await issuer.endSession({ refreshToken }, auditedRequest(request))
    if (ended.outcome === 'deny' && ended.status >= 500) return sendProblem(reply, LOGIN_REASONS.unavailable)
    cookies.clearRefreshToken(reply)
    return reply.code(204).header('cache-control', 'no-store').send()
  })
}
