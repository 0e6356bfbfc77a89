import type { PolicyCheck } from '@countersign/core'
import type { Enforcer } from 'casbin'

/**
 * Asks casbin whether one of the principal's roles may do what the request does to the route that it is for.
 *
 * The object is the route's pattern, not the path: `/orders/%37` and `/orders/7` are one, and no spelling of a path gets around a rule. Where the
 * route is not known, as in a guard in front of all routes, nothing is allowed. What casbin throws refuses the request (`internal`).
 */
export function casbinCheck(enforcer: Enforcer): PolicyCheck {
  return async ({ principal }, { route, method }) => {
    if (route === undefined) return false
    for (const role of principal.roles) {
      if (await enforcer.enforce(role, route, method)) return true
    }
    return false
  }
}
