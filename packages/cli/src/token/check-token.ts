import { CredentialError, type DenyReason } from '@countersign/core'
import {
  checkClaims,
  checkTimes,
  checkType,
  JWT_ALGORITHMS,
  parseObject,
  parseToken,
  type UnverifiedToken,
} from '@countersign/core/inspect'

/** What is asked of a token. Absent: not compared. */
export interface TokenRules {
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  readonly algorithms?: readonly string[] | undefined
  readonly tokenType: 'any' | 'at+jwt'
  readonly skewSeconds: number
  readonly maxAgeSeconds: number | null
}

/** A token taken apart. Nothing of it is verified. */
export interface TakenApart {
  readonly token?: UnverifiedToken
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  /** For what it would be refused, whoever signed it. */
  readonly reasons: readonly DenyReason[]
}

/** Takes a token apart and asks core's checks one by one, so that every reason is found and not the first alone. */
export function checkToken(compact: string, rules: TokenRules, now: number): TakenApart {
  const reasons: DenyReason[] = []
  const ask = <T>(check: () => T): T | undefined => {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error
      if (!reasons.includes(error.reason)) reasons.push(error.reason)
      return undefined
    }
  }
  const token = ask(() => parseToken(compact))
  if (token === undefined) return { ...peek(compact), reasons }
  const { header } = peek(compact)
  const { alg } = token.header
  if (!JWT_ALGORITHMS.some((name) => name === alg) || rules.algorithms?.includes(alg) === false)
    reasons.push('algorithm_not_allowed')
  ask(() => checkType(token.header, rules.tokenType))
  const claims = ask(() => parseObject(token.payload))
  if (claims === undefined) return { token, ...(header === undefined ? {} : { header }), reasons }

  const { issuer = null, audience = null, skewSeconds, maxAgeSeconds } = rules
  const none = { issuer: null, audience: null, tokenType: 'any', expiryRequired: false } as const
  const only = (...names: readonly string[]) =>
    Object.fromEntries(Object.entries(claims).filter(([name]) => names.includes(name)))
  const subject = { sub: 'somebody' }
  ask(() => checkClaims({ ...subject, ...only('iss') }, { ...none, issuer }))
  ask(() => checkClaims({ ...subject, ...only('aud') }, { ...none, audience }))
  ask(() => checkClaims(only('sub'), none))
  ask(() => checkClaims({ ...subject, ...only('jti') }, none))
  for (const name of ['exp', 'nbf', 'iat']) {
    const checked = ask(() => checkClaims({ ...subject, ...only(name) }, { ...none, expiryRequired: name === 'exp' }))
    if (checked === undefined) continue
    ask(() => checkTimes(checked, now, { skewSeconds, maxAgeSeconds: name === 'iat' ? maxAgeSeconds : null }))
  }
  return { token, ...(header === undefined ? {} : { header }), claims, reasons }
}

/** What can be read of a token that may be none. */
function peek(compact: string): Pick<TakenApart, 'header' | 'claims'> {
  const [header, claims] = compact.split('.').map((segment) => {
    try {
      const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString())
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
    } catch {
      return undefined
    }
  })
  return { ...(header === undefined ? {} : { header }), ...(claims === undefined ? {} : { claims }) }
}
