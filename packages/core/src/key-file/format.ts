import type { HmacAlgorithm, HmacProfile, JwtAlgorithm, KeyStatus } from '../key.js'
import type { Jwk } from '../keys/jwk.js'

/** A key file, version 1: `key-file.schema.json` says the same. No other members. */
export interface KeyFile {
  readonly version: 1
  /** The shared secrets of clients. */
  readonly keys: readonly KeyFileKey[]
  /** Key pairs that tokens are signed with; at most 100. */
  readonly signingKeys?: readonly KeyFileSigningKey[]
}

/** When a key may be used: ISO 8601 in UTC, as `2026-11-22T12:00:00Z`; both ends are included. */
export interface KeyFileWindow {
  readonly status?: KeyStatus
  readonly notBefore?: string
  readonly notAfter?: string
}

/** One shared secret, in the words of `keyRing`. */
export interface KeyFileKey extends KeyFileWindow {
  readonly id: string
  readonly client: string
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
  readonly algorithm?: HmacAlgorithm
  readonly profile?: HmacProfile
  readonly secret: StoredSecret
  readonly allowWeakSecret?: boolean
  readonly methods?: readonly string[]
  readonly paths?: readonly string[]
  readonly refuseRepeats?: boolean
}

/** One key pair. A verifier's copy needs no private half. */
export interface KeyFileSigningKey extends KeyFileWindow {
  readonly kid: string
  readonly algorithm: AsymmetricAlgorithm
  readonly publicJwk: Jwk
  /** PKCS #8, in DER. */
  readonly privateKey?: StoredSecret
}

export type AsymmetricAlgorithm = Exclude<JwtAlgorithm, 'HS256' | 'HS384' | 'HS512'>

/** Secret bytes as they stand in a file: in the clear, or sealed. base64url without padding. */
export type StoredSecret = { readonly base64url: string } | { readonly encrypted: EncryptedSecret }

/** AES-256-GCM (NIST SP 800-38D): a nonce of 12 bytes, a tag of 16. */
export interface EncryptedSecret {
  readonly algorithm: 'A256GCM'
  /** The id of the key-encryption key. */
  readonly kek: string
  readonly iv: string
  readonly ciphertext: string
  readonly tag: string
}
