import assert from 'node:assert/strict'
import type { Policy } from '@countersign/core'
import { allowed, refused } from '../expectation.js'
import { configurationProbe, type Probe, probe } from '../probe.js'
import { asService, asUser, withHeader } from '../requests.js'
import { decide } from './decide.js'

export const ROLES: readonly Probe[] = [
  probe('D01', 'a role is never found inside a string', async (target) => {
    for (const roles of ['superadmin', 'not-admin', 'admin,user', 'admin user', '["admin"]', 'admins']) {
      await target.send(asUser('/admin', { roles }), refused('role_missing'))
    }
    await target.send(asUser('/admin', { roles: 'admin' }), allowed('user-1'))
  }),
  probe('D02', 'a role is compared code point by code point', async (target) => {
    for (const role of [
      'administrator',
      'Admin',
      ' admin',
      'admin ',
      'admi\u200bn',
      'ａdmin',
      'admin\u0000',
      'аdmin',
    ]) {
      await target.send(asUser('/admin', { roles: [role] }), refused('role_missing'))
    }
    for (const roles of [{ admin: true }, [['admin']], ['admin', 1], 1, true, null, { roles: ['admin'] }, []]) {
      await target.send(asUser('/admin', { roles }), refused('role_missing'))
    }
    await target.send(asUser('/admin', { roles: ['user', 'admin'] }), allowed('user-1'))
  }),
  probe('D04', 'a scope is one of the space-delimited names, whole', async (target) => {
    const others = [
      'orders:read:all write',
      'xorders:read',
      'orders:read\twrite',
      'orders:read,write',
      'ORDERS:READ',
      '',
    ]
    for (const scope of others) await target.send(asUser('/scoped', { scope }), refused('scope_missing'))
    await target.send(asUser('/scoped', { scope: 'orders:write orders:read' }), allowed('user-1'))
    await target.send(asUser('/scoped', { scope: ' orders:read  x' }), allowed('user-1'))
  }),
  probe('D06', 'identity headers of the client are not looked at', async (target) => {
    let request = asUser('/admin', { roles: ['orders:read'] })
    for (const name of ['X-User', 'X-Roles', 'X-JWT-Claim-role', 'X-Forwarded-User', 'Roles']) {
      request = withHeader(request, name, 'admin')
    }
    await target.send(request, refused('role_missing'))
    await target.send({ ...request, headers: (request.headers ?? []).slice(1) }, refused('missing_credentials'))
  }),
  configurationProbe(['D08', 'REG-20'], 'all of several are asked for, or any, as the policy says', async () => {
    const reason = async (policy: Policy, claims: object) =>
      (await decide({ bearer: {}, policy }, asUser('/', { ...claims }))).reason
    assert.equal(await reason({ allRoles: ['a', 'b'] }, { roles: ['a'] }), 'role_missing')
    assert.equal(await reason({ allRoles: ['a', 'b'] }, { roles: ['b', 'a'] }), undefined)
    assert.equal(await reason({ anyRole: ['a', 'b'] }, { roles: ['c'] }), 'role_missing')
    assert.equal(await reason({ anyRole: ['a', 'b'] }, { roles: ['b'] }), undefined)
    assert.equal(await reason({ allScopes: ['a', 'b'] }, { scope: 'a' }), 'scope_missing')
    assert.equal(await reason({ allScopes: ['a', 'b'] }, { scope: 'a b' }), undefined)
    assert.equal(await reason({ anyScope: ['a', 'b'] }, { scope: 'c' }), 'scope_missing')
    assert.equal(await reason({ anyScope: ['a', 'b'] }, { scope: 'b' }), undefined)
    assert.equal(await reason({ anyRole: ['a'], anyScope: ['s'] }, { roles: ['a'] }), 'scope_missing')
    assert.equal(await reason({ anyOf: [{ anyRole: ['a'] }, { anyScope: ['s'] }] }, { scope: 's' }), undefined)
    assert.equal(await reason({ allOf: [{ anyRole: ['a'] }, { anyScope: ['s'] }] }, { scope: 's' }), 'role_missing')
  }),
  probe('D09', 'only the configured claim grants a scope, and only in the configured form', async (target) => {
    await target.send(asUser('/scoped', { scope: 'other', scp: 'orders:read' }), refused('scope_missing'))
    await target.send(asUser('/scoped', { scp: ['orders:read'] }), refused('scope_missing'))
    await target.send(asUser('/scoped', { scope: ['orders:read'] }), refused('scope_missing'))
    await target.send(asUser('/scoped', { scope: 'orders:read', scp: [] }), allowed('user-1'))
    await target.send(asUser('/admin', { role: 'admin', groups: ['admin'], scope: 'admin' }), refused('role_missing'))
  }),
  probe('D10', 'a 403 tells the scope that is wanted and nothing of what is held', async (target) => {
    const scope = await target.send(asUser('/scoped', { scope: 'held-scope' }), refused('scope_missing'))
    const [challenge, ...others] = scope.all('www-authenticate')
    assert.equal(
      challenge,
      'Bearer realm="target", error="insufficient_scope", error_description="A required scope is missing", scope="orders:read"',
    )
    assert.deepEqual(others, [])
    const role = await target.send(
      asUser('/admin', { roles: ['held-role'], sub: 'held-subject' }),
      refused('role_missing'),
    )
    for (const { headers, body } of [scope, role]) assert.ok(!/held-/.test(JSON.stringify(headers) + body))
  }),
  probe('POL-01', 'a role includes those below it and none above it', async (target) => {
    await target.send(asUser('/orders', { roles: ['admin'] }), allowed('user-1'))
    await target.send(asUser('/orders', { roles: ['orders:read'] }), allowed('user-1'))
    await target.send(asUser('/orders', { roles: ['orders:write'] }), refused('role_missing'))
    await target.send(asUser('/admin', { roles: ['orders:read', 'orders:write'] }), refused('role_missing'))
  }),
  configurationProbe('POL-01', 'inclusion goes on: a role includes what the roles below it include', async () => {
    const options = { roleHierarchy: { owner: ['admin'], admin: ['read'], guest: ['none'] } }
    const reason = async (role: string, wanted: string) => {
      return (await decide({ bearer: {}, options, policy: { anyRole: [wanted] } }, asUser('/', { roles: [role] })))
        .reason
    }
    assert.equal(await reason('owner', 'read'), undefined)
    assert.equal(await reason('admin', 'read'), undefined)
    assert.equal(await reason('guest', 'read'), 'role_missing')
    assert.equal(await reason('read', 'owner'), 'role_missing')
  }),
  probe('POL-02', 'a handler is told the roles that the credentials carry, not those they imply', async (target) => {
    const answer = await target.send(asUser('/orders', { roles: ['admin', 'x'], scope: 'a b' }), allowed('user-1'))
    assert.deepEqual(answer.json()['auth'], {
      principal: { id: 'user-1', scheme: 'bearer', roles: ['admin', 'x'], scopes: ['a', 'b'] },
      actor: null,
    })
  }),
  probe('REG-14', 'a scope is not satisfied by one that it begins', async (target) => {
    await target.send(asUser('/scoped', { scope: 'orders:reader-readonly' }), refused('scope_missing'))
    await target.send(asUser('/scoped', { scope: 'orders:rea' }), refused('scope_missing'))
  }),
  probe('REG-15', 'a user without any role claim is refused with 403', async (target) => {
    for (const path of ['/orders', '/admin']) await target.send(asUser(path), refused('role_missing'))
    await target.send(asService({ target: '/orders' }), refused('role_missing'))
  }),
]
