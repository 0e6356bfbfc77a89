import { describe, expect, it } from 'vitest'
import {
  auth0Roles,
  cognitoRoles,
  entraRoles,
  type KeycloakRolesOptions,
  keycloakRoles,
  oktaRoles,
  type RolePreset,
} from '../../src/bearer/role-presets.js'
import { checkRoleRules, rolesOf, scopesOf } from '../../src/bearer/roles.js'
import { optionOf } from '../kit.js'

/** Claims as the vendor's documentation shows them, with what must not count beside what must. */
const CLAIMS = {
  keycloak: {
    realm_access: { roles: ['offline_access', 'admin'] },
    resource_access: {
      'orders.api': { roles: ['orders:read', 'orders:read-all'] },
      account: { roles: ['manage-account'] },
    },
    scope: 'openid email',
  },
  auth0: {
    'https://orders.example/roles': ['buyer'],
    'https://evil.example/roles': ['admin'],
    roles: ['admin'],
    permissions: ['orders:read'],
    scope: 'openid orders:write',
  },
  entra: { roles: ['Orders.Read'], groups: ['3f2a'], wids: ['b79f'], scp: 'Orders.Read.All User.Read', scope: 'no' },
  cognito: {
    'cognito:groups': ['buyers'],
    cognito: { groups: ['admin'] },
    scope: 'aws.cognito.signin.user.admin orders/read',
  },
  okta: { groups: ['Everyone', 'promos:writer-readonly'], scp: ['promos:writer-readonly'], scope: 'admin' },
}

function read(claims: Readonly<Record<string, unknown>>, { roles, scope }: RolePreset) {
  const rules = checkRoleRules('issuer', roles, scope)
  return { roles: [...rolesOf(claims, rules)], scopes: [...scopesOf(claims, rules)] }
}

describe('role presets', () => {
  it('take the roles of a Keycloak client, of the realm, or of both, and never those of another client', () => {
    const scopes = ['openid', 'email']
    const client = ['orders:read', 'orders:read-all']
    const realm = ['offline_access', 'admin']
    expect(read(CLAIMS.keycloak, keycloakRoles({ client: 'orders.api' }))).toEqual({ roles: client, scopes })
    expect(read(CLAIMS.keycloak, keycloakRoles({ realm: true }))).toEqual({ roles: realm, scopes })
    expect(read(CLAIMS.keycloak, keycloakRoles({ realm: true, client: 'orders.api' })).roles).toEqual([
      ...realm,
      ...client,
    ])
    expect(read(CLAIMS.keycloak, keycloakRoles({ client: 'orders' })).roles).toEqual([])
  })

  it('take the one namespaced claim of Auth0, and permissions as scopes where that is said', () => {
    const claim = 'https://orders.example/roles'
    expect(read(CLAIMS.auth0, auth0Roles(claim))).toEqual({ roles: ['buyer'], scopes: ['openid', 'orders:write'] })
    expect(read(CLAIMS.auth0, auth0Roles(claim, { permissions: true })).scopes).toEqual(['orders:read'])
    expect(read({ 'https://orders': { 'example/roles': ['admin'] } }, auth0Roles(claim)).roles).toEqual([])
  })

  it('take app roles and scp of Entra, and no groups', () => {
    expect(read(CLAIMS.entra, entraRoles())).toEqual({
      roles: ['Orders.Read'],
      scopes: ['Orders.Read.All', 'User.Read'],
    })
  })

  it('take the groups and scope of Cognito', () => {
    expect(read(CLAIMS.cognito, cognitoRoles())).toEqual({
      roles: ['buyers'],
      scopes: ['aws.cognito.signin.user.admin', 'orders/read'],
    })
  })

  it('take the groups and the list scp of Okta, element by element', () => {
    const { roles, scopes } = read(CLAIMS.okta, oktaRoles())
    expect(roles).toEqual(['Everyone', 'promos:writer-readonly'])
    expect(scopes).toEqual(['promos:writer-readonly'])
    expect(scopes).not.toContain('promos:write')
  })

  it('refuse what says nothing', () => {
    const loose = (options: unknown) => optionOf(() => keycloakRoles(options as KeycloakRolesOptions))
    expect(loose({})).toBe('keycloakRoles')
    expect(loose({ realm: 'orders' })).toBe('keycloakRoles')
    expect(loose({ client: '' })).toBe('keycloakRoles.client')
    expect(loose({ clients: ['orders'] })).toBe('keycloakRoles.clients')
    expect(optionOf(() => auth0Roles(''))).toBe('auth0Roles.namespacedClaim')
  })
})
