import { ConfigurationError } from '../errors.js'
import { checkMembers, checkText } from '../options.js'
import { FrozenSet, NO_NAMES } from '../principal.js'
import { isTexts } from './claims.js'

/**
 * Where a claim stands: its name (`roles`, `https://example.com/roles`), a dotted path into nested objects (`realm_access.roles`), or the
 * path as a list, where a name has a dot of its own (`['resource_access', 'my.app', 'roles']`). Where several paths may be given, in a list
 * as well, such a path stands in a list of its own: `[['resource_access', 'my.app', 'roles']]`. Without it three claims are meant.
 */
export type ClaimPath = string | readonly string[]

export interface RoleRules {
  readonly roles: readonly ClaimPath[]
  readonly scope: ScopeClaim
}

/** A claim with space-delimited scopes (RFC 6749 section 3.3), or, spoken aloud, one with a list of them. */
export type ScopeClaim = string | { readonly list: string }

export function checkRoleRules(
  option: string,
  roles: ClaimPath | readonly ClaimPath[] | undefined,
  scope: ScopeClaim | undefined,
): RoleRules {
  return {
    roles: checkPaths(`${option}.roles`, roles ?? 'roles'),
    scope: checkScope(`${option}.scope`, scope ?? 'scope'),
  }
}

function checkPaths(option: string, paths: ClaimPath | readonly ClaimPath[]): readonly ClaimPath[] {
  if (typeof paths === 'string') return [checkText(option, paths)]
  if (!Array.isArray(paths) || paths.length === 0) throw new ConfigurationError(option, 'must name at least one claim')
  for (const [index, path] of paths.entries()) {
    const steps = Array.isArray(path) ? path : [path]
    if (steps.length === 0) throw new ConfigurationError(`${option}[${index}]`, 'must name a claim')
    for (const step of steps) checkText(`${option}[${index}]`, step)
  }
  return paths
}

function checkScope(option: string, scope: ScopeClaim): ScopeClaim {
  if (typeof scope === 'string') return checkText(option, scope)
  checkMembers(option, scope, ['list'])
  checkText(`${option}.list`, scope.list)
  return scope
}

/**
 * The roles of a Claims Set: each element of a list exactly as it stands, a lone string as one role. Never a substring, never split.
 * A claim of another form grants nothing.
 */
export function rolesOf(claims: Readonly<Record<string, unknown>>, rules: RoleRules): ReadonlySet<string> {
  let names: readonly string[] = []
  for (const path of rules.roles) {
    const claim = claimAt(claims, path)
    if (typeof claim === 'string') names = [...names, claim]
    else if (isTexts(claim)) names = names.length === 0 ? claim : [...names, ...claim]
  }
  return names.length === 0 ? NO_NAMES : new FrozenSet(names)
}

/** The scopes of a Claims Set (RFC 8693 section 4.2). A claim of another form than the configured one grants nothing. */
export function scopesOf(claims: Readonly<Record<string, unknown>>, { scope }: RoleRules): ReadonlySet<string> {
  if (typeof scope === 'string') {
    const claim = claimAt(claims, scope)
    return typeof claim === 'string' ? scopesIn(claim) : NO_NAMES
  }
  const claim = claimAt(claims, scope.list)
  return isTexts(claim) && claim.length > 0 ? new FrozenSet(claim) : NO_NAMES
}

/** One client asks for the same scopes again and again: made once, found by their text. */
const scopeSets = new Map<string, ReadonlySet<string>>()
const MOST_SCOPE_SETS = 256
const LONGEST_KEPT = 512

/** Delimited by single spaces; an empty piece between two is no scope. */
function scopesIn(text: string): ReadonlySet<string> {
  let scopes = scopeSets.get(text)
  if (scopes !== undefined) return scopes
  scopes = new FrozenSet(text.split(' ').filter((name) => name !== ''))
  if (text.length > LONGEST_KEPT) return scopes
  if (scopeSets.size >= MOST_SCOPE_SETS) scopeSets.clear()
  scopeSets.set(text, scopes)
  return scopes
}

/** Own members only: no claim is found on a prototype. A name that stands there whole goes before a dotted path. */
function claimAt(claims: Readonly<Record<string, unknown>>, path: ClaimPath): unknown {
  if (typeof path === 'string' && (Object.hasOwn(claims, path) || !path.includes('.'))) return own(claims, path)
  let value: unknown = claims
  for (const step of typeof path === 'string' ? path.split('.') : path) value = own(value, step)
  return value
}

function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
