import { ConfigurationError } from '../errors.js'
import { checkTexts } from '../options.js'

/** What a role includes, role by role: `{ admin: ['orders:read', 'orders:write'] }`. Inclusion goes on: a role may include one that includes others. */
export type RoleHierarchy = Readonly<Record<string, readonly string[]>>

/**
 * Turns a hierarchy around, once: for each role, all the roles that include it.
 *
 * @throws {ConfigurationError} an empty list, or a role that includes itself in the end
 */
export class RoleIndex {
  readonly #includedBy = new Map<string, Set<string>>()

  constructor(option: string, hierarchy: RoleHierarchy) {
    if (typeof hierarchy !== 'object' || hierarchy === null || Array.isArray(hierarchy)) {
      throw new ConfigurationError(option, 'must be an object of lists')
    }
    for (const [role, included] of Object.entries(hierarchy)) checkTexts(`${option}.${role}`, included)
    for (const role of Object.keys(hierarchy)) this.#include(option, hierarchy, role, [role])
  }

  #include(option: string, hierarchy: RoleHierarchy, holder: string, path: readonly string[]): void {
    const role = path.at(-1) as string
    const members = Object.hasOwn(hierarchy, role) ? (hierarchy[role] as readonly string[]) : []
    for (const included of members) {
      if (path.includes(included)) throw new ConfigurationError(`${option}.${included}`, 'includes itself in the end')
      const holders = this.#includedBy.get(included) ?? new Set()
      holders.add(holder)
      this.#includedBy.set(included, holders)
      this.#include(option, hierarchy, holder, [...path, included])
    }
  }

  /** The role itself and every role that includes it: whoever holds one of these has it. */
  holdersOf(role: string): readonly string[] {
    return [role, ...(this.#includedBy.get(role) ?? [])]
  }
}
