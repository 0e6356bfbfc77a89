import { createPublicKey, type KeyObject } from 'node:crypto'
import { type Jwk, jwkThumbprint } from '@countersign/core'
import type { SigningKeySource } from '@countersign/issuer'

/** The public half of a token key as a JWK Set; `kid` is its thumbprint (RFC 7638), so that a new key has a new name. */
export function publicJwks(tokenKey: KeyObject): { readonly keys: readonly [Jwk & { readonly kid: string }] } {
  const { kty = '', crv, x, y } = createPublicKey(tokenKey).export({ format: 'jwk' })
  const kid = jwkThumbprint({ kty, crv, x, y })
  return { keys: [{ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }] }
}

/** One signing key that somebody else keeps and changes, for ES256. Keys that change by themselves: `signingKeyFile`. */
export function fixedSigningKey(tokenKey: KeyObject): SigningKeySource {
  if (tokenKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('the token key must be one on P-256')
  const { keys } = publicJwks(tokenKey)
  const { kid } = keys[0]
  return {
    open: () => ({
      current: () => ({ kid, algorithm: 'ES256', key: tokenKey }),
      published: () => keys,
      async warmup() {},
      async step() {},
      health: () => ({ ready: true, current: kid, published: 1 }),
      close() {},
    }),
  }
}
