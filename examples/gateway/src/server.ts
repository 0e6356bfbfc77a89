import { bearer, type Clock, createVerifier, memoryRevocation, systemClock } from '@countersign/core'
import { countersign } from '@countersign/fastify'
import type { TokenIssuer } from '@countersign/issuer'
import { issuerRoutes } from '@countersign/issuer/fastify'
import { Front, httpLimits, type Service } from '@countersign-example/kit'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type Logger, pino } from 'pino'
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
import type { SessionParts } from './session/parts.js'
import { sessionRoutes } from './session/session-routes.js'
import { gatewayIssuer } from './session/sessions.js'
import { userKeys } from './users/keys.js'

/**
 * Starts the gateway: the one that users talk to.
 *
 * @throws {Error} an option of the wrong form or one that Countersign refuses, a store that cannot be reached, a port that is taken
 */
export async function startGateway(options: GatewayOptions): Promise<Service> {
  const { clock = systemClock, log = pino({ name: 'gateway' }) } = options
  const revocation = options.revocation ?? memoryRevocation()
  const issuer = gatewayIssuer({ ...options, revocation, clock, log })
  const verifier = createVerifier({
    audience: 'gateway',
    schemes: [bearer({ issuers: [{ issuer: options.issuer, algorithms: ['ES256'], keys: issuer.verificationKeys }] })],
    revocation,
    audit: log,
    clock,
  })
  const { app, front } = emptyServer(options, log)
  await app.register(countersign, { verifier })
  healthRoute(app, { verifier, front, issuer, store: options.users })
  await app.register(issuerRoutes, { issuer })
  servePage(app)

  let url = ''
  await registerSessions(app, { options, issuer, clock, publicOrigin: () => options.publicOrigin ?? url })
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

/** A server that answers no error in its own words, behind what drains and sheds. */
function emptyServer(
  { limits = httpLimits({}), trustedProxies = [] }: GatewayOptions,
  log: Logger,
): { readonly app: FastifyInstance; readonly front: Front } {
  const logger: FastifyBaseLogger = log
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    http: limits,
    requestTimeout: limits.requestTimeout,
    trustProxy: [...trustedProxies],
    // Its lines have the whole URL, and people put tokens in there. Every attempt has a record of its own.
    logController: new LogController({ disableRequestLogging: true }),
    // A number is no password, and a list no name.
    ajv: { customOptions: { coerceTypes: false } },
    frameworkErrors: (error, _request, reply) => answerError(error, reply),
  })
  answerErrors(app)
  return { app, front: new Front(app.server, log) }
}

interface Sessions {
  readonly options: GatewayOptions
  readonly issuer: TokenIssuer
  readonly clock: Clock
  readonly publicOrigin: () => string
}

/** The routes that log in, step up, refresh and log out, in a scope of their own. */
async function registerSessions(
  app: FastifyInstance,
  { options, issuer, clock, publicOrigin }: Sessions,
): Promise<void> {
  const { users: store, redis } = options
  const { pepper, device: deviceKey } = userKeys(options.usersKey)
  const hasher = await passwordHasher(pepper)
  const throttle = loginThrottle(store, redis)
  const parts: SessionParts = {
    ...{ issuer, store, deviceKey, clock, cookies: cookies(checkCookieOptions(options)) },
    authenticator: authenticator({ store, hasher, throttle, deviceKey }),
  }
  await app.register(async (scope) => {
    await scope.register(cookie)
    guardSessionRoutes(scope, publicOrigin)
    loginRoutes(scope, parts)
    sessionRoutes(scope, parts)
  })
}
