import { type AuditLogger, type Clock, ConfigurationError, type RevocationStore, systemClock } from '@countersign/core'
import { checkBoolean, checkInteger, checkMembers, checkNumber, checkTexts } from '@countersign/core/issuance'
import pino from 'pino'
import type { ExchangeRule } from './exchange.js'
import type { SigningKeySource } from './keys/signing-key.js'
import { checkIssuer, checkMetadata } from './metadata.js'
import { checkRefreshOptions, type RefreshOptions, type RefreshSettings } from './refresh/settings.js'

export interface TokenIssuerOptions {
  /** `iss`: an https URL without query and fragment (RFC 8414 section 2); http on loopback. */
  readonly issuer: string
  /** Whom tokens may be for: the names by which services know themselves. */
  readonly audiences: readonly string[]
  /** `signingKeyFile(path, {…})`, `memorySigningKeys()`. */
  readonly keys: SigningKeySource
  /** The life of an access token, 1-3600. Default 300. */
  readonly accessTokenSeconds?: number
  /** The life of a service's token, 1-3600. Default 300. */
  readonly serviceTokenSeconds?: number
  /** Sessions with refresh tokens. Absent: there are none. */
  readonly refresh?: RefreshOptions
  /** Who may exchange a token that they received for one that they send on. Absent: nobody. */
  readonly exchange?: readonly ExchangeRule[]
  /**
   * Where the end of a session is told, so that its access tokens end with it: the store that the verifiers ask. Required with `refresh`;
   * `null` lets them live until they expire.
   */
  readonly revocation?: RevocationStore | null
  /** How long its answer is waited for, 0.001-60. Default 1. */
  readonly revocationTimeoutSeconds?: number
  /** How long verifiers may keep the JWK Set, 1-86400. Default 300. */
  readonly jwksMaxAgeSeconds?: number
  /** Further members of the metadata document (RFC 8414 section 2), as `token_endpoint`. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Takes an `http:` issuer beyond loopback. */
  readonly allowInsecureHttp?: boolean
  /** Where attempts are written. Absent: pino on stdout. `null`: nowhere. */
  readonly audit?: AuditLogger | null
  /** For tests. */
  readonly clock?: Clock
}

export interface IssuerSettings {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly keys: SigningKeySource
  readonly accessTokenSeconds: number
  readonly serviceTokenSeconds: number
  readonly refresh: RefreshSettings | undefined
  readonly exchange: readonly ExchangeRule[] | undefined
  readonly revocation: RevocationStore | null
  readonly revocationTimeoutSeconds: number
  readonly jwksMaxAgeSeconds: number
  readonly metadata: Readonly<Record<string, unknown>>
  readonly audit: AuditLogger | null
  readonly clock: Clock
}

const MEMBERS: readonly string[] = [
  'issuer',
  'audiences',
  'keys',
  'accessTokenSeconds',
  'serviceTokenSeconds',
  'refresh',
  'exchange',
  'revocation',
  'revocationTimeoutSeconds',
  'jwksMaxAgeSeconds',
  'metadata',
  'allowInsecureHttp',
  'audit',
  'clock',
] satisfies readonly (keyof TokenIssuerOptions)[]

/** @throws {ConfigurationError} naming the option */
export function checkIssuerOptions(options: TokenIssuerOptions): IssuerSettings {
  checkMembers('options', options, MEMBERS)
  const { keys, clock = systemClock, allowInsecureHttp = false } = options
  const issuer = checkIssuer('issuer', options.issuer, checkBoolean('allowInsecureHttp', allowInsecureHttp))
  const audiences = checkTexts('audiences', options.audiences)
  if (typeof keys?.open !== 'function') throw new ConfigurationError('keys', 'is required: signingKeyFile(path, {…})')
  if (typeof clock !== 'function') throw new ConfigurationError('clock', 'must be a function')
  const refresh = options.refresh === undefined ? undefined : checkRefreshOptions('refresh', options.refresh)
  return {
    issuer,
    audiences,
    keys,
    clock,
    accessTokenSeconds: checkInteger('accessTokenSeconds', options.accessTokenSeconds ?? 300, 1, 3600),
    serviceTokenSeconds: checkInteger('serviceTokenSeconds', options.serviceTokenSeconds ?? 300, 1, 3600),
    refresh,
    exchange: options.exchange,
    revocation: checkRevocation(options.revocation, refresh !== undefined),
    revocationTimeoutSeconds: checkNumber('revocationTimeoutSeconds', options.revocationTimeoutSeconds ?? 1, 0.001, 60),
    jwksMaxAgeSeconds: checkInteger('jwksMaxAgeSeconds', options.jwksMaxAgeSeconds ?? 300, 1, 86_400),
    metadata: checkMetadata('metadata', options.metadata),
    audit: checkAudit(options.audit),
  }
}

function checkRevocation(store: RevocationStore | null | undefined, isRequired: boolean): RevocationStore | null {
  if (store === undefined && isRequired)
    throw new ConfigurationError(
      'revocation',
      'is required with refresh; null, written out, lets access tokens outlive their session',
    )
  if (store === undefined || store === null) return null
  if (typeof store.revoke !== 'function' || typeof store.isRevoked !== 'function')
    throw new ConfigurationError('revocation', 'must be a store that can be told: memoryRevocation()')
  return store
}

function checkAudit(audit: AuditLogger | null | undefined): AuditLogger | null {
  if (audit === undefined) return pino()
  if (audit === null) return null
  for (const level of ['info', 'warn', 'error'] as const) {
    if (typeof audit[level] !== 'function')
      throw new ConfigurationError('audit', `must be a pino logger or null; it has no ${level}()`)
  }
  return audit
}
