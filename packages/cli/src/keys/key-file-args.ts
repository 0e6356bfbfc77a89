import { ConfigurationError } from '@countersign/core'
import {
  type KeyEncryptionKey,
  type KeyFile,
  keyState,
  parseKeyFile,
  readKeks,
  toPrivateKey,
} from '@countersign/core/key-file'
import type { Command } from 'commander'
import { FailedError, UsageError } from '../errors.js'
import { readInput } from '../files.js'
import type { Io } from '../io.js'
import { readEnvironment } from '../secret-source.js'
import type { SigningKey } from '../token/signing-key.js'
import { windowOf } from './moments.js'

/** A key file, and what its sealed secrets are opened with. */
export interface KeyFileArgs {
  readonly keyFile?: string
  readonly kekEnv?: string
  readonly kekFile?: string
  readonly kekId?: string
}

/** @param what - what is done with the file, in words */
export function addKeyFile(command: Command, what: string, isRequired = false): Command {
  const flags = '--key-file <file>'
  return addKek(isRequired ? command.requiredOption(flags, what) : command.option(flags, what))
}

function addKek(command: Command): Command {
  return command
    .option('--kek-env <name>', 'the environment variable with the key that secrets in the file are encrypted with')
    .option('--kek-file <file>', 'the file with that key: 32 bytes in base64url')
    .option('--kek-id <id>', 'the id of that key (default: the one in the file, or main)')
}

/** @throws {FailedError} no such file, or none that can be read */
export async function readKeyFile({ keyFile }: { readonly keyFile: string }, io: Io): Promise<KeyFile> {
  return parse(await readInput('--key-file', keyFile, io))
}

export function parse(bytes: Uint8Array): KeyFile {
  try {
    return parseKeyFile(bytes)
  } catch (error) {
    // Names members and ids of the file, and no secret.
    if (error instanceof ConfigurationError)
      throw new FailedError(
        `The key file is not accepted: ${error.message}`,
        'Correct it, or go back to the file before.',
      )
    throw error
  }
}

/** The key-encryption key that is named, if any. */
export async function readKek(args: KeyFileArgs, file: KeyFile, io: Io): Promise<KeyEncryptionKey | undefined> {
  const { kekEnv, kekFile, kekId } = args
  if (kekEnv !== undefined && kekFile !== undefined)
    throw new UsageError('The key-encryption key is given twice', 'Give --kek-env or --kek-file.')
  if (kekEnv === undefined && kekFile === undefined) return undefined
  const bytes =
    kekEnv === undefined ? await readInput('--kek-file', kekFile ?? '', io) : readEnvironment('--kek-env', kekEnv, io)
  const [first, another] = kekIdsOf(file)
  if (kekId === undefined && another !== undefined)
    throw new UsageError(
      'The file has secrets under several key-encryption keys',
      'Say which one this is, by --kek-id.',
    )
  const text = bytes.toString('latin1').trimEnd()
  const decoded = /^[A-Za-z0-9_-]{43}$/.test(text) ? Buffer.from(text, 'base64url') : Buffer.alloc(0)
  try {
    return readKeks('The key-encryption key', [{ id: kekId ?? first ?? 'main', bytes: decoded }])[0]
  } catch (error) {
    if (error instanceof ConfigurationError)
      throw new FailedError(error.message, 'Make one: node -p "crypto.randomBytes(32).toString(\'base64url\')"')
    throw error
  }
}

/** The ids of the key-encryption keys that secrets of a file are sealed with. */
export function kekIdsOf(file: KeyFile): readonly string[] {
  const stored = [
    ...file.keys.map(({ secret }) => secret),
    ...(file.signingKeys ?? []).map(({ privateKey }) => privateKey),
  ]
  return [
    ...new Set(
      stored.flatMap((secret) => (secret !== undefined && 'encrypted' in secret ? [secret.encrypted.kek] : [])),
    ),
  ]
}

/** Whether a message of core says that a secret cannot be opened with the key that is there. */
export function isAboutSealing(message: string): boolean {
  return /is sealed with|does not open/.test(message)
}

/** Does what opens secrets, and says what helps where one does not open. */
export function opening<T>(open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const next = isAboutSealing(error.message)
      ? 'Give the right key-encryption key by --kek-env or --kek-file.'
      : 'Correct the key file, or go back to the one before.'
    throw new FailedError(error.message, next)
  }
}

/** The private half of `kid`, or of the newest active key that has one. */
export async function signingKeyIn(
  args: KeyFileArgs & { readonly keyFile: string },
  kid: string | undefined,
  io: Io,
): Promise<SigningKey> {
  const file = await readKeyFile(args, io)
  const kek = await readKek(args, file, io)
  const now = io.clock()
  const usable = (file.signingKeys ?? []).filter(
    (entry) => entry.privateKey !== undefined && keyState(windowOf(entry), now) === 'active',
  )
  const entry = kid === undefined ? newest(usable) : usable.find((candidate) => candidate.kid === kid)
  if (entry === undefined) {
    const kids = usable.map((candidate) => candidate.kid).join(', ')
    const next =
      kids === ''
        ? 'Create one: countersign keys create main --algorithm ES256 --key-file FILE'
        : `Give one of: ${kids}.`
    throw new FailedError('The key file has no such active signing key', next)
  }
  return {
    algorithm: entry.algorithm,
    key: opening(() => toPrivateKey(entry, kek === undefined ? [] : [kek])),
    kid: entry.kid,
  }
}

/** The one that became active last; of several the last in the file. */
export function newest<E extends { readonly notBefore?: string }>(entries: readonly E[]): E | undefined {
  return entries.reduce<E | undefined>((best, entry) => {
    const isNewer =
      best === undefined ||
      Date.parse(entry.notBefore ?? '1970-01-01T00:00:00Z') >= Date.parse(best.notBefore ?? '1970-01-01T00:00:00Z')
    return isNewer ? entry : best
  }, undefined)
}
