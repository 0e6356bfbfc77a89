import type { FastifyInstance } from 'fastify'
import { audit, auditedRequest, refuse } from '../login/audit.js'
import { knownDevice, newDeviceCookie } from '../login/device.js'
import { type SessionParts, sendTokens } from './parts.js'
import { startSession } from './sessions.js'

/** `POST /login` and `POST /step-up`: somebody shows who they are. */
export function loginRoutes(app: FastifyInstance, parts: SessionParts): void {
  const { issuer, authenticator, store, cookies, deviceKey, clock } = parts

  app.post<{ Body: LoginBody }>(
    '/login',
    { config: { auth: 'public' }, schema: { body: LOGIN_BODY } },
    async (request, reply) => {
      const { username, password, code } = request.body
      const deviceCookie = cookies.device(request)
      const now = clock()
      const outcome = await authenticator.login({ username, password, code, address: request.ip, deviceCookie }, now)
      const event = 'auth.login'
      if ('reason' in outcome) return refuse(request, reply, { event, ...outcome })

      const { user, methods } = outcome
      const tokens = await startSession(issuer, user, methods, now)
      audit(request, reply, { event, principal: user.name, sessionId: tokens.sessionId, tokenId: tokens.tokenId })
      if (knownDevice(deviceCookie, user.name, now, deviceKey) === undefined)
        cookies.setDevice(reply, newDeviceCookie(user.name, now, deviceKey))
      // The browser is about to forget the session that it had: nobody else should have it then.
      const before = cookies.refreshToken(request)
      if (before !== undefined) await issuer.endSession({ refreshToken: before }, auditedRequest(request))
      return sendTokens(reply, tokens, parts)
    },
  )

  // A new session in place of the old one, as after every change of what a session may do.
  app.post<{ Body: { readonly code: string } }>(
    '/step-up',
    { config: { auth: { scheme: 'bearer' } }, schema: { body: STEP_UP_BODY } },
    async (request, reply) => {
      const { id, claims } = request.auth.principal
      const event = 'auth.step_up'
      const now = clock()
      const user = await store.find(id)
      if (user === undefined) return refuse(request, reply, { event, reason: 'user_unknown' })
      const refused = await authenticator.checkCode(user, request.body.code, now)
      if (refused !== undefined) return refuse(request, reply, { event, principal: id, ...refused })

      const tokens = await startSession(issuer, user, ['pwd', 'otp'], now)
      audit(request, reply, { event, principal: id, sessionId: tokens.sessionId, tokenId: tokens.tokenId })
      if (typeof claims?.['sid'] === 'string')
        await issuer.endSession({ sessionId: claims['sid'] }, auditedRequest(request))
      return sendTokens(reply, tokens, parts)
    },
  )
}

interface LoginBody {
  readonly username: string
  readonly password: string
  readonly code?: string
}

const CODE = { type: 'string', minLength: 1, maxLength: 16 }

const LOGIN_BODY = {
  type: 'object',
  required: ['username', 'password'],
  properties: {
    username: { type: 'string', minLength: 1, maxLength: 256 },
    password: { type: 'string', minLength: 1, maxLength: 1024 },
    code: CODE,
  },
}

const STEP_UP_BODY = { type: 'object', required: ['code'], properties: { code: CODE } }
