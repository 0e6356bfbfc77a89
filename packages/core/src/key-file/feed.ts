import type { HmacKeySource, VerificationKeySource } from '../key.js'
import type { Slices } from './slices.js'

/** A document of keys as a source: of HMAC keys by itself, of verification keys by the public halves of its `signingKeys`. */
export interface KeyDocumentSource extends HmacKeySource {
  /** For `keys` of an issuer. Signing keys of an algorithm that the issuer does not list are left out. */
  readonly verificationKeys: VerificationKeySource
}

/** Where a document of keys comes from, again and again. */
export interface KeyFeed {
  /** For messages: `key file /etc/keys.json`. */
  readonly name: string
  /**
   * The document, parsed and unchecked; `undefined` where it is the one that was read last.
   *
   * @param again - read it even so: the last one was not taken
   * @throws {ConfigurationError | KeyFeedError} with a message that names no value of it
   */
  read(again: boolean, slices: Slices): Promise<unknown>
  /** Calls `changed` whenever it may be worth reading again. Returns what ends that. Keeps no process alive. */
  watch(changed: () => void): () => void
}

/** A document of keys could not be had. Its message may be told to anybody. */
export class KeyFeedError extends Error {
  override readonly name = 'KeyFeedError'
}
