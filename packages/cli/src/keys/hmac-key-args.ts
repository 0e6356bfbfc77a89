import { type HmacAlgorithm, type HmacKeySource, type HmacProfile, type KeyRingEntry, keyRing } from '@countersign/core'
import { type KeyFileKey, keyState, toKeyRingEntry } from '@countersign/core/key-file'
import type { Command } from 'commander'
import { FailedError, UsageError } from '../errors.js'
import type { Io } from '../io.js'
import { addSecretSource, hasSecretSource, readSecret, type SecretSource } from '../secret-source.js'
import { addKeyFile, type KeyFileArgs, newest, opening, readKek, readKeyFile } from './key-file-args.js'
import { windowOf } from './moments.js'

/** A shared secret: one of a key file, or one from elsewhere with its terms. */
export interface HmacKeyArgs extends SecretSource, KeyFileArgs {
  readonly keyId?: string
  readonly client?: string
  readonly algorithm?: string
  readonly profile?: string
  readonly allowWeakSecret?: boolean
}

export function addHmacKey(command: Command): Command {
  addKeyFile(command, 'take the key from a key file')
  return addSecretSource(command, 'or the secret')
    .option('--key-id <id>', 'the id of the key')
    .option('--algorithm <hash>', 'of a secret that is not from a key file: sha256 or sha512 (default: sha256)')
    .option('--profile <name>', 'likewise: request or body-timestamp (default: request)')
    .option('--allow-weak-secret', 'likewise: take a secret that is too short')
}

/** A key to sign with. */
export interface SignerKey {
  readonly keyId: string
  readonly secret: Uint8Array
  readonly algorithm: HmacAlgorithm
  readonly profile: HmacProfile
  readonly allowWeakSecret: boolean
}

export async function signerKey(args: HmacKeyArgs, io: Io): Promise<SignerKey> {
  const { keyFile } = args
  checkOneSource(args)
  const {
    id,
    secret,
    algorithm = 'sha256',
    profile = 'request',
    allowWeakSecret = false,
  } = keyFile === undefined ? await given(args, io) : await chosen({ ...args, keyFile }, io)
  return {
    keyId: id,
    secret: typeof secret === 'string' ? Buffer.from(secret) : secret,
    algorithm,
    profile,
    allowWeakSecret,
  }
}

/** All keys to verify with. `undefined`: the key file has none for requests. */
export async function hmacKeys(args: HmacKeyArgs, io: Io): Promise<HmacKeySource | undefined> {
  const { keyFile } = args
  checkOneSource(args)
  if (keyFile === undefined) return keyRing([await given(args, io)])
  const file = await readKeyFile({ keyFile }, io)
  const kek = await readKek(args, file, io)
  if (file.keys.length === 0) return undefined
  return opening(() => keyRing(file.keys.map((entry) => toKeyRingEntry(entry, kek === undefined ? [] : [kek]))))
}

function checkOneSource(args: HmacKeyArgs): void {
  if (args.keyFile !== undefined && hasSecretSource(args))
    throw new UsageError('The key is given twice', 'Give --key-file, or a secret with --key-id.')
  if (args.keyFile === undefined && !hasSecretSource(args)) {
    throw new UsageError(
      'A key is needed',
      'Give --key-file FILE, or --key-id with --secret-env, --secret-file or --secret-stdin.',
    )
  }
}

async function given(args: HmacKeyArgs, io: Io): Promise<KeyRingEntry> {
  const profile = oneOf('--profile', args.profile ?? 'request', ['request', 'body-timestamp'])
  const algorithm = oneOf('--algorithm', args.algorithm ?? 'sha256', ['sha256', 'sha512'])
  const id = args.keyId ?? (profile === 'body-timestamp' ? 'given' : undefined)
  if (id === undefined)
    throw new UsageError('--key-id is required', 'Give the id under which the service knows the secret.')
  return {
    id,
    client: args.client ?? id,
    secret: await readSecret(args, io),
    algorithm,
    profile,
    allowWeakSecret: args.allowWeakSecret === true,
  }
}

function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw new UsageError(`${option} is not known`, `Give one of ${choices.join(', ')}.`)
  return choice
}

async function chosen(args: HmacKeyArgs & { readonly keyFile: string }, io: Io): Promise<KeyRingEntry> {
  const file = await readKeyFile(args, io)
  const now = io.clock()
  const active = file.keys.filter((entry) => keyState(windowOf(entry), now) === 'active')
  const entry = choose(args, active, file.keys)
  if (entry === undefined) {
    const ids = active.map(({ id }) => id).join(', ')
    throw new FailedError(
      'The key file has no such key',
      ids === ''
        ? 'None of its keys is active now: see countersign keys list.'
        : `Give --key-id or --client; active now: ${ids}.`,
    )
  }
  if (!active.includes(entry))
    io.stderr.write(`countersign: warning: the key is not active now, so the request will be refused.\n`)
  const kek = await readKek(args, file, io)
  return opening(() => toKeyRingEntry(entry, kek === undefined ? [] : [kek]))
}

function choose(
  { keyId, client }: HmacKeyArgs,
  active: readonly KeyFileKey[],
  all: readonly KeyFileKey[],
): KeyFileKey | undefined {
  if (keyId !== undefined) return all.find(({ id }) => id === keyId)
  if (client !== undefined) return newest(active.filter((entry) => entry.client === client))
  return active.length === 1 ? active[0] : undefined
}
