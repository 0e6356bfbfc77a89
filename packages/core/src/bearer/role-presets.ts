import { ConfigurationError } from '../errors.js'
import { checkMembers, checkText } from '../options.js'
import type { ClaimPath, ScopeClaim } from './roles.js'

/*
 * Where well-known identity providers put roles and scopes, as members of an issuer: `{ issuer, algorithms, keys, ...entraRoles() }`. Each
 * element of a list is one role, exactly as it stands.
 */

/** `roles` and `scope` of `IssuerOptions`. */
export interface RolePreset {
  readonly roles: readonly ClaimPath[]
  readonly scope: ScopeClaim
}

/** Which of Keycloak's roles count. A realm and a client can each have a role `admin`, and mean different things by it. */
export type KeycloakRolesOptions =
  | { readonly realm: true; readonly client?: string }
  | { readonly realm?: false; readonly client: string }

/**
 * Keycloak: realm roles in `realm_access.roles`, a client's in `resource_access.<client>.roles`, scopes in `scope`.
 *
 * @throws {ConfigurationError} neither, an empty client, an unknown option
 */
export function keycloakRoles(options: KeycloakRolesOptions): RolePreset {
  checkMembers('keycloakRoles', options, ['realm', 'client'])
  const roles: ClaimPath[] = []
  if (options.realm === true) roles.push(['realm_access', 'roles'])
  if (options.client !== undefined) {
    roles.push(['resource_access', checkText('keycloakRoles.client', options.client), 'roles'])
  }
  if (roles.length === 0) throw new ConfigurationError('keycloakRoles', 'must name a client, or say realm: true')
  return { roles, scope: 'scope' }
}

/**
 * Auth0: roles in the namespaced claim that an Action writes. With role-based access control in the API's settings, `permissions: true` takes the
 * scopes from the list `permissions`, which holds what the user may do, and not from `scope`, which holds what the client asked for.
 *
 * @param namespacedClaim - the whole name, as `https://orders.example/roles`
 * @throws {ConfigurationError} an empty claim, an unknown option
 */
export function auth0Roles(namespacedClaim: string, options: { readonly permissions?: boolean } = {}): RolePreset {
  checkMembers('auth0Roles', options, ['permissions'])
  const claim = checkText('auth0Roles.namespacedClaim', namespacedClaim)
  return { roles: [[claim]], scope: options.permissions === true ? { list: 'permissions' } : 'scope' }
}

/** Microsoft Entra ID: app roles in `roles`, delegated scopes in `scp`, space-delimited. Groups, which are ids of a directory, do not count. */
export function entraRoles(): RolePreset {
  return { roles: ['roles'], scope: 'scp' }
}

/**
 * Amazon Cognito: groups in `cognito:groups`, scopes in `scope`. Its access tokens have no `aud`, so the issuer needs `audience: null`, and a policy
 * with a `check` of the claim `client_id` beside it: without one, tokens for every client of the user pool are taken.
 */
export function cognitoRoles(): RolePreset {
  return { roles: [['cognito:groups']], scope: 'scope' }
}

/** Okta: groups in `groups`, where the authorization server has such a claim; scopes in the list `scp`. */
export function oktaRoles(): RolePreset {
  return { roles: ['groups'], scope: { list: 'scp' } }
}
