import { ConfigurationError } from '../errors.js'
import type { JwtAlgorithm, VerificationKey } from '../key.js'
import { importJwk, type Jwk } from './jwk.js'
import { KeySet } from './static-keys.js'
import { jwkThumbprint } from './thumbprint.js'

/** A JWK Set that came from elsewhere: what of it can be used, frozen. */
export interface JwkSet {
  readonly keys: KeySet
  /** Each key by its thumbprint (RFC 7638), with what it is bound to. */
  readonly entries: readonly JwkSetEntry[]
  /** How many members were left out. */
  readonly skipped: number
  /** Why the first of them was. Names members, never their values. */
  readonly problem: string | undefined
}

export interface JwkSetEntry {
  readonly thumbprint: string
  readonly key: VerificationKey
}

/** As in a token: a longer one is never found. */
const MOST_KID_LENGTH = 256

/** The members of a document that has the form of a JWK Set (RFC 7517 section 5); `undefined` for any other. */
export function membersOf(document: unknown): readonly unknown[] | undefined {
  if (typeof document !== 'object' || document === null || !('keys' in document)) return undefined
  return Array.isArray(document.keys) ? document.keys : undefined
}

/**
 * Takes in what can be used of a JWK Set. One bad member spoils nothing but itself (RFC 7517 section 5): what is not for verifying, not of
 * the issuer's algorithms, weak, off its curve, private or secret is left out. So are keys that no token could tell apart: different
 * ones under one `kid`, and those without `kid` that are not the only one of their algorithm.
 *
 * @param previous - a key that was in it, and is the same, stays the same object: tokens verified with it need not be verified again
 */
export function openJwkSet(
  members: readonly unknown[],
  algorithms: readonly JwtAlgorithm[],
  previous: JwkSet | undefined,
): JwkSet {
  const opened: JwkSetEntry[] = []
  let problem: string | undefined
  for (const [index, member] of members.entries()) {
    try {
      opened.push(openMember(`keys[${index}]`, member, algorithms))
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      problem ??= error.message
    }
  }
  const entries = withoutAmbiguous(opened).map((entry) => previous?.entries.find((old) => isSame(old, entry)) ?? entry)
  if (entries.length < opened.length) problem ??= 'keys has several that a token could not tell apart'
  return Object.freeze({
    keys: new KeySet(
      'keys',
      entries.map(({ key }) => key),
    ),
    entries: Object.freeze(entries),
    skipped: members.length - entries.length,
    problem,
  })
}

function openMember(option: string, member: unknown, algorithms: readonly JwtAlgorithm[]): JwkSetEntry {
  // What importJwk refuses is no Jwk; what it takes is.
  const jwk = member as Jwk
  // A secret that anybody can read: it verifies what anybody can sign.
  if (jwk?.kty === 'oct') throw new ConfigurationError(`${option}.kty`, 'must not be "oct" in a set that is published')
  const key = importJwk(option, jwk, algorithms)
  if (key.kid !== undefined && key.kid.length > MOST_KID_LENGTH) {
    throw new ConfigurationError(`${option}.kid`, `is longer than ${MOST_KID_LENGTH} characters`)
  }
  return { thumbprint: jwkThumbprint(jwk), key }
}

function isSame(one: JwkSetEntry, other: JwkSetEntry): boolean {
  return (
    one.thumbprint === other.thumbprint && one.key.kid === other.key.kid && one.key.algorithm === other.key.algorithm
  )
}

function withoutAmbiguous(opened: readonly JwkSetEntry[]): readonly JwkSetEntry[] {
  const distinct = opened.filter((entry, index) => opened.findIndex((first) => isSame(first, entry)) === index)
  const named = distinct.filter(({ key }) => {
    return key.kid === undefined || distinct.every((other) => other.key === key || other.key.kid !== key.kid)
  })
  return named.filter(({ key }) => {
    return key.kid !== undefined || named.every((other) => other.key === key || other.key.algorithm !== key.algorithm)
  })
}
