import {
  type Allowance,
  type Awaitable,
  ConfigurationError,
  type Decision,
  type Policy,
  type Verifier,
} from '@countersign/core'
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
   * @throws {ConfigurationError} for a policy that is none, `undefined` too, when it is mounted
   */
  (policy?: Policy): RequestHandler
  /** A router whose verbs take the policy as their second argument: none can be forgotten. */
  router(): AuthRouter
}

const allowancesByVerifier = new WeakMap<Verifier, WeakMap<Request, Allowance>>()

/** What a verifier let pass: the same for two middlewares of one verifier, for a nonce can be claimed once. */
function allowancesOf(verifier: Verifier): WeakMap<Request, Allowance> {
  let allowances = allowancesByVerifier.get(verifier)
  if (allowances === undefined) {
    allowances = new WeakMap()
    allowancesByVerifier.set(verifier, allowances)
  }
  return allowances
}

/**
 * Express middleware, for Express 4 and 5. What is mounted before `app.use(auth())` is public, what is mounted behind it is protected. Mount
 * body parsers behind it.
 *
 * @throws {ConfigurationError} naming the option
 */
export function countersign(options: CountersignOptions): Countersign {
  const { verifier, externalPrefix } = checkOptions(options)
  const allowances = allowancesOf(verifier)

  const auth = (...given: readonly [policy?: Policy]): RequestHandler => {
    // `auth(POLICIES.admn)` must not ask for less than was meant.
    if (given.length > 0 && given[0] === undefined)
      throw new ConfigurationError('policy', "is undefined; say 'authenticated', or nothing")
    const [policy = 'authenticated'] = given
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
    // Whoever hung up while it was waited for: no `close` will come any more.
    if (res.closed) verifier.settle(decision)
    // `null` on public and optional routes, as the augmentation says.
    req.auth = decision.auth as typeof req.auth
    next()
  }

  return Object.assign(auth, { router: () => createRouter(auth) })
}
