import { type Awaitable, chain } from '../chain.js'
import { ConfigurationError, type StepUpError } from '../errors.js'
import { checkMembers, checkOneOf, checkTexts } from '../options.js'
import type { Auth, Principal, SchemeName } from '../principal.js'
import type { DenyReason } from '../reason.js'
import type { RequestView } from '../request-view.js'
import type { AllOf, AnyOf, NestedPolicy, Policy, PolicyCheck, PrincipalRequirement, Requirement } from './policy.js'
import { asksForStepUp, compileStepUp } from './require-step-up.js'
import type { RoleIndex } from './roles.js'

/** A policy made ready, once: evaluating it looks names up and allocates nothing. */
export interface CompiledPolicy {
  readonly kind: 'public' | 'optional' | 'required'
  readonly test: PolicyTest
  /** The schemes that could satisfy it; absent: every scheme of the verifier. */
  readonly schemes: ReadonlySet<SchemeName> | undefined
  /** For the audit record and for challenges: every role and scope that is asked for. */
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
}

/** Why not: a reason, or an error that says more. */
export type PolicyDenial = DenyReason | StepUpError

/** `undefined` permits. */
type PolicyTest = (auth: Auth, view: RequestView, now: number) => Awaitable<PolicyDenial | undefined>
type PrincipalTest = (principal: Principal) => DenyReason | undefined

/** What a policy may refer to, beside the words of its own. */
export interface PolicyTerms {
  readonly roles: RoleIndex
  readonly schemes: ReadonlySet<SchemeName>
  readonly checks: Readonly<Record<string, PolicyCheck>>
  /** How far the clock of the users' issuers may be from the clock here. */
  readonly skewSeconds: number
}

const PERMIT: PolicyTest = () => undefined
const NO_TEXTS: readonly string[] = Object.freeze([])

/**
 * Checks a policy and makes it ready.
 *
 * @throws {ConfigurationError} an unknown word or member, an empty list, a scheme the verifier does not have, a check it does not know
 */
export function compilePolicy(option: string, policy: Policy, terms: PolicyTerms): CompiledPolicy {
  if (policy === 'public' || policy === 'optional') {
    return { kind: policy, test: PERMIT, schemes: undefined, roles: NO_TEXTS, scopes: NO_TEXTS }
  }
  return {
    kind: 'required',
    test: compileNested(option, policy, terms),
    schemes: schemesOf(policy),
    roles: Object.freeze([...new Set(namesIn(policy, 'anyRole', 'allRoles'))]),
    scopes: Object.freeze([...new Set(namesIn(policy, 'anyScope', 'allScopes'))]),
  }
}

/** In place of a policy that is none: nobody is let in, and the failure is ours. */
export function denyAll(error: unknown): CompiledPolicy {
  const test: PolicyTest = () => {
    throw error
  }
  return { kind: 'required', test, schemes: undefined, roles: NO_TEXTS, scopes: NO_TEXTS }
}

function compileNested(option: string, policy: NestedPolicy, terms: PolicyTerms): PolicyTest {
  if (policy === 'authenticated') return PERMIT
  if (typeof policy !== 'object' || policy === null) {
    throw new ConfigurationError(
      option,
      "must be 'public', 'optional', 'authenticated' or an object; the first two stand alone",
    )
  }
  if ('anyOf' in policy) return compileAnyOf(option, policy, terms)
  if ('allOf' in policy) return compileAllOf(option, policy, terms)
  return compileRequirement(option, policy, terms)
}

function compileParts(
  option: string,
  name: 'anyOf' | 'allOf',
  policy: AnyOf | AllOf,
  terms: PolicyTerms,
): PolicyTest[] {
  checkMembers(option, policy, [name])
  const parts = (policy as Record<typeof name, readonly NestedPolicy[] | undefined>)[name]
  if (!Array.isArray(parts) || parts.length === 0)
    throw new ConfigurationError(`${option}.${name}`, 'must be a non-empty list')
  return parts.map((part, index) => compileNested(`${option}.${name}[${index}]`, part, terms))
}

/** Denies with the reason of the part that the credentials in use came furthest with: another scheme's part says least. */
function compileAnyOf(option: string, policy: AnyOf, terms: PolicyTerms): PolicyTest {
  const parts = compileParts(option, 'anyOf', policy, terms)
  const test = (
    auth: Auth,
    view: RequestView,
    now: number,
    index: number,
    denial: PolicyDenial,
  ): Awaitable<PolicyDenial | undefined> => {
    const part = parts[index]
    if (part === undefined) return denial
    return chain(part(auth, view, now), denial, (reason, earlier) => {
      if (reason === undefined) return undefined
      return test(auth, view, now, index + 1, earlier === 'scheme_required' ? reason : earlier)
    })
  }
  return (auth, view, now) => test(auth, view, now, 0, 'scheme_required')
}

function compileAllOf(option: string, policy: AllOf, terms: PolicyTerms): PolicyTest {
  const parts = compileParts(option, 'allOf', policy, terms)
  const test = (auth: Auth, view: RequestView, now: number, index: number): Awaitable<PolicyDenial | undefined> => {
    const part = parts[index]
    if (part === undefined) return undefined
    return chain(part(auth, view, now), index + 1, (reason, next) => reason ?? test(auth, view, now, next))
  }
  return (auth, view, now) => test(auth, view, now, 0)
}

const PRINCIPAL_MEMBERS = ['scheme', 'anyRole', 'allRoles', 'anyScope', 'allScopes'] as const

function compileRequirement(option: string, requirement: Requirement, terms: PolicyTerms): PolicyTest {
  checkMembers(option, requirement, [...PRINCIPAL_MEMBERS, 'actor', 'acr', 'maxAgeSeconds', 'check', 'anyOf', 'allOf'])
  checkEachSaysSomething(option, requirement)
  if (Object.keys(requirement).length === 0)
    throw new ConfigurationError(option, "asks for nothing; say 'authenticated'")
  const { actor, check } = requirement
  const principalTest = compilePrincipal(option, requirement, terms)
  const actorTest = actor === undefined ? undefined : compileActor(`${option}.actor`, actor, terms)
  const checkTest = check === undefined ? undefined : findCheck(`${option}.check`, check, terms)
  const stepUpTest = compileStepUp(option, requirement, terms)
  return (auth, view, now) => {
    // Last, so that nobody is sent to authenticate anew who would be refused all the same.
    const denial = principalTest(auth.principal) ?? actorTest?.(auth.actor) ?? stepUpTest?.(auth.principal, now)
    if (denial !== undefined || checkTest === undefined) return denial
    return chain(checkTest(auth, view), undefined, denyUnlessTrue)
  }
}

/** `{ anyRole: ROLES.admn }` must not ask for less than was meant, nor must a member that stands on a prototype and would not be read. */
function checkEachSaysSomething(option: string, requirement: Requirement): void {
  for (const name in requirement) {
    if (!Object.hasOwn(requirement, name))
      throw new ConfigurationError(`${option}.${name}`, 'is inherited; write it out')
    if (requirement[name as keyof Requirement] === undefined)
      throw new ConfigurationError(`${option}.${name}`, 'is undefined; leave it out where nothing is asked')
  }
}

const denyUnlessTrue = (permitted: boolean): DenyReason | undefined =>
  permitted === true ? undefined : 'policy_denied'

function compileActor(option: string, requirement: PrincipalRequirement, terms: PolicyTerms) {
  checkMembers(option, requirement, PRINCIPAL_MEMBERS)
  checkEachSaysSomething(option, requirement)
  const test = compilePrincipal(option, requirement, terms)
  return (actor: Principal | undefined) => (actor === undefined ? 'scheme_required' : test(actor))
}

function findCheck(option: string, check: string | PolicyCheck, { checks }: PolicyTerms): PolicyCheck {
  if (typeof check === 'function') return check
  const named = Object.hasOwn(checks, check) ? checks[check] : undefined
  if (named === undefined)
    throw new ConfigurationError(option, `names ${check}, which is not among the verifier's checks`)
  return named
}

function compilePrincipal(option: string, requirement: PrincipalRequirement, terms: PolicyTerms): PrincipalTest {
  const tests: PrincipalTest[] = []
  const { scheme, anyRole, allRoles, anyScope, allScopes } = requirement
  if (scheme !== undefined) {
    checkOneOf(`${option}.scheme`, scheme, [...terms.schemes])
    tests.push((principal) => (principal.scheme === scheme ? undefined : 'scheme_required'))
  }
  if (anyRole !== undefined) {
    const holders = [
      ...new Set(checkTexts(`${option}.anyRole`, anyRole).flatMap((role) => terms.roles.holdersOf(role))),
    ]
    tests.push(({ roles }) => (holders.some((role) => roles.has(role)) ? undefined : 'role_missing'))
  }
  if (allRoles !== undefined) {
    const holders = checkTexts(`${option}.allRoles`, allRoles).map((role) => terms.roles.holdersOf(role))
    tests.push(({ roles }) => {
      return holders.every((held) => held.some((role) => roles.has(role))) ? undefined : 'role_missing'
    })
  }
  if (anyScope !== undefined) {
    const wanted = checkTexts(`${option}.anyScope`, anyScope)
    tests.push(({ scopes }) => (wanted.some((scope) => scopes.has(scope)) ? undefined : 'scope_missing'))
  }
  if (allScopes !== undefined) {
    const wanted = checkTexts(`${option}.allScopes`, allScopes)
    tests.push(({ scopes }) => (wanted.every((scope) => scopes.has(scope)) ? undefined : 'scope_missing'))
  }
  return (principal) => {
    for (const test of tests) {
      const denial = test(principal)
      if (denial !== undefined) return denial
    }
    return undefined
  }
}

/** The schemes of the principals that a policy could permit; `undefined`: it leaves that open. */
function schemesOf(policy: NestedPolicy): ReadonlySet<SchemeName> | undefined {
  if (policy === 'authenticated') return undefined
  if ('allOf' in policy) return policy.allOf.map(schemesOf).find((schemes) => schemes !== undefined)
  if ('anyOf' in policy) {
    const parts = policy.anyOf.map(schemesOf)
    return parts.includes(undefined) ? undefined : new Set(parts.flatMap((schemes) => [...(schemes ?? [])]))
  }
  const scheme = policy.scheme ?? (asksForStepUp(policy) ? 'bearer' : undefined)
  if (scheme === undefined) return undefined
  return new Set<SchemeName>(policy.actor === undefined ? [scheme] : [scheme, ...actorSchemes(policy.actor)])
}

/** An actor is always the service: the one that signed the request, or whose connection it is. */
function actorSchemes({ scheme }: PrincipalRequirement): readonly SchemeName[] {
  return scheme === undefined ? ['mtls', 'hmac'] : [scheme]
}

type NameList = 'anyRole' | 'allRoles' | 'anyScope' | 'allScopes'

function namesIn(policy: NestedPolicy, ...lists: readonly NameList[]): string[] {
  if (policy === 'authenticated') return []
  if ('anyOf' in policy) return policy.anyOf.flatMap((part) => namesIn(part, ...lists))
  if ('allOf' in policy) return policy.allOf.flatMap((part) => namesIn(part, ...lists))
  return lists.flatMap((list) => [...(policy[list] ?? []), ...(policy.actor?.[list] ?? [])])
}
