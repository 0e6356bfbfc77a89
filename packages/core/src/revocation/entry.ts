import { SCHEME_NAMES, type SchemeName } from '../principal.js'
import type { RevocableCredentials, RevocationEntry } from './revocation.js'

/*
 * What an entry says and what it revokes: the same for every store, wherever it keeps them.
 */

/** The most that a verifier may grant a token beyond its `exp`. */
const MOST_SKEW_SECONDS = 300

export type RevocationKind = 'jti' | 'sid' | 'sub' | `${SchemeName} key`

/** What is kept under a name. */
export interface KeptRevocation {
  /** NumericDate up to which, included, it is in force; skew is in it. Infinity: for ever. */
  readonly expiresAt: number
  /** NumericDate: what was issued before is revoked. Infinity: whenever it was issued. */
  readonly issuedBefore: number
}

export interface ReadRevocation extends KeptRevocation {
  readonly kind: RevocationKind
  /** No two triples of kind, issuer and id share one name. */
  readonly name: string
}

/** @throws {TypeError} an entry that is none */
export function readRevocation(entry: RevocationEntry): ReadRevocation {
  const issuedBefore = 'subject' in entry ? seconds('issuedBefore', entry.issuedBefore) : Number.POSITIVE_INFINITY
  const unending = 'keyId' in entry && entry.expiresAt === undefined
  const expiresAt = unending ? Number.POSITIVE_INFINITY : seconds('expiresAt', entry.expiresAt) + MOST_SKEW_SECONDS
  if (entry.issuer !== undefined) text('issuer', entry.issuer)
  const [kind, id] = revoked(entry)
  return { kind, name: nameOf(kind, entry.issuer, id), expiresAt, issuedBefore }
}

/** Nothing that is said later takes back what was revoked. */
export function mergeRevocations(left: KeptRevocation, right: KeptRevocation | undefined): KeptRevocation {
  if (right === undefined) return left
  return {
    expiresAt: Math.max(left.expiresAt, right.expiresAt),
    issuedBefore: Math.max(left.issuedBefore, right.issuedBefore),
  }
}

/** The names under which something may be kept that revokes these credentials. At most eight. */
export function revocationNames(
  credentials: RevocableCredentials,
  isWanted: (kind: RevocationKind) => boolean = always,
): readonly string[] {
  const { scheme, issuer, tokenId, sessionId, subject, keyId } = credentials
  const names: string[] = []
  const add = (kind: RevocationKind, id: string | undefined) => {
    if (id === undefined || !isWanted(kind)) return
    names.push(nameOf(kind, undefined, id))
    if (issuer !== undefined) names.push(nameOf(kind, issuer, id))
  }
  add('jti', tokenId)
  add('sid', sessionId)
  add('sub', subject)
  add(`${scheme} key`, keyId)
  return names
}

const always = () => true

/** Whether what is kept is in force for credentials that were issued then. */
export function revokes(
  { expiresAt, issuedBefore }: KeptRevocation,
  issuedAt: number | undefined,
  now: number,
): boolean {
  return now <= expiresAt && (issuedAt === undefined || issuedAt < issuedBefore)
}

/** The issuer's length stands before it, so that it cannot run into the id. */
function nameOf(kind: RevocationKind, issuer: string | undefined, id: string): string {
  return issuer === undefined ? `${kind} any ${id}` : `${kind} ${issuer.length} ${issuer}${id}`
}

function revoked(entry: RevocationEntry): readonly [RevocationKind, string] {
  if ('tokenId' in entry) return ['jti', text('tokenId', entry.tokenId)]
  if ('sessionId' in entry) return ['sid', text('sessionId', entry.sessionId)]
  if ('subject' in entry) return ['sub', text('subject', entry.subject)]
  if (!('keyId' in entry)) throw new TypeError('An entry names one of tokenId, sessionId, subject and keyId')
  if (!SCHEME_NAMES.includes(entry.scheme)) throw new TypeError(`scheme must be one of ${SCHEME_NAMES.join(', ')}`)
  return [`${entry.scheme} key`, text('keyId', entry.keyId)]
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
