import { IssuanceError } from './outcome.js'

/** How a subject authenticated, as RFC 9068 section 2.2.1 has it. */
export interface Authentication {
  /** `auth_time`, a NumericDate: when the subject proved who they are. */
  readonly authTime?: number
  /** `acr`: how strongly. */
  readonly acr?: string
  /** `amr` (RFC 8176): by what, as `['pwd', 'otp', 'mfa']`. */
  readonly amr?: readonly string[]
}

/** What a token lets its holder do. */
export interface Entitlements {
  /** The claim `roles`. */
  readonly roles?: readonly string[]
  /** The claim `scope`, one by one. */
  readonly scopes?: readonly string[]
}

/** An access token for somebody whom the caller has authenticated. */
export interface AccessTokenRequest extends Authentication, Entitlements {
  /** `sub`. */
  readonly subject: string
  /** `client_id`: the client that the token is issued to. Another name than the subject's. */
  readonly clientId: string
  /** `aud`: one or several of the issuer's `audiences`. */
  readonly audience: string | readonly string[]
  /** Further claims, as `tenant`. None that the issuer writes or a verifier decides by. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** An access token for a client itself, which the caller has authenticated (RFC 6749 section 4.4). */
export interface ServiceTokenRequest extends Entitlements {
  /** `client_id`, and `sub`. */
  readonly clientId: string
  readonly audience: string | readonly string[]
  readonly claims?: Readonly<Record<string, unknown>>
}

/** A request that was checked: what a token can be made of, and what a session can give. */
export type Grant = Omit<AccessTokenRequest, 'audience'> & { readonly audience: readonly string[] }

const MOST_NAME_LENGTH = 256
/** RFC 6749 section 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/
/** A token's own, and those by which verifiers bind or date it. */
const RESERVED: readonly string[] = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'client_id',
  'scope',
  'roles',
  'auth_time',
  'acr',
  'amr',
  'sid',
  'act',
  'may_act',
  'cnf',
]

/**
 * Checks what a token is asked for.
 *
 * @throws {TypeError} a member of the wrong form, or a claim that is not the caller's to write
 * @throws {IssuanceError} `audience_not_allowed`
 */
export function checkGrant(request: AccessTokenRequest, audiences: readonly string[]): Grant {
  const { subject, clientId, roles = [], scopes = [], authTime, acr, amr, claims = {} } = request
  checkName('subject', subject)
  checkName('clientId', clientId)
  // RFC 9068 section 5: a user of that name would be taken for the service.
  if (subject === clientId)
    throw new TypeError('subject is the name of the client: a service token is for the client itself')
  if (authTime !== undefined && !(Number.isFinite(authTime) && authTime >= 0 && authTime < 100_000_000_000))
    throw new TypeError('authTime must be a NumericDate, in seconds')
  return {
    subject,
    clientId,
    audience: checkAudience(request.audience, audiences),
    roles: checkNames('roles', roles),
    scopes: checkScopes(scopes),
    ...(authTime === undefined ? {} : { authTime: Math.floor(authTime) }),
    ...(acr === undefined ? {} : { acr: checkName('acr', acr) }),
    ...(amr === undefined ? {} : { amr: checkNames('amr', amr) }),
    claims: checkClaims(claims),
  }
}

/** As `checkGrant`, for a client itself. */
export function checkServiceGrant(request: ServiceTokenRequest, audiences: readonly string[]): Grant {
  const { clientId, roles = [], scopes = [], claims = {} } = request
  return {
    subject: checkName('clientId', clientId),
    clientId,
    audience: checkAudience(request.audience, audiences),
    roles: checkNames('roles', roles),
    scopes: checkScopes(scopes),
    claims: checkClaims(claims),
  }
}

/**
 * One or several of those that are allowed.
 *
 * @throws {TypeError} none at all
 * @throws {IssuanceError} `audience_not_allowed`
 */
export function checkAudience(audience: string | readonly string[], allowed: readonly string[]): readonly string[] {
  const list = checkNames('audience', typeof audience === 'string' ? [audience] : audience)
  if (list.length === 0) throw new TypeError('audience must name whom the token is for')
  if (!list.every((name) => allowed.includes(name))) throw new IssuanceError('audience_not_allowed')
  return list
}

export function checkScopes(scopes: readonly string[]): readonly string[] {
  const names = checkNames('scopes', scopes)
  if (!names.every((name) => SCOPE.test(name)))
    throw new TypeError('a scope has only the characters of RFC 6749 section 3.3')
  return names
}

export function checkNames(member: string, names: readonly string[]): readonly string[] {
  if (!Array.isArray(names)) throw new TypeError(`${member} must be a list`)
  for (const name of names) checkName(member, name)
  if (new Set(names).size < names.length) throw new TypeError(`${member} has a name twice`)
  // What the caller does to its list later changes no session.
  return Object.freeze([...names])
}

export function checkName(member: string, name: unknown): string {
  if (typeof name !== 'string' || name === '' || name.length > MOST_NAME_LENGTH)
    throw new TypeError(`${member} must be a text of 1 to ${MOST_NAME_LENGTH} characters`)
  return name
}

function checkClaims(claims: unknown): Readonly<Record<string, unknown>> {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw new TypeError('claims must be an object')
  const own = Object.keys(claims).find((name) => RESERVED.includes(name))
  if (own !== undefined) throw new TypeError(`claims.${own} is written by the issuer`)
  // As it will be read again, from a store or a token: a date is a text then, and a function is not there.
  return JSON.parse(JSON.stringify(claims))
}

/** The claims of a token that its grant brought along: what the issuer neither writes nor decides by. */
export function furtherClaims(claims: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !RESERVED.includes(name)))
}

/** What a token says beside its grant. */
export interface TokenTerms {
  readonly issuer: string
  /** Whole seconds. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly tokenId: string
  readonly sessionId?: string | undefined
  readonly act?: Actor | undefined
}

/** RFC 8693 section 4.1: who acts, and on behalf of whom that one acted before. */
export interface Actor {
  readonly sub: string
  readonly act?: Actor
}

/** The Claims Set of an access token (RFC 9068 section 2.2). */
export function claimsOf(grant: Grant, terms: TokenTerms): Readonly<Record<string, unknown>> {
  const { audience, roles = [], scopes = [], authTime, acr, amr } = grant
  const claims = {
    ...grant.claims,
    iss: terms.issuer,
    sub: grant.subject,
    aud: audience.length === 1 ? audience[0] : audience,
    exp: terms.expiresAt,
    iat: terms.issuedAt,
    jti: terms.tokenId,
    client_id: grant.clientId,
    scope: scopes.length === 0 ? undefined : scopes.join(' '),
    roles: roles.length === 0 ? undefined : roles,
    auth_time: authTime,
    acr,
    amr,
    sid: terms.sessionId,
    act: terms.act,
  }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}
