import type { Awaitable } from '../chain.js'
import type { Auth, SchemeName } from '../principal.js'
import type { RequestView } from '../request-view.js'

/** What is asked of one of the two who may stand behind a request. Every member that is there must hold. */
export interface PrincipalRequirement {
  /** How they must have proved who they are. */
  readonly scheme?: SchemeName
  /** At least one of these roles, held or implied by a held one. */
  readonly anyRole?: readonly string[]
  readonly allRoles?: readonly string[]
  readonly anyScope?: readonly string[]
  readonly allScopes?: readonly string[]
}

/** What is asked of a request. */
export interface Requirement extends PrincipalRequirement {
  /** The service that signed a request on behalf of the principal, or sent it over a connection of its certificate: `actor: {}` asks only that there is one. */
  readonly actor?: PrincipalRequirement
  /**
   * Authentication Context Class References, best first: the token's `acr` must be one of them (RFC 9470). Asked of the user alone, and so
   * of the scheme `bearer` only.
   */
  readonly acr?: readonly string[]
  /** How long ago, by the token's `auth_time`, the user may have authenticated. Whole seconds, plus the skew. `bearer` only. */
  readonly maxAgeSeconds?: number
  /** A function of your own: by its name in the verifier's `checks`, or itself. */
  readonly check?: string | PolicyCheck
}

export interface AnyOf {
  readonly anyOf: readonly NestedPolicy[]
}

export interface AllOf {
  readonly allOf: readonly NestedPolicy[]
}

export type NestedPolicy = 'authenticated' | Requirement | AnyOf | AllOf

/**
 * What a route asks for, as data.
 *
 * - `'public'`: nothing; credentials are not looked at
 * - `'optional'`: no credentials make an anonymous request, bad ones are refused
 * - `'authenticated'`: anybody who is verified
 * - a requirement, or a combination of them
 */
export type Policy = 'public' | 'optional' | NestedPolicy

/** `false` denies with `policy_denied`; an exception with `internal`. It sees verified principals only. */
export type PolicyCheck = (auth: Auth, view: RequestView) => Awaitable<boolean>
