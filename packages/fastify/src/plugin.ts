import type { Decision, Policy } from '@countersign/core'
import type { FastifyContextConfig, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import './augment.js'
import { checkCoverage } from './census.js'
import { type CountersignOptions, checkOptions } from './options.js'
import { discardRawBody } from './raw-body.js'
import { sendReply } from './send-reply.js'
import { FastifyRequestView } from './to-request-view.js'

const plugin: FastifyPluginAsync<CountersignOptions> = async (app, given) => {
  const options = checkOptions(given)
  const { verifier, defaultPolicy, externalPrefix } = options

  app.decorateRequest('auth')

  // A policy that is none stops the start, at the route that has it.
  app.addHook('onRoute', (route) => {
    const policy = policyOf(route.config, defaultPolicy)
    if (policy !== defaultPolicy) verifier.checkPolicy(policy, `config.auth of ${route.method} ${route.url}`)
  })

  // onRequest: before any body is parsed, and for a path without a route as well. The name is what the census looks for.
  app.addHook('onRequest', function countersign(request, reply, done) {
    const { config, url } = request.routeOptions
    const view = new FastifyRequestView(request, url, externalPrefix)
    const decision = verifier.verify(view, policyOf(config, defaultPolicy))
    if (decision instanceof Promise) decision.then((settled) => proceed(settled, request, reply, done), done)
    else proceed(decision, request, reply, done)
  })

  app.addHook('onReady', async () => {
    limitRequestTime(app, options.requestTimeoutSeconds)
    if (!options.encapsulate) checkCoverage(app, 'countersign')
  })
}

/** An `auth` that is there and says nothing, as `POLICIES.admn` does, is a policy that is none: it must not ask for less than was meant. */
function policyOf(config: FastifyContextConfig | undefined, defaultPolicy: Policy): Policy {
  return config !== undefined && 'auth' in config ? (config.auth as Policy) : defaultPolicy
}

function proceed(decision: Decision, request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (decision.outcome === 'allow') {
    // `null` on public and optional routes, as the augmentation says.
    request.auth = decision.auth as typeof request.auth
    done()
    return
  }
  sendReply(reply, decision.reply)
  discardRawBody(request)
}

/** A body that never ends must not hold a socket for ever. */
function limitRequestTime({ server }: FastifyInstance, seconds: number | null): void {
  if (seconds !== null && 'requestTimeout' in server && server.requestTimeout === 0)
    server.requestTimeout = seconds * 1000
}

/**
 * Fastify plugin: every route of the server asks for what its `config.auth` says, `authenticated` where it says nothing, and so does a path
 * without a route. Register it on the root instance; order does not matter to coverage.
 *
 * @throws {ConfigurationError} while the server starts: a wrong option or policy, or a route that it does not cover
 * Does NOT see requests that Fastify itself refuses before any hook, such as a malformed URL (400).
 */
export const countersign: FastifyPluginAsync<CountersignOptions> = fp(plugin, {
  name: '@countersign/fastify',
  fastify: '5.x',
})
