import type { Allowance, Awaitable, Decision, Policy } from '@countersign/core'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import './augment.js'
import { type CountersignOptions, checkOptions } from './options.js'
import { discardRawBody } from './raw-body.js'
import { type AuthRouter, createRouter } from './router.js'
import { sendReply } from './send-reply.js'
import { ExpressRequestView } from './to-request-view.js'

export interface Countersign {
  /**
   * Middleware that asks for `policy`, `authenticated` where none is given. On a request that an earlier one let pass it asks for the second
   * policy only: credentials are verified once.
   *
   * @throws {ConfigurationError} for a policy that is none, when it is mounted
   */
  (policy?: Policy): RequestHandler
  /** A router whose verbs take the policy as their second argument: none can be forgotten. */
  router(): AuthRouter
}

/**
 * Express middleware, for Express 4 and 5. What is mounted before `app.use(auth())` is public, what is mounted behind it is protected. Mount
 * body parsers behind it.
 *
 * @throws {ConfigurationError} naming the option
 */
export function countersign(options: CountersignOptions): Countersign {
  const { verifier, externalPrefix } = checkOptions(options)
  const allowances = new WeakMap<Request, Allowance>()

  const auth = (policy: Policy = 'authenticated'): RequestHandler => {
    verifier.checkPolicy(policy)
    return function countersign(req, res, next) {
      const decision = decide(req, policy)
      // Express 4 does not look at promises: nothing may be left to it.
      if (decision instanceof Promise) decision.then((settled) => proceed(settled, req, res, next), next)
      else proceed(decision, req, res, next)
    }
  }

  const decide = (req: Request, policy: Policy): Awaitable<Decision> => {
    const view = new ExpressRequestView(req, externalPrefix)
    const earlier = allowances.get(req)
    if (earlier !== undefined) return verifier.narrow(earlier, view, policy)
    // Before a route is chosen another policy may follow, and its verdict is the one to record.
    return req.route === undefined ? verifier.verifyAhead(view, policy) : verifier.verify(view, policy)
  }

  const proceed = (decision: Decision, req: Request, res: Response, next: NextFunction): void => {
    if (decision.outcome === 'deny') {
      sendReply(res, decision.reply)
      discardRawBody(req)
      return
    }
    if (!allowances.has(req)) res.once('close', () => verifier.settle(allowances.get(req) ?? decision))
    allowances.set(req, decision)
    // `null` on public and optional routes, as the augmentation says.
    req.auth = decision.auth as typeof req.auth
    next()
  }

  return Object.assign(auth, { router: () => createRouter(auth) })
}
