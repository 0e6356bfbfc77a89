import { checkInteger, checkMembers } from '../options.js'
import {
  type KeptRevocation,
  mergeRevocations,
  type RevocationKind,
  readRevocation,
  revocationNames,
  revokes,
} from './entry.js'
import { type RevocableCredentials, type RevocationEntry, RevocationError, type RevocationStore } from './revocation.js'

export interface MemoryRevocationOptions {
  /** How many entries are kept at most. Default 100 000. */
  readonly maxEntries?: number
}

/** A store that answers without waiting. */
export interface MemoryRevocation extends RevocationStore {
  revoke(entry: RevocationEntry): void
  isRevoked(credentials: RevocableCredentials, now: number): boolean
}

/**
 * Remembers in this process what was revoked: other processes have to be told as well, and a restart forgets. Bounded: when it is full of
 * entries that still matter `revoke` throws, for forgetting one would let a revoked token in again. Answers without waiting.
 *
 * @throws {ConfigurationError} a number that is none or out of bounds, an unknown option
 */
export function memoryRevocation(options: MemoryRevocationOptions = {}): MemoryRevocation {
  checkMembers('memoryRevocation', options, ['maxEntries'])
  const maxEntries = checkInteger('memoryRevocation.maxEntries', options.maxEntries ?? 100_000, 1, 16_000_000)
  return new MemoryEntries(maxEntries)
}

const PURGE_SECONDS = 60

interface Kept extends KeptRevocation {
  readonly kind: RevocationKind
}

class MemoryEntries implements MemoryRevocation {
  readonly #maxEntries: number
  readonly #entries = new Map<string, Kept>()
  /** How many of each kind: what was never revoked need not be looked for. */
  readonly #counts: Record<RevocationKind, number> = {
    jti: 0,
    sid: 0,
    sub: 0,
    'mtls key': 0,
    'hmac key': 0,
    'bearer key': 0,
  }
  readonly #isKept = (kind: RevocationKind) => this.#counts[kind] > 0
  /** By the clock of the verifier that asked last. */
  #now = Number.NEGATIVE_INFINITY
  #purgedAt = Number.NEGATIVE_INFINITY
  /** What ended up to here may have been forgotten. */
  #forgotten = Number.NEGATIVE_INFINITY

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  revoke(entry: RevocationEntry): void {
    const { kind, name, ...kept } = readRevocation(entry)
    if (this.#now - this.#purgedAt >= PURGE_SECONDS || this.#entries.size >= this.#maxEntries) this.#purge()
    const earlier = this.#entries.get(name)
    if (earlier === undefined) {
      if (this.#entries.size >= this.#maxEntries) throw new RevocationError('The store is full of live entries')
      this.#counts[kind]++
    }
    this.#entries.set(name, { kind, ...mergeRevocations(kept, earlier) })
  }

  isRevoked(credentials: RevocableCredentials, now: number): boolean {
    this.#now = now
    // A clock that was set back asks for a time whose entries are gone: what cannot be known is not let in.
    if (now <= this.#forgotten) throw new RevocationError('The clock went back beyond what is remembered')
    if (this.#entries.size === 0) return false
    for (const name of revocationNames(credentials, this.#isKept)) {
      const kept = this.#entries.get(name)
      if (kept !== undefined && revokes(kept, credentials.issuedAt, now)) return true
    }
    return false
  }

  #purge(): void {
    this.#purgedAt = this.#now
    for (const [name, { kind, expiresAt }] of this.#entries) {
      if (this.#now <= expiresAt) continue
      this.#forgotten = Math.max(this.#forgotten, expiresAt)
      this.#entries.delete(name)
      this.#counts[kind]--
    }
  }
}
