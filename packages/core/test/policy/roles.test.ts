import { describe, expect, it } from 'vitest'
import { type RoleHierarchy, RoleIndex } from '../../src/policy/roles.js'
import { optionOf } from '../kit.js'

const holders = (hierarchy: RoleHierarchy, role: string) =>
  [...new RoleIndex('roleHierarchy', hierarchy).holdersOf(role)].sort()

describe('RoleIndex', () => {
  it('a role is held by itself and by every role that includes it, through any number of others', () => {
    const hierarchy = { admin: ['writer'], writer: ['reader', 'commenter'], owner: ['admin'] }
    expect(holders(hierarchy, 'reader')).toEqual(['admin', 'owner', 'reader', 'writer'])
    expect(holders(hierarchy, 'admin')).toEqual(['admin', 'owner'])
    expect(holders(hierarchy, 'owner')).toEqual(['owner'])
    expect(holders(hierarchy, 'stranger')).toEqual(['stranger'])
  })

  it('two ways to the same role are one', () => {
    expect(holders({ a: ['b', 'c'], b: ['d'], c: ['d'] }, 'd')).toEqual(['a', 'b', 'c', 'd'])
  })

  it('names that stand on every prototype are names like others', () => {
    expect(holders({ admin: ['constructor'] }, 'constructor')).toEqual(['admin', 'constructor'])
    expect(holders({ admin: ['toString'] }, 'valueOf')).toEqual(['valueOf'])
  })

  it.each<[string, RoleHierarchy]>([
    ['roleHierarchy.a', { a: ['a'] }],
    ['roleHierarchy.a', { a: ['b'], b: ['a'] }],
    ['roleHierarchy.b', { a: ['b'], b: ['c'], c: ['d', 'b'], d: ['e'] }],
    ['roleHierarchy.a', { a: [] }],
    ['roleHierarchy.a[0]', { a: [''] }],
    ['roleHierarchy.a', { a: ['b', 'b'] }],
    // @ts-expect-error what a role includes is a list
    ['roleHierarchy.a', { a: 'b' }],
    // @ts-expect-error roles have names
    ['roleHierarchy', ['a']],
  ])('refuses at %s what goes round, is empty or is no list', (option, hierarchy) => {
    expect(optionOf(() => new RoleIndex('roleHierarchy', hierarchy))).toBe(option)
  })
})
