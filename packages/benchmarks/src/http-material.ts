import { randomBytes } from 'node:crypto'
import { makeToken, makeTokenKey } from './material.js'

/** The issuer of the HS256 tokens: one issuer never has both kinds of key. */
export const SHARED_SECRET_ISSUER = 'https://legacy.test'

/** What servers and the load generator must agree on; plain data, for it goes from process to process. */
export interface HttpMaterial {
  readonly publicPem: string
  readonly publicJwk: object
  readonly tokenSecret: string
  readonly macSecret: string
  readonly tokens: Readonly<Record<'RS256' | 'HS256', readonly string[]>>
}

const REPEATED_TOKENS = 100

export function makeHttpMaterial(): HttpMaterial {
  const rsa = makeTokenKey('RS256')
  const shared = makeTokenKey('HS256')
  const repeated = Array.from({ length: REPEATED_TOKENS })
  return {
    publicPem: rsa.verifying.export({ type: 'spki', format: 'pem' }).toString(),
    publicJwk: { ...rsa.verifying.export({ format: 'jwk' }), kid: 'key-1', alg: 'RS256', use: 'sig' },
    tokenSecret: shared.verifying.export().toString('hex'),
    macSecret: randomBytes(32).toString('hex'),
    tokens: {
      RS256: repeated.map(() => makeToken(rsa)),
      HS256: repeated.map(() => makeToken(shared, { iss: SHARED_SECRET_ISSUER })),
    },
  }
}
