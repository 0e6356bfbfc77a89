import { createRequire } from 'node:module'
import type { HmacAlgorithm, HmacProfile, Jwk, JwtAlgorithm } from '@countersign/core'

/** A secret of `packages/vectors/target.json`. */
export interface TargetHmacKey {
  readonly id: string
  readonly client: string
  readonly secretHex: string
  readonly roles: readonly string[]
  readonly profile: HmacProfile
  readonly algorithm: HmacAlgorithm
  readonly notBefore?: number
  readonly notAfter?: number
}

/** A signing key of `packages/vectors/target.json`: a key pair, or a secret. */
export type TargetJwtKey = {
  readonly issuer: string
  readonly algorithm: JwtAlgorithm
  readonly kid: string
} & ({ readonly privateJwk: Jwk; readonly publicJwk: Jwk } | { readonly secretHex: string })

export interface TargetKeys {
  readonly audience: string
  readonly issuer: string
  readonly legacyIssuer: string
  readonly hmac: readonly TargetHmacKey[]
  readonly jwt: readonly TargetJwtKey[]
}

/** The published test keys that the target accepts. */
export const TARGET_KEYS: TargetKeys = createRequire(import.meta.url)('@countersign/vectors/target.json')
