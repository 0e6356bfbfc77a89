import { hash } from 'node:crypto'
import { ConfigurationError } from '../errors.js'
import { unused, type VerificationKey } from '../key.js'
import { openHmacKey } from '../keys/hmac-key.js'
import { type HmacKeySet, HmacKeySetBuilder, type OpenHmacKey } from '../keys/hmac-key-set.js'
import { checkEntry, checkFrame, checkSigningKey, importPublicHalf } from './check.js'
import { type KeyEncryptionKey, openSecret } from './seal.js'
import type { Slices } from './slices.js'

/** All the keys of one document at one time: taken whole, never changed. */
export interface Snapshot {
  readonly hmac: HmacKeySet
  /** The public halves of signing keys. */
  readonly verification: readonly VerificationKey[]
  /** What each key was made of, so that one that did not change stays the same object, and tokens verified with it stay verified. */
  readonly origins: Origins
}

interface Origins {
  readonly hmac: ReadonlyMap<string, Origin<OpenHmacKey>>
  readonly verification: ReadonlyMap<string, Origin<VerificationKey>>
}

interface Origin<K> {
  /** SHA-256 of the entry. */
  readonly digest: string
  readonly key: K
}

/**
 * Makes keys of a document, all of them or none.
 *
 * @param document - the parsed key file, unchecked
 * @param readKeks - called where a secret has to be opened
 * @param slices - given: the event loop takes a turn between slices
 * @throws {ConfigurationError} all that `parseKeyFile` refuses, and secrets that do not open, are too short, or are one key to HMAC
 */
export async function openSnapshot(
  document: unknown,
  previous: Snapshot | undefined,
  readKeks: () => readonly KeyEncryptionKey[],
  slices: Slices,
): Promise<Snapshot> {
  const opening = new Opening(document, previous, readKeks)
  while (opening.step()) if (slices.isOver) await slices.next()
  return opening.finish()
}

/** The same at one go. */
export function openSnapshotNow(document: unknown, readKeks: () => readonly KeyEncryptionKey[]): Snapshot {
  const opening = new Opening(document, undefined, readKeks)
  let isMore = true
  while (isMore) isMore = opening.step()
  return opening.finish()
}

class Opening {
  readonly #entries: readonly unknown[]
  readonly #signingKeys: readonly unknown[]
  readonly #previous: Origins | undefined
  readonly #readKeks: () => readonly KeyEncryptionKey[]
  readonly #builder = new HmacKeySetBuilder()
  readonly #hmac = new Map<string, Origin<OpenHmacKey>>()
  readonly #verification = new Map<string, Origin<VerificationKey>>()
  #keks: readonly KeyEncryptionKey[] | undefined
  #next = 0

  constructor(document: unknown, previous: Snapshot | undefined, readKeks: () => readonly KeyEncryptionKey[]) {
    const { keys, signingKeys } = checkFrame(document)
    this.#entries = keys
    this.#signingKeys = signingKeys
    this.#previous = previous?.origins
    this.#readKeks = readKeks
  }

  /** Opens the next key. `false`: there is none. */
  step(): boolean {
    const index = this.#next++
    if (index < this.#entries.length) {
      this.#openEntry(`keys[${index}]`, this.#entries[index])
      return true
    }
    const signing = index - this.#entries.length
    if (signing >= this.#signingKeys.length) return false
    this.#openSigningKey(`signingKeys[${signing}]`, this.#signingKeys[signing])
    return true
  }

  finish(): Snapshot {
    return Object.freeze({
      hmac: this.#builder.build(),
      verification: Object.freeze([...this.#verification.values()].map(({ key }) => key)),
      origins: { hmac: this.#hmac, verification: this.#verification },
    })
  }

  #openEntry(option: string, value: unknown): void {
    const { key: entry, terms } = checkEntry(option, value)
    const earlier = this.#previous?.hmac.get(entry.id)
    const digest = digestOf(entry)
    let key = earlier?.key
    if (key === undefined || earlier?.digest !== digest) {
      const secret = openSecret(`${option}.secret`, entry.secret, entry, this.#openKeks())
      const use = key !== undefined && key.principal.id === entry.client ? key.use : undefined
      key = openHmacKey(option, { ...terms, secret }, use)
    }
    this.#builder.add(option, key)
    this.#hmac.set(entry.id, { digest, key })
  }

  #openSigningKey(option: string, value: unknown): void {
    const { key: entry, terms } = checkSigningKey(option, value)
    if (this.#verification.has(terms.kid))
      throw new ConfigurationError(`${option}.kid`, `is ${terms.kid}, as of another key`)
    const earlier = this.#previous?.verification.get(terms.kid)
    // A private half that was sealed anew is no other key to a verifier.
    const digest = digestOf({ ...entry, privateKey: undefined })
    let key = earlier?.key
    if (key === undefined || earlier?.digest !== digest) {
      key = Object.freeze({ ...importPublicHalf(option, entry, terms), ...terms, use: key?.use ?? unused() })
    }
    this.#verification.set(terms.kid, { digest, key })
  }

  #openKeks(): readonly KeyEncryptionKey[] {
    this.#keks ??= this.#readKeks()
    return this.#keks
  }
}

/** Not kept as text: it holds the secret where that is not sealed. */
function digestOf(entry: object): string {
  return hash('sha256', JSON.stringify(entry), 'base64')
}
