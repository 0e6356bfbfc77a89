import { readFile, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigurationError, keyRing } from '@countersign/core'
import {
  type KeyEncryptionKey,
  type KeyFile,
  KeyFileLockedError,
  lockKeyFile,
  type StoredSecret,
  sealSecret,
  toKeyRingEntry,
  toPrivateKey,
  writeKeyFile,
} from '@countersign/core/key-file'
import { FailedError } from '../errors.js'
import { fileError } from '../files.js'
import type { Io } from '../io.js'
import { isAboutSealing, type KeyFileArgs, kekIdsOf, parse, readKek } from './key-file-args.js'

export interface EditArgs extends KeyFileArgs {
  readonly keyFile: string
}

/** What a change gets. */
export interface Edit {
  readonly file: KeyFile
  /** Seals a secret, where a key-encryption key is given. */
  readonly store: (secret: Uint8Array, owner: Parameters<typeof sealSecret>[1]) => StoredSecret
}

/** What a change comes to. */
export interface Change<T> {
  readonly file: KeyFile
  readonly result: T
  /** Takes back what was done beside the file, where the file cannot be written. */
  readonly undo?: () => Promise<void>
}

const EMPTY: KeyFile = { version: 1, keys: [] }
const LOCK_SECONDS = 10

/**
 * Changes a key file: one writer at a time, checked whole, put in place by a rename. Where `change` throws, nothing is written.
 *
 * @param mayCreate - where there is none, begin with an empty one
 * @throws {CliError}
 */
export async function editKeyFile<T>(
  args: EditArgs,
  io: Io,
  mayCreate: boolean,
  change: (edit: Edit) => Promise<Change<T>>,
): Promise<T> {
  const named = resolve(io.cwd, args.keyFile)
  const path = await realpath(named).catch(() => named)
  const unlock = await lock(path)
  try {
    const before = await readIfThere(path, mayCreate)
    const file = before === undefined ? EMPTY : parse(before)
    const kek = await readKek(args, file, io)
    const store: Edit['store'] = (secret, owner) =>
      kek === undefined ? inTheClear(secret) : sealSecret(secret, owner, kek)
    const { file: changed, undo, result } = await change({ file, store })
    try {
      await replace(path, before, kek === undefined ? changed : sealAll(changed, kek), kek)
    } catch (error) {
      await undo?.()
      throw error
    }
    return result
  } finally {
    await unlock()
  }
}

async function replace(
  path: string,
  before: Buffer | undefined,
  file: KeyFile,
  kek: KeyEncryptionKey | undefined,
): Promise<void> {
  const present = await readIfThere(path, true)
  // An editor knows nothing of the lock.
  if (before === undefined ? present !== undefined : present?.equals(before) !== true) {
    throw new FailedError(
      'The key file was changed by somebody else in the meantime',
      'Nothing was written: run the command again.',
    )
  }
  try {
    checkOpens(file, kek)
    await writeKeyFile(path, file)
  } catch (error) {
    throw error instanceof ConfigurationError ? notAccepted(error) : fileError('The key file cannot be written', error)
  }
}

function notAccepted({ message }: ConfigurationError): FailedError {
  const next = isAboutSealing(message)
    ? 'Give the right key-encryption key by --kek-env or --kek-file.'
    : 'Nothing was written: change the options.'
  return new FailedError(`The key file would not be accepted: ${message}`, next)
}

async function lock(path: string): Promise<() => Promise<void>> {
  try {
    return await lockKeyFile(path, { waitSeconds: LOCK_SECONDS, staleSeconds: null })
  } catch (error) {
    if (!(error instanceof KeyFileLockedError)) throw fileError('The key file cannot be written', error)
    throw new FailedError(
      'Another countersign is changing the key file, or was stopped while it did',
      'If none is running, remove the file with .lock at the end of its name.',
    )
  }
}

async function readIfThere(path: string, mayCreate: boolean): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (isAbsent && mayCreate) return undefined
    throw fileError('--key-file: the file cannot be read', error)
  }
}

/**
 * Opens all that can be opened, as a service will: so that it never gets a file that it refuses. Without a key-encryption key what is sealed stays
 * closed.
 */
function checkOpens(file: KeyFile, kek: KeyEncryptionKey | undefined): void {
  const keks = kek === undefined ? [] : [kek]
  const isOpen = (stored: StoredSecret | undefined) =>
    stored !== undefined && ('base64url' in stored || stored.encrypted.kek === kek?.id)
  const entries = file.keys.filter(({ secret }) => isOpen(secret)).map((entry) => toKeyRingEntry(entry, keks))
  if (entries.length > 0) keyRing(entries)
  for (const entry of file.signingKeys ?? []) if (isOpen(entry.privateKey)) toPrivateKey(entry, keks)
}

function inTheClear(secret: Uint8Array): StoredSecret {
  return { base64url: Buffer.from(secret).toString('base64url') }
}

function sealAll(file: KeyFile, kek: KeyEncryptionKey): KeyFile {
  const sealed = (stored: StoredSecret, owner: Parameters<typeof sealSecret>[1]) =>
    'base64url' in stored ? sealSecret(Buffer.from(stored.base64url, 'base64url'), owner, kek) : stored
  return {
    ...file,
    keys: file.keys.map((entry) => ({ ...entry, secret: sealed(entry.secret, entry) })),
    ...(file.signingKeys === undefined
      ? {}
      : {
          signingKeys: file.signingKeys.map((entry) =>
            entry.privateKey === undefined ? entry : { ...entry, privateKey: sealed(entry.privateKey, entry) },
          ),
        }),
  }
}

/** @throws {FailedError} the file has sealed secrets, and there is no key to seal another with */
export function refuseClearBesideSealed(args: KeyFileArgs, file: KeyFile): void {
  if (args.kekEnv !== undefined || args.kekFile !== undefined || kekIdsOf(file).length === 0) return
  throw new FailedError(
    'The secrets of this file are encrypted, and the new one would not be',
    'Give the key-encryption key by --kek-env or --kek-file.',
  )
}
