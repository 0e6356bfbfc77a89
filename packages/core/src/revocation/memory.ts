import { checkInteger, checkMembers } from '../options.js'
import { SCHEME_NAMES, type SchemeName } from '../principal.js'
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

/** The most that a verifier may grant a token beyond its `exp`. */
const MOST_SKEW_SECONDS = 300
const PURGE_SECONDS = 60

type Kind = 'jti' | 'sid' | 'sub' | `${SchemeName} key`

interface Kept {
  readonly kind: Kind
  readonly expiresAt: number
  readonly issuedBefore: number
}

class MemoryEntries implements MemoryRevocation {
  readonly #maxEntries: number
  readonly #entries = new Map<string, Kept>()
  /** How many of each kind: what was never revoked need not be looked for. */
  readonly #counts: Record<Kind, number> = { jti: 0, sid: 0, sub: 0, 'mtls key': 0, 'hmac key': 0, 'bearer key': 0 }
  /** By the clock of the verifier that asked last. */
  #now = Number.NEGATIVE_INFINITY
  #purgedAt = Number.NEGATIVE_INFINITY
  /** What ended up to here may have been forgotten. */
  #forgotten = Number.NEGATIVE_INFINITY

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  revoke(entry: RevocationEntry): void {
    const [kind, name, kept] = read(entry)
    if (this.#now - this.#purgedAt >= PURGE_SECONDS || this.#entries.size >= this.#maxEntries) this.#purge()
    const key = keyOf(kind, entry.issuer, name)
    const earlier = this.#entries.get(key)
    if (earlier === undefined) {
      if (this.#entries.size >= this.#maxEntries) throw new RevocationError('The store is full of live entries')
      this.#counts[kind]++
    }
    // Nothing that is said later takes back what was revoked.
    this.#entries.set(key, {
      kind,
      expiresAt: Math.max(kept.expiresAt, earlier?.expiresAt ?? kept.expiresAt),
      issuedBefore: Math.max(kept.issuedBefore, earlier?.issuedBefore ?? kept.issuedBefore),
    })
  }

  isRevoked(credentials: RevocableCredentials, now: number): boolean {
    const { scheme, issuer, tokenId, sessionId, subject, keyId, issuedAt } = credentials
    this.#now = now
    // A clock that was set back asks for a time whose entries are gone: what cannot be known is not let in.
    if (now <= this.#forgotten) throw new RevocationError('The clock went back beyond what is remembered')
    return (
      this.#covers('jti', issuer, tokenId, issuedAt, now) ||
      this.#covers('sid', issuer, sessionId, issuedAt, now) ||
      this.#covers('sub', issuer, subject, issuedAt, now) ||
      this.#covers(`${scheme} key`, issuer, keyId, issuedAt, now)
    )
  }

  #covers(
    kind: Kind,
    issuer: string | undefined,
    name: string | undefined,
    issuedAt: number | undefined,
    now: number,
  ): boolean {
    if (this.#counts[kind] === 0 || name === undefined) return false
    for (const key of [keyOf(kind, undefined, name), issuer === undefined ? undefined : keyOf(kind, issuer, name)]) {
      const kept = key === undefined ? undefined : this.#entries.get(key)
      if (kept === undefined || now > kept.expiresAt) continue
      if (issuedAt === undefined || issuedAt < kept.issuedBefore) return true
    }
    return false
  }

  #purge(): void {
    this.#purgedAt = this.#now
    for (const [key, { kind, expiresAt }] of this.#entries) {
      if (this.#now <= expiresAt) continue
      this.#forgotten = Math.max(this.#forgotten, expiresAt)
      this.#entries.delete(key)
      this.#counts[kind]--
    }
  }
}

/** No two triples share one key: the issuer's length stands before it. */
function keyOf(kind: Kind, issuer: string | undefined, name: string): string {
  return issuer === undefined ? `${kind} any ${name}` : `${kind} ${issuer.length} ${issuer}${name}`
}

function read(entry: RevocationEntry): readonly [Kind, string, Omit<Kept, 'kind'>] {
  const issuedBefore = 'subject' in entry ? seconds('issuedBefore', entry.issuedBefore) : Number.POSITIVE_INFINITY
  const unending = 'keyId' in entry && entry.expiresAt === undefined
  const expiresAt = unending ? Number.POSITIVE_INFINITY : seconds('expiresAt', entry.expiresAt) + MOST_SKEW_SECONDS
  if (entry.issuer !== undefined) text('issuer', entry.issuer)
  if ('tokenId' in entry) return ['jti', text('tokenId', entry.tokenId), { expiresAt, issuedBefore }]
  if ('sessionId' in entry) return ['sid', text('sessionId', entry.sessionId), { expiresAt, issuedBefore }]
  if ('subject' in entry) return ['sub', text('subject', entry.subject), { expiresAt, issuedBefore }]
  if (!('keyId' in entry)) throw new TypeError('An entry names one of tokenId, sessionId, subject and keyId')
  if (!SCHEME_NAMES.includes(entry.scheme)) throw new TypeError(`scheme must be one of ${SCHEME_NAMES.join(', ')}`)
  return [`${entry.scheme} key`, text('keyId', entry.keyId), { expiresAt, issuedBefore }]
}

function text(member: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${member} must be a non-empty string`)
  return value
}

/** Milliseconds would keep an entry for ever. */
function seconds(member: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value < 100_000_000_000))
    throw new TypeError(`${member} must be a NumericDate`)
  return value
}
