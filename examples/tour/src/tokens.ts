import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { publicJwks } from '@countersign-example/gateway'
import jwt from 'jsonwebtoken'
import type { TourTarget } from './target.js'
import type { TokenName } from './tour.js'

export type Tokens = Readonly<Record<TokenName, string>>

/** Gets the good tokens from the gateway and makes the bad ones, each wrong in one point only. */
export async function gatherTokens({ urls, issuer, keys }: TourTarget): Promise<Tokens> {
  const key = createPrivateKey(keys.tokenKey)
  const { kid } = publicJwks(key).keys[0]
  const now = Math.floor(Date.now() / 1000)
  const good = { iss: issuer, sub: 'ada', aud: ['gateway', 'orders'], roles: ['buyer'], iat: now, exp: now + 300 }
  const sign = (claims: object, by: KeyObject = key): string => {
    return jwt.sign({ ...good, ...claims }, by, { algorithm: 'ES256', keyid: kid })
  }
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const ada = await askForToken(urls.gateway, 'ada')
  const [header, , signature] = ada.split('.')
  return {
    ada,
    rob: await askForToken(urls.gateway, 'rob'),
    root: await askForToken(urls.gateway, 'root'),
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

async function askForToken(gatewayUrl: string, user: string): Promise<string> {
  const answer = await fetch(`${gatewayUrl}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  })
  const reply: unknown = await answer.json()
  if (typeof reply === 'object' && reply !== null && 'access_token' in reply) return String(reply.access_token)
  throw new Error(`the gateway gave out no token for ${user}: status ${answer.status}`)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
