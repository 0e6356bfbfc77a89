import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { publicJwks } from '@countersign-example/gateway'
import jwt from 'jsonwebtoken'
import type { Proofs } from './proofs.js'
import type { TourTarget } from './target.js'
import type { TokenName } from './tour.js'

export type Tokens = Readonly<Record<TokenName, string>>

/** The trace of what is done before the walk: its records are expected, and belong to no row. */
export const PREPARATION_TRACE_ID: string = '1'.padStart(32, '0')

/** Gets the good tokens from the gateway and makes the bad ones, each wrong in one point only. */
export async function gatherTokens(
  { urls, issuer, keys }: TourTarget,
  proofs: Proofs,
): Promise<Omit<Tokens, 'browser'>> {
  const key = createPrivateKey(keys.tokenKey)
  const { kid } = publicJwks(key).keys[0]
  const now = Math.floor(Date.now() / 1000)
  const good = { iss: issuer, sub: 'ada', aud: ['gateway', 'orders'], roles: ['buyer'], iat: now, exp: now + 300 }
  const sign = (claims: object, by: KeyObject = key): string => {
    return jwt.sign({ ...good, ...claims }, by, { algorithm: 'ES256', keyid: kid })
  }
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const logIn = (user: 'ada' | 'rob' | 'root'): Promise<string> => {
    const code = user === 'root' ? ({ code: 'fresh' } as const) : {}
    return askForToken(urls.gateway, proofs.body({ user, password: 'right', ...code }))
  }
  const ada = await logIn('ada')
  const [header, , signature] = ada.split('.')
  return {
    ada,
    rob: await logIn('rob'),
    root: await logIn('root'),
    garbage: 'not-a-token',
    expired: sign({ iat: now - 7200, exp: now - 3600 }),
    'not-yet-valid': sign({ nbf: now + 86_400, exp: now + 90_000 }),
    'other-audience': sign({ aud: 'billing' }),
    'other-issuer': sign({ iss: 'https://elsewhere.example' }),
    'alg-none': `${encode({ alg: 'none', typ: 'JWT', kid })}.${encode(good)}.`,
    forged: sign({}, stranger),
    edited: `${header}.${encode({ ...good, roles: ['admin'] })}.${signature}`,
  }
}

async function askForToken(gatewayUrl: string, body: string): Promise<string> {
  const answer = await fetch(`${gatewayUrl}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${PREPARATION_TRACE_ID}-00f067aa0ba902b7-01` },
    body,
  })
  const reply: unknown = await answer.json()
  if (typeof reply === 'object' && reply !== null && 'access_token' in reply) return String(reply.access_token)
  throw new Error(`the gateway let a user of the demo not in: status ${answer.status}`)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
