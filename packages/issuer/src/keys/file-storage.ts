import { readFile, realpath } from 'node:fs/promises'
import {
  type AsymmetricAlgorithm,
  FileFeed,
  type KekSource,
  type KeyEncryptionKey,
  type KeyFile,
  KeyFileLockedError,
  type KeyFileSigningKey,
  lockKeyFile,
  parseKeyFile,
  readKeks,
  type StoredSecret,
  sealSecret,
  toPrivateKey,
  writeKeyFile,
} from '@countersign/core/key-file'
import { generateSigningKey } from './generate.js'
import { canSign, type KeyPair } from './key-set.js'
import { planStep, type Schedule, type Step } from './plan.js'
import { type KeyPairStorage, KeyStorageError } from './rotating-keys.js'

export interface FileStorageSettings {
  readonly path: string
  readonly pollSeconds: number
  /** Of new keys. */
  readonly algorithm: AsymmetricAlgorithm
  /** The first seals. `null`: nothing is sealed. */
  readonly keks: readonly KekSource[] | null
}

const EMPTY: KeyFile = { version: 1, keys: [] }
const LOCK = { waitSeconds: 5, staleSeconds: 60 }

/** A key file as the place of key pairs. Changed under its lock, after it was read again there, and put in place by a rename. */
export class FileStorage implements KeyPairStorage {
  readonly name: string
  readonly #settings: FileStorageSettings
  readonly #feed: FileFeed
  /** Each entry as text and what was made of it: one that did not change is not opened again. */
  #opened: ReadonlyMap<string, KeyPair> = new Map()

  constructor(settings: FileStorageSettings) {
    this.#settings = settings
    this.#feed = new FileFeed(settings.path, settings.pollSeconds)
    this.name = this.#feed.name
  }

  watch(changed: () => void): () => void {
    return this.#feed.watch(changed)
  }

  async advance(now: number, schedule: Schedule): Promise<readonly KeyPair[]> {
    const pairs = this.#open(parse(await this.#read()))
    return stepFor(pairs, now, schedule) === undefined ? pairs : this.#change(now, schedule)
  }

  async #change(now: number, schedule: Schedule): Promise<readonly KeyPair[]> {
    const unlock = await this.#lock()
    try {
      const before = await this.#read()
      const file = parse(before)
      const step = stepFor(this.#open(file), now, schedule)
      // Another process has been here.
      if (step === undefined) return this.#open(file)
      const changed = await this.#apply(step, file)
      // An editor knows nothing of the lock.
      if (!isSame(before, await this.#read()))
        throw new KeyStorageError('it was changed by somebody else in the meantime')
      await writeKeyFile(this.#settings.path, changed)
      // What signs is what stands there: never a key that nobody else can see.
      return this.#open(parse(await this.#read()))
    } finally {
      await unlock()
    }
  }

  async #lock(): Promise<() => Promise<void>> {
    try {
      const { path } = this.#settings
      // As `countersign keys` does: one lock for one file, by whatever link it is reached.
      return await lockKeyFile(await realpath(path).catch(() => path), LOCK)
    } catch (error) {
      throw error instanceof KeyFileLockedError ? new KeyStorageError(error.message) : unwritable(error)
    }
  }

  async #read(): Promise<Buffer | undefined> {
    try {
      return await readFile(this.#settings.path)
    } catch (error) {
      // One that was there and is gone is not begun again: its keys sign on, and a folder that is not mounted gets no others.
      if (codeOf(error) === 'ENOENT' && this.#opened.size === 0) return undefined
      throw new KeyStorageError(`it cannot be read (${codeOf(error)})`)
    }
  }

  async #apply(step: Step, { keys, signingKeys = [] }: KeyFile): Promise<KeyFile> {
    const kept = signingKeys
      .filter(({ kid }) => !step.drop.has(kid))
      .map((entry) => {
        const end = step.ends.get(entry.kid)
        return end === undefined ? entry : { ...entry, notAfter: isoMoment(end) }
      })
    const created = step.create === undefined ? [] : [await this.#newEntry(step.create)]
    return { version: 1, keys, signingKeys: [...kept, ...created] }
  }

  async #newEntry(notBefore: number): Promise<KeyFileSigningKey> {
    const { kid, algorithm, privateKey, publicJwk } = await generateSigningKey(this.#settings.algorithm)
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
    const [kek] = this.#keks()
    const stored: StoredSecret =
      kek === undefined ? { base64url: pkcs8.toString('base64url') } : sealSecret(pkcs8, { kid, algorithm }, kek)
    return { kid, algorithm, notBefore: isoMoment(notBefore), publicJwk, privateKey: stored }
  }

  #open({ signingKeys = [] }: KeyFile): readonly KeyPair[] {
    const opened = new Map<string, KeyPair>()
    for (const entry of signingKeys) {
      const text = JSON.stringify(entry)
      opened.set(text, this.#opened.get(text) ?? this.#openEntry(entry))
    }
    this.#opened = opened
    return [...opened.values()]
  }

  #openEntry(entry: KeyFileSigningKey): KeyPair {
    const { kid, algorithm, publicJwk, status, notBefore, notAfter } = entry
    return {
      kid,
      algorithm,
      publicJwk,
      status,
      notBefore: notBefore === undefined ? undefined : Date.parse(notBefore) / 1000,
      notAfter: notAfter === undefined ? undefined : Date.parse(notAfter) / 1000,
      key: entry.privateKey === undefined ? undefined : toPrivateKey(entry, this.#keks()),
    }
  }

  #keks(): readonly KeyEncryptionKey[] {
    return this.#settings.keks === null ? [] : readKeks('kek', this.#settings.keks)
  }
}

/** Only keys that can sign are on the schedule: a public half is somebody else's to rotate. */
function stepFor(pairs: readonly KeyPair[], now: number, schedule: Schedule): Step | undefined {
  return planStep(pairs.filter(canSign), now, schedule)
}

function parse(bytes: Buffer | undefined): KeyFile {
  return bytes === undefined ? EMPTY : parseKeyFile(bytes)
}

function isSame(before: Buffer | undefined, after: Buffer | undefined): boolean {
  return before === undefined ? after === undefined : after?.equals(before) === true
}

function isoMoment(seconds: number): string {
  return new Date(Math.floor(seconds * 1000)).toISOString()
}

function unwritable(error: unknown): KeyStorageError {
  return new KeyStorageError(`it cannot be written (${codeOf(error)})`)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
