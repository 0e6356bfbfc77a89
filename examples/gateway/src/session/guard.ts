import type { AuthEventName } from '@countersign/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuse } from '../login/audit.js'
import { isOwnRequest } from './origin.js'

const EVENTS: Readonly<Record<string, AuthEventName>> = {
  '/login': 'auth.login',
  '/step-up': 'auth.step_up',
  '/refresh': 'auth.refresh',
  '/logout': 'auth.logout',
}

/**
 * What holds for all routes that a cookie or a password gives power to: our own page or no browser, JSON and nothing else, fixed texts for
 * every error, a record for each attempt.
 */
export function guardSessionRoutes(app: FastifyInstance, publicOrigin: () => string): void {
  app.addHook('onRequest', async (request, reply) => {
    if (isOwnRequest(request.headers, publicOrigin())) return undefined
    return refuse(request, reply, { event: eventOf(request), reason: 'cross_site' })
  })

  // The form of another site can send text, and JSON only after it has asked.
  app.removeContentTypeParser('text/plain')

  app.setErrorHandler((error: Error & { readonly statusCode?: number }, request, reply) => {
    const event = eventOf(request)
    const { statusCode: status = 500 } = error
    if (status < 500) return refuse(request, reply, { event, reason: 'malformed_request', status })
    // By its class: the text of a store's error may hold what was to be stored.
    return refuse(request, reply, { event, reason: 'unavailable', error: error.name })
  })
}

function eventOf({ routeOptions }: FastifyRequest): AuthEventName {
  return EVENTS[routeOptions.url ?? ''] ?? 'auth.login'
}
