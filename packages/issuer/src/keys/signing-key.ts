import type { KeyObject } from 'node:crypto'
import type { Clock, Jwk } from '@countersign/core'
import type { AsymmetricAlgorithm } from '@countersign/core/key-file'

/** A private key, made once, bound to one algorithm. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: AsymmetricAlgorithm
  readonly key: KeyObject
}

/** What can be told of signing keys without telling one. */
export interface SigningKeysHealth {
  /** Whether a token could be signed now. */
  readonly ready: boolean
  /** `kid` of the key that signs now. */
  readonly current?: string
  /** `kid` of the key that will sign next, and when: published, and not used yet. */
  readonly next?: string
  /** NumericDate. */
  readonly nextFrom?: number
  /** How many are published. */
  readonly published: number
  /** Why the last step of the schedule failed. Absent: it did not. */
  readonly problem?: string
}

/** The signing keys of one issuer. */
export interface SigningKeys {
  /**
   * The key that signs now.
   *
   * @throws {IssuanceError} `keys_unavailable`
   */
  current(now: number): SigningKey
  /** The public halves of all keys that a verifier may meet: the next, the current, and those before whose tokens may still live. */
  published(now: number): readonly Jwk[]
  /** Resolves when there is a key to sign with; rejects with a clear error. */
  warmup(): Promise<void>
  /** Takes the next step of the schedule, where one is due: done by itself, for tests and commands. */
  step(): Promise<void>
  health(now: number): SigningKeysHealth
  close(): void
}

export interface SigningKeysContext {
  readonly clock: Clock
  /** Where the source stands in the options, for messages. */
  readonly option: string
  /** How long a token can be accepted after it was signed: its life, and the most that clocks may differ. */
  readonly longestUseSeconds: number
  /** For how long verifiers keep a JWK Set before they ask again. */
  readonly jwksMaxAgeSeconds: number
}

/** `signingKeyFile(path, {…})` or `memorySigningKeys()`. Opened once, by `createTokenIssuer`. */
export interface SigningKeySource {
  open(context: SigningKeysContext): SigningKeys
}
