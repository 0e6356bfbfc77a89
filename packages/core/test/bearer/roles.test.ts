import { describe, expect, it } from 'vitest'
import { type ClaimPath, checkRoleRules, rolesOf, type ScopeClaim, scopesOf } from '../../src/bearer/roles.js'
import { optionOf } from '../kit.js'

const roles = (claims: unknown, path?: ClaimPath | readonly ClaimPath[]) =>
  // The cast is what JSON.parse of a checked payload gives.
  [...rolesOf(JSON.parse(JSON.stringify(claims)) as Record<string, unknown>, checkRoleRules('o', path, undefined))]
const scopes = (claims: Record<string, unknown>, scope?: ScopeClaim) => [
  ...scopesOf(claims, checkRoleRules('o', undefined, scope)),
]

describe('rolesOf', () => {
  it('takes each element of a list exactly as it stands, and a lone string as one role', () => {
    expect(roles({ roles: ['a', ' b', 'c,d', 'c,d'] })).toEqual(['a', ' b', 'c,d'])
    expect(roles({ roles: 'admin,user' })).toEqual(['admin,user'])
  })

  it.each([undefined, null, 1, true, {}, { 0: 'admin' }, ['admin', 1], [['admin']], []])(
    'grants nothing for %j',
    (value) => {
      expect(roles({ roles: value })).toEqual([])
    },
  )

  it('follows a dotted path, a name with dots of its own, or a path as a list', () => {
    expect(roles({ realm_access: { roles: ['a'] } }, 'realm_access.roles')).toEqual(['a'])
    expect(roles({ 'https://example.com/roles': ['a'] }, 'https://example.com/roles')).toEqual(['a'])
    expect(
      roles({ resource_access: { 'my.app': { roles: ['a'] } } }, [['resource_access', 'my.app', 'roles']]),
    ).toEqual(['a'])
  })

  it('puts a name that stands there whole before a path of that spelling', () => {
    expect(roles({ 'a.b': ['whole'], a: { b: ['nested'] } }, 'a.b')).toEqual(['whole'])
  })

  it('joins the roles of several claims', () => {
    expect(roles({ roles: ['a'], groups: ['b', 'a'] }, ['roles', 'groups'])).toEqual(['a', 'b'])
    expect(roles({ groups: ['b'] }, ['roles', 'groups'])).toEqual(['b'])
  })

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'constructor.name',
    '__proto__.constructor.name',
    'roles.length',
    'roles.constructor.name',
  ])('finds nothing on a prototype: %s', (path) => {
    expect(roles({ roles: 'admin' }, path)).toEqual([])
    expect(roles({}, path)).toEqual([])
  })

  it('grants nothing for a claim __proto__ of the token, unless it is asked for', () => {
    const claims = JSON.parse('{"__proto__":{"roles":["admin"]}}')
    expect([...rolesOf(claims, checkRoleRules('o', 'roles', undefined))]).toEqual([])
  })
})

describe('scopesOf', () => {
  it('splits at spaces and nowhere else', () => {
    expect(scopes({ scope: 'read:all  write read\twrite' })).toEqual(['read:all', 'write', 'read\twrite'])
  })

  it.each(['', ' ', ['read'], 1, null, undefined])('grants nothing for scope %j', (scope) => {
    expect(scopes({ scope })).toEqual([])
  })

  it('takes a list only where that is said, and then no string', () => {
    expect(scopes({ scp: ['a', 'b c'] }, { list: 'scp' })).toEqual(['a', 'b c'])
    expect(scopes({ scp: 'a b' }, { list: 'scp' })).toEqual([])
    expect(scopes({ scope: 'a', scp: ['b'] })).toEqual(['a'])
  })
})

describe('checkRoleRules', () => {
  it.each<[string, ClaimPath | readonly ClaimPath[] | undefined, ScopeClaim | undefined]>([
    ['o.roles', '', undefined],
    ['o.roles', [], undefined],
    ['o.roles[0]', [''], undefined],
    ['o.roles[1]', ['a', []], undefined],
    ['o.roles[0]', [['a', '']], undefined],
    ['o.scope', undefined, ''],
    ['o.scope.list', undefined, { list: '' }],
    // @ts-expect-error a misspelt member does not compile
    ['o.scope.lists', undefined, { lists: 'scp' }],
  ])('names %s', (option, path, scope) => {
    expect(optionOf(() => checkRoleRules('o', path, scope))).toBe(option)
  })
})
