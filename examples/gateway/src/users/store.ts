import type { User } from './user.js'

/** What is counted, one after the other, until it succeeds. */
export type FailureKind = 'login' | 'code'

/**
 * Where users are kept, with what has to outlive a restart to be worth anything: counts of failures, and the last code that was used.
 * Each method is atomic, for all processes that share the store. A store that cannot be reached rejects.
 */
export interface UserStore {
  find(name: string): Promise<User | undefined>
  /** Adds a user, or replaces the one of this name. */
  put(user: User): Promise<void>
  /** Counts one more and resolves with the new count; `undefined`, and nothing counted, where there are `most` already. */
  addFailure(name: string, kind: FailureKind, most: number): Promise<number | undefined>
  /** Takes one back that was counted and was none. */
  takeBackFailure(name: string, kind: FailureKind): Promise<void>
  clearFailures(name: string, kind: FailureKind): Promise<void>
  /** Takes a time step for a code: true once for each step, and never again for it or an earlier one (RFC 6238 section 5.2). */
  claimStep(name: string, step: number): Promise<boolean>
  ready(): Promise<boolean>
  close(): Promise<void>
}
