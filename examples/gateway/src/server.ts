import { bearer, createVerifier, memoryRevocation, systemClock } from '@countersign/core'
import { countersign } from '@countersign/fastify'
import { issuerRoutes } from '@countersign/issuer/fastify'
import { Front, httpLimits, type Service } from '@countersign-example/kit'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { healthRoute } from './health.js'
import { authenticator } from './login/authenticate.js'
import { passwordHasher } from './login/password.js'
import { loginThrottle } from './login/throttle.js'
import { checkCookieOptions, type GatewayOptions } from './options.js'
import { servePage } from './page.js'
import { answerError, answerErrors } from './problem.js'
import { proxyTo } from './proxy/proxy.js'
import { servicesBehind } from './proxy/services.js'
import { cookies } from './session/cookies.js'
import { guardSessionRoutes } from './session/guard.js'
import { loginRoutes } from './session/login-routes.js'
import { sessionRoutes } from './session/session-routes.js'
import { gatewayIssuer } from './session/sessions.js'
import { userKeys } from './users/keys.js'

export { fixedSigningKey, publicJwks } from './keys.js'
export { passwordHasher } from './login/password.js'
export type { LoginReason } from './login/reasons.js'
export { totpCode } from './login/totp.js'
export type { GatewayOptions } from './options.js'
export { type DemoUser, makeDemoUsers, putUser } from './users/demo-users.js'
export { userKeys } from './users/keys.js'
export { type OpenUsers, openUsers } from './users/open.js'

/**
 * Starts the gateway: the one that users talk to.
 *
 * @throws {Error} an option of the wrong form or one that Countersign refuses, a store that cannot be reached, a port that is taken
 */
export async function startGateway(options: GatewayOptions): Promise<Service> {
  const { users: store, redis, clock = systemClock, log = pino({ name: 'gateway' }) } = options
  const { limits = httpLimits({}) } = options
  const secureCookies = checkCookieOptions(options)
  const { pepper, device: deviceKey } = userKeys(options.usersKey)
  const revocation = options.revocation ?? memoryRevocation()
  const issuer = gatewayIssuer({ ...options, revocation, clock, log })
  const verifier = createVerifier({
    audience: 'gateway',
    schemes: [bearer({ issuers: [{ issuer: options.issuer, algorithms: ['ES256'], keys: issuer.verificationKeys }] })],
    revocation,
    audit: log,
    clock,
  })
  const hasher = await passwordHasher(pepper)
  const throttle = loginThrottle(store, redis)
  let url = ''

  const logger: FastifyBaseLogger = log
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    http: limits,
    requestTimeout: limits.requestTimeout,
    trustProxy: [...(options.trustedProxies ?? [])],
    // A number is no password, and a list no name.
    ajv: { customOptions: { coerceTypes: false } },
    frameworkErrors: (error, _request, reply) => answerError(error, reply),
  })
  const front = new Front(app.server, log)
  answerErrors(app)
  await app.register(countersign, { verifier })
  await app.register(cookie)

  healthRoute(app, { verifier, front, issuer, store })
  await app.register(issuerRoutes, { issuer })
  servePage(app)

  await app.register(async (scope) => {
    const publicOrigin = (): string => options.publicOrigin ?? url
    guardSessionRoutes(scope, publicOrigin)
    const parts = {
      ...{ issuer, store, deviceKey, clock, cookies: cookies(secureCookies) },
      authenticator: authenticator({ store, hasher, throttle, deviceKey }),
    }
    loginRoutes(scope, parts)
    sessionRoutes(scope, parts)
  })

  for (const service of servicesBehind(options, issuer)) await proxyTo(app, service)

  options.observe?.(verifier)
  await Promise.all([verifier.warmup(), issuer.warmup()])
  url = await app.listen({ port: options.port, host: options.host ?? '127.0.0.1' })
  return {
    url,
    leave: front.leave,
    async close() {
      await front.close(() => app.close())
      await Promise.all([verifier.close(), issuer.close()])
    },
  }
}
