import type { AuditLogger, Clock, RevocationStore } from '@countersign/core'
import { createTokenIssuer, memoryRefreshStore, type SessionTokens, type TokenIssuer } from '@countersign/issuer'
import type { Method } from '../login/authenticate.js'
import type { GatewayOptions } from '../options.js'
import type { User } from '../users/user.js'

/** The client that users log in with. No user can have this name (`:`), as RFC 9700 section 4.15 asks. */
export const CLIENT_ID = 'web:gateway'
/** Who takes the access tokens: this service, and the one that it passes them on to. */
const AUDIENCE = ['gateway', 'orders']

/** How strongly somebody authenticated: a password alone, or with a second factor. Private names, for `acr` in policies. */
export const ACR: Readonly<Record<'password' | 'twoFactors', string>> = {
  password: 'urn:example:acr:password',
  twoFactors: 'urn:example:acr:two-factors',
}

const ACCESS_TOKEN_SECONDS = 300
/** NIST SP 800-63B-4 section 2.2.3, for two factors: again after an hour without use, and after a day in any case. */
const IDLE_SECONDS = 3600
const ABSOLUTE_SECONDS = 86_400

export interface IssuerParts extends GatewayOptions {
  readonly revocation: RevocationStore
  readonly clock: Clock
  readonly log: GatewayOptions['log'] & AuditLogger
}

/** Issues the tokens of sessions, and exchanges them for tokens that inventory takes (RFC 8693). */
export function gatewayIssuer({
  issuer,
  signingKeys,
  users,
  refreshStore,
  revocation,
  clock,
  log,
}: IssuerParts): TokenIssuer {
  return createTokenIssuer({
    issuer,
    audiences: [...AUDIENCE, 'inventory'],
    keys: signingKeys,
    accessTokenSeconds: ACCESS_TOKEN_SECONDS,
    refresh: {
      store: refreshStore ?? memoryRefreshStore(),
      idleSeconds: IDLE_SECONDS,
      absoluteSeconds: ABSOLUTE_SECONDS,
      // Asked at each refresh: a role that was taken away is gone with the next token, a user who is gone with the session.
      entitlements: async ({ subject }) => {
        const user = await users.find(subject)
        return user === undefined ? null : { roles: user.roles }
      },
    },
    exchange: [{ actor: 'gateway', targets: ['inventory'] }],
    revocation,
    audit: log,
    clock,
  })
}

/** Starts a session for a user who has just shown who they are. */
export function startSession(
  issuer: TokenIssuer,
  { name, roles }: User,
  methods: readonly Method[],
  now: number,
): Promise<SessionTokens> {
  const twoFactors = methods.includes('otp')
  return issuer.startSession({
    subject: name,
    clientId: CLIENT_ID,
    audience: AUDIENCE,
    roles,
    authTime: Math.floor(now),
    acr: twoFactors ? ACR.twoFactors : ACR.password,
    amr: twoFactors ? [...methods, 'mfa'] : methods,
  })
}
