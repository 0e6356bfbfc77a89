import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chain } from '../../src/chain.js'
import type { Auth, NestedPolicy, Policy, PolicyCheck, Principal } from '../../src/index.js'
import { compilePolicy } from '../../src/policy/evaluate.js'
import { RoleIndex } from '../../src/policy/roles.js'
import { FrozenSet, type SchemeName } from '../../src/principal.js'
import { NOW, optionOf, view } from '../kit.js'

const CHECKS: Readonly<Record<string, PolicyCheck>> = {
  isAlice: ({ principal }) => principal.id === 'alice',
  never: () => false,
}
const TERMS = {
  roles: new RoleIndex('roleHierarchy', { admin: ['writer'], writer: ['reader'] }),
  schemes: new Set<SchemeName>(['bearer', 'hmac']),
  checks: CHECKS,
  skewSeconds: 30,
}

const who = (
  roles: readonly string[] = [],
  scopes: readonly string[] = [],
  scheme: SchemeName = 'bearer',
): Principal => ({
  id: 'alice',
  scheme,
  roles: new FrozenSet(roles),
  scopes: new FrozenSet(scopes),
})

const compile = (policy: Policy) => compilePolicy('policy', policy, TERMS)
const verdict = (policy: Policy, principal = who(), actor?: Principal) => {
  const auth: Auth = actor === undefined ? { principal } : { principal, actor }
  return chain(compile(policy).test(auth, view(), NOW), 'permit', (denial, permit) => {
    return typeof denial === 'string' ? denial : (denial?.reason ?? permit)
  })
}
const refused = (policy: Policy, terms = TERMS) => optionOf(() => compilePolicy('policy', policy, terms))

describe('a requirement', () => {
  it.each<[string, NestedPolicy, Principal, string]>([
    ['authenticated asks for nobody in particular', 'authenticated', who(), 'permit'],
    ['anyRole: one of them', { anyRole: ['a', 'b'] }, who(['b']), 'permit'],
    ['anyRole: none of them', { anyRole: ['a', 'b'] }, who(['c']), 'role_missing'],
    ['allRoles: all of them', { allRoles: ['a', 'b'] }, who(['b', 'a', 'c']), 'permit'],
    ['allRoles: one is lacking', { allRoles: ['a', 'b'] }, who(['a']), 'role_missing'],
    ['anyScope: one of them', { anyScope: ['a', 'b'] }, who([], ['b']), 'permit'],
    ['anyScope: none of them', { anyScope: ['a', 'b'] }, who(), 'scope_missing'],
    ['allScopes: all of them', { allScopes: ['a', 'b'] }, who([], ['a', 'b']), 'permit'],
    ['allScopes: one is lacking', { allScopes: ['a', 'b'] }, who([], ['a']), 'scope_missing'],
    ['a role is no scope', { anyScope: ['a'] }, who(['a']), 'scope_missing'],
    ['a role by hierarchy', { anyRole: ['reader'] }, who(['admin']), 'permit'],
    ['the hierarchy goes one way', { anyRole: ['admin'] }, who(['reader']), 'role_missing'],
    ['scopes know no hierarchy', { anyScope: ['reader'] }, who([], ['admin']), 'scope_missing'],
    [
      'a longer name is another role',
      { anyRole: ['admin'] },
      who(['superadmin', 'Admin', ' admin', 'admi\u200bn', 'admin,user']),
      'role_missing',
    ],
    ['the scheme that was used', { scheme: 'bearer' }, who(), 'permit'],
    ['another scheme', { scheme: 'hmac' }, who(), 'scheme_required'],
    ['the scheme is told before the role', { scheme: 'hmac', anyRole: ['a'] }, who(), 'scheme_required'],
    ['every member must hold', { anyRole: ['a'], anyScope: ['s'] }, who(['a']), 'scope_missing'],
  ])('%s', (_, policy, principal, expected) => {
    expect(verdict(policy, principal)).toBe(expected)
  })

  it('asks of the actor what it asks, and that there is one', () => {
    const gateway = who(['gateway'], [], 'hmac')
    const policy: Policy = { scheme: 'bearer', actor: { anyRole: ['gateway'] } }
    expect(verdict(policy, who(), gateway)).toBe('permit')
    expect(verdict(policy, who(), who(['other'], [], 'hmac'))).toBe('role_missing')
    expect(verdict(policy, who(['gateway']))).toBe('scheme_required')
    expect(verdict({ actor: {} }, who(), gateway)).toBe('permit')
    expect(verdict({ actor: {} }, gateway)).toBe('scheme_required')
  })
})

describe('a check', () => {
  it('by name or itself, permits with true only', () => {
    expect(verdict({ check: 'isAlice' })).toBe('permit')
    expect(verdict({ check: 'isAlice' }, { ...who(), id: 'bob' })).toBe('policy_denied')
    expect(verdict({ check: () => true })).toBe('permit')
    for (const answer of [false, undefined, null, 1, 'true', {}]) {
      // The cast stands for a check without types.
      expect(verdict({ check: () => answer as boolean }), String(answer)).toBe('policy_denied')
    }
  })

  it('may answer later', async () => {
    expect(await verdict({ check: async () => true })).toBe('permit')
    expect(await verdict({ check: async () => false })).toBe('policy_denied')
    await expect(verdict({ check: () => Promise.reject(new Error('down')) })).rejects.toThrow('down')
  })

  it('is not asked where something else denies', () => {
    expect(verdict({ anyRole: ['a'], check: () => expect.unreachable() })).toBe('role_missing')
  })
})

describe('anyOf and allOf', () => {
  it('anyOf permits with any part and asks no further', async () => {
    expect(verdict({ anyOf: [{ anyRole: ['a'] }, 'authenticated', { check: () => expect.unreachable() }] })).toBe(
      'permit',
    )
    expect(await verdict({ anyOf: [{ check: async () => false }, { check: async () => true }] })).toBe('permit')
  })

  it('anyOf keeps the reason that says most: not that of the scheme nobody used', async () => {
    expect(verdict({ anyOf: [{ scheme: 'hmac' }, { anyRole: ['a'] }] })).toBe('role_missing')
    expect(verdict({ anyOf: [{ anyScope: ['a'] }, { scheme: 'hmac' }] })).toBe('scope_missing')
    expect(verdict({ anyOf: [{ scheme: 'hmac' }, { scheme: 'hmac', anyRole: ['a'] }] })).toBe('scheme_required')
    expect(await verdict({ anyOf: [{ scheme: 'hmac' }, { check: async () => false }] })).toBe('policy_denied')
  })

  it('allOf denies with the first part that does', async () => {
    expect(verdict({ allOf: ['authenticated', { anyRole: ['a'] }, { anyScope: ['s'] }] })).toBe('role_missing')
    expect(await verdict({ allOf: [{ check: async () => true }, { anyScope: ['s'] }] })).toBe('scope_missing')
    expect(await verdict({ allOf: [{ check: async () => true }, { check: () => true }] })).toBe('permit')
  })

  it('agree with any and all of ordinary logic, however deep, waiting or not', async () => {
    type Tree = { readonly policy: NestedPolicy; readonly permits: boolean }
    const leaf: fc.Arbitrary<Tree> = fc
      .record({ permits: fc.boolean(), later: fc.boolean() })
      .map(({ permits, later }) => ({
        permits,
        policy: { check: later ? async () => permits : () => permits },
      }))
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => ({
          permits: parts.some(({ permits }) => permits),
          policy: { anyOf: parts.map(({ policy }) => policy) },
        })),
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => ({
          permits: parts.every(({ permits }) => permits),
          policy: { allOf: parts.map(({ policy }) => policy) },
        })),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(tree, async ({ policy, permits }) => {
        expect(await verdict(policy)).toBe(permits ? 'permit' : 'policy_denied')
      }),
    )
  })
})

describe('what a policy tells of itself', () => {
  it('which roles and scopes it names, each once', () => {
    const policy: Policy = {
      anyOf: [{ anyRole: ['a', 'b'], allScopes: ['s'] }, { allOf: [{ allRoles: ['a'], actor: { anyRole: ['c'] } }] }],
    }
    expect(compile(policy)).toMatchObject({ kind: 'required', roles: ['a', 'b', 'c'], scopes: ['s'] })
  })

  it.each<[Policy, SchemeName[] | undefined]>([
    ['authenticated', undefined],
    [{ anyRole: ['a'] }, undefined],
    [{ acr: ['mfa'] }, ['bearer']],
    [{ maxAgeSeconds: 60, actor: {} }, ['bearer', 'hmac', 'mtls']],
    [{ scheme: 'bearer' }, ['bearer']],
    [{ scheme: 'bearer', actor: {} }, ['bearer', 'hmac', 'mtls']],
    [{ scheme: 'bearer', actor: { scheme: 'hmac' } }, ['bearer', 'hmac']],
    [{ anyOf: [{ scheme: 'bearer' }, { scheme: 'hmac' }] }, ['bearer', 'hmac']],
    [{ anyOf: [{ scheme: 'bearer' }, 'authenticated'] }, undefined],
    [{ allOf: ['authenticated', { scheme: 'hmac' }] }, ['hmac']],
  ])('which schemes could satisfy %j', (policy, schemes) => {
    const told = compile(policy).schemes
    expect(told === undefined ? undefined : [...told].sort()).toEqual(schemes)
  })

  it('that public and optional stand alone', () => {
    expect([compile('public').kind, compile('optional').kind]).toEqual(['public', 'optional'])
  })
})

describe('compilePolicy', () => {
  it.each<[string, Policy]>([
    ['policy.anyRole', { anyRole: [] }],
    ['policy.allRoles', { allRoles: [] }],
    ['policy.anyScope', { anyScope: [] }],
    ['policy.allScopes', { allScopes: [] }],
    ['policy.anyRole[0]', { anyRole: [''] }],
    ['policy.anyRole', { anyRole: ['a', 'a'] }],
    ['policy', {}],
    ['policy.anyOf', { anyOf: [] }],
    ['policy.allOf', { allOf: [] }],
    ['policy.anyOf[1].anyRole', { anyOf: ['authenticated', { anyRole: [] }] }],
    ['policy.check', { check: 'nobody' }],
    ['policy.check', { check: 'toString' }],
    ['policy.actor.anyRole', { actor: { anyRole: [] } }],
    // @ts-expect-error a list has to be a list
    ['policy.anyRole', { anyRole: 'admin' }],
    // @ts-expect-error a misspelt word does not compile
    ['policy', 'authentified'],
    // @ts-expect-error a misspelt member does not compile
    ['policy.anyRoles', { anyRoles: ['a'] }],
    // @ts-expect-error no such scheme
    ['policy.scheme', { scheme: 'basic' }],
    // @ts-expect-error public stands alone
    ['policy.anyOf[0]', { anyOf: ['public'] }],
    // @ts-expect-error an actor has no actor
    ['policy.actor.actor', { actor: { actor: {} } }],
    // @ts-expect-error no policy at all
    ['policy', null],
    ['policy.anyRole', { anyOf: ['authenticated'], anyRole: ['a'] }],
  ])('names %s', (option, policy) => {
    expect(refused(policy)).toBe(option)
  })

  it('refuses a scheme that the verifier does not have', () => {
    expect(refused({ scheme: 'hmac' }, { ...TERMS, schemes: new Set<SchemeName>(['bearer']) })).toBe('policy.scheme')
  })
})

describe('a requirement that would ask for less than it seems to', () => {
  const mistake = (requirement: object) => refused(requirement as NestedPolicy)

  it.each<[string, object, string]>([
    ['a member that is undefined, as a misspelt constant is', { anyRole: undefined }, 'policy.anyRole'],
    ['one beside others', { scheme: 'bearer', allScopes: undefined }, 'policy.allScopes'],
    ['a check', { anyRole: ['a'], check: undefined }, 'policy.check'],
    ['an actor', { scheme: 'bearer', actor: undefined }, 'policy.actor'],
    ['one of the actor', { actor: { anyRole: undefined } }, 'policy.actor.anyRole'],
    ['one of a part', { anyOf: ['authenticated', { anyRole: undefined }] }, 'policy.anyOf[1].anyRole'],
    ['one that is inherited', { __proto__: { anyRole: ['admin'] }, scheme: 'bearer' }, 'policy.anyRole'],
  ])('is refused: %s', (_title, requirement, option) => {
    expect(mistake(requirement)).toBe(option)
  })
})
