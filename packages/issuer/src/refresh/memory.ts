import { checkInteger, checkMembers } from '@countersign/core/issuance'
import { type FamilyState, idleExpiresAt, judgeUse, newState, revoke } from './state.js'
import {
  type RefreshFamily,
  type RefreshOutcome,
  type RefreshStore,
  RefreshStoreError,
  type RefreshUse,
} from './store.js'

export interface MemoryRefreshStoreOptions {
  /** How many sessions are kept at most. Default 100 000. */
  readonly maxSessions?: number
}

/** A store that answers without waiting. */
export interface MemoryRefreshStore extends RefreshStore {
  start(family: RefreshFamily, now: number): void
  find(familyId: string, now: number): RefreshFamily | undefined
  use(use: RefreshUse): RefreshOutcome
  end(familyId: string, now: number): boolean
  endSubject(subject: string, now: number): readonly string[]
}

/**
 * Keeps sessions in this process: a restart ends them all, and other processes know nothing of them. Bounded: full of sessions that live it
 * starts no other.
 *
 * @throws {ConfigurationError} a number that is none or out of bounds, an unknown option
 */
export function memoryRefreshStore(options: MemoryRefreshStoreOptions = {}): MemoryRefreshStore {
  checkMembers('memoryRefreshStore', options, ['maxSessions'])
  return new MemoryFamilies(
    checkInteger('memoryRefreshStore.maxSessions', options.maxSessions ?? 100_000, 1, 10_000_000),
  )
}

const PURGE_SECONDS = 60

interface Kept {
  readonly family: RefreshFamily
  state: FamilyState
}

class MemoryFamilies implements MemoryRefreshStore {
  readonly #maxSessions: number
  readonly #families = new Map<string, Kept>()
  readonly #bySubject = new Map<string, Set<string>>()
  #purgedAt = Number.NEGATIVE_INFINITY

  constructor(maxSessions: number) {
    this.#maxSessions = maxSessions
  }

  start(family: RefreshFamily, now: number): void {
    if (now - this.#purgedAt >= PURGE_SECONDS || this.#families.size >= this.#maxSessions) this.#purge(now)
    if (this.#families.size >= this.#maxSessions) throw new RefreshStoreError('The store is full of live sessions')
    if (this.#families.has(family.id)) throw new RefreshStoreError('The store has a session of that id')
    this.#families.set(family.id, { family, state: newState(family) })
    const { subject } = family.grant
    const ids = this.#bySubject.get(subject)
    if (ids === undefined) this.#bySubject.set(subject, new Set([family.id]))
    else ids.add(family.id)
  }

  find(familyId: string, _now: number): RefreshFamily | undefined {
    return this.#families.get(familyId)?.family
  }

  use(use: RefreshUse): RefreshOutcome {
    const kept = this.#families.get(use.familyId)
    if (kept === undefined) return { outcome: 'unknown' }
    const [outcome, state] = judgeUse(kept.family, kept.state, use)
    kept.state = state
    // What ended is forgotten: no clock brings it back.
    if (outcome.outcome === 'expired') this.#forget(kept.family)
    return outcome
  }

  end(familyId: string, now: number): boolean {
    const kept = this.#families.get(familyId)
    if (kept === undefined) return false
    const isLive = !kept.state.isRevoked && now < idleExpiresAt(kept.family, kept.state)
    kept.state = revoke(kept.state)
    return isLive
  }

  endSubject(subject: string, now: number): readonly string[] {
    const ids = [...(this.#bySubject.get(subject) ?? [])]
    for (const id of ids) this.end(id, now)
    return ids
  }

  #purge(now: number): void {
    this.#purgedAt = now
    for (const { family, state } of this.#families.values())
      if (Math.max(now, state.seenAt) >= idleExpiresAt(family, state)) this.#forget(family)
  }

  #forget({ id, grant: { subject } }: RefreshFamily): void {
    this.#families.delete(id)
    const ids = this.#bySubject.get(subject)
    ids?.delete(id)
    if (ids?.size === 0) this.#bySubject.delete(subject)
  }
}
