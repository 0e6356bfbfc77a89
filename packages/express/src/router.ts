import { METHODS } from 'node:http'
import { ConfigurationError, type Policy } from '@countersign/core'
import { type IRouter, type RequestHandler, Router } from 'express'

type Path = string | RegExp | readonly (string | RegExp)[]

/** Registers handlers behind a policy. */
export type AuthRoute = (path: Path, policy: Policy, ...handlers: readonly RequestHandler[]) => AuthRouter

type Verb = 'all' | 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'options'

/** An Express router on which nothing can be mounted without a policy. */
export interface AuthRouter extends RequestHandler, Readonly<Record<Verb | 'use', AuthRoute>> {}

const VERBS: readonly string[] = ['all', 'use', ...METHODS.map((method) => method.toLowerCase())]

/** @throws {ConfigurationError} from each verb: the policy is missing or none */
export function createRouter(auth: (policy: Policy) => RequestHandler): AuthRouter {
  const inner = Router()
  const mount = inner as unknown as Record<string, (path: Path, ...handlers: readonly RequestHandler[]) => IRouter>
  // The Express router stays inside: what is handed out has no way of mounting but these.
  const router: RequestHandler = (req, res, next) => inner(req, res, next)
  const verbs: Record<string, AuthRoute> = {}
  for (const verb of VERBS) {
    if (mount[verb] === undefined) continue
    verbs[verb] = (path, policy, ...handlers) => {
      if (typeof policy === 'function' || policy === undefined) {
        throw new ConfigurationError(`router.${verb}(${String(path)})`, 'has no policy as its second argument')
      }
      mount[verb]?.(path, auth(policy), ...handlers)
      return protectedRouter
    }
  }
  const protectedRouter: AuthRouter = Object.assign(router, verbs as Record<Verb | 'use', AuthRoute>)
  return protectedRouter
}
