import type { Clock } from '@countersign/core'
import type { SessionTokens, TokenIssuer } from '@countersign/issuer'
import type { FastifyReply } from 'fastify'
import type { Authenticator } from '../login/authenticate.js'
import type { UserStore } from '../users/store.js'
import type { Cookies } from './cookies.js'

/** What the routes of login and session are made of. */
export interface SessionParts {
  readonly issuer: TokenIssuer
  readonly authenticator: Authenticator
  readonly store: UserStore
  readonly cookies: Cookies
  readonly deviceKey: Buffer
  readonly clock: Clock
}

/** The access token for the script that asked, which keeps it in memory; the refresh token in a cookie that no script reads. */
export function sendTokens(reply: FastifyReply, tokens: SessionTokens, { cookies, clock }: SessionParts): FastifyReply {
  const { accessToken, expiresInSeconds, refreshToken, refreshExpiresAt } = tokens
  cookies.setRefreshToken(reply, refreshToken, Math.max(0, Math.floor(refreshExpiresAt - clock())))
  return reply
    .header('cache-control', 'no-store')
    .send({ access_token: accessToken, token_type: 'Bearer', expires_in: expiresInSeconds })
}
