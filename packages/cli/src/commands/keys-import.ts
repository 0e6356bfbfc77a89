import type { Command } from 'commander'
import type { Leaf } from '../command.js'
import { UsageError } from '../errors.js'
import type { Io } from '../io.js'
import { type Edit, type EditArgs, editKeyFile, refuseClearBesideSealed } from '../keys/edit-key-file.js'
import { type Entry, refuseTaken, withEntry } from '../keys/entries.js'
import { addKeyFile } from '../keys/key-file-args.js'
import { checkKeyAlgorithm, isForRequests, pkcs8Of } from '../keys/new-key.js'
import { tellKey } from '../keys/tell-key.js'
import { addTerms, pairEntry, refuseRequestTerms, secretEntry, type TermsArgs, windowFrom } from '../keys/terms-args.js'
import { addSecretSource, readMaterial, readSecret, type SecretSource } from '../secret-source.js'
import { importKeyPair } from '../token/signing-key.js'

interface ImportArgs extends EditArgs, TermsArgs, SecretSource {
  readonly id?: string
  readonly algorithm?: string
  readonly allowWeakSecret?: boolean
  readonly json?: boolean
}

export const importKey: Leaf<ImportArgs> = {
  name: 'import',
  parameter: ['[id]', 'the id of the key; a JWK may bring its own'],
  summary: 'Take in a key that is there already: a shared secret, or a key pair in PEM or as a JWK',
  examples: [
    'countersign keys import partner-1 --client partner --secret-env PARTNER_SECRET --secret-format hex --key-file keys.json',
    'countersign keys import main-2026-11 --algorithm RS256 --secret-file key.pem --key-file keys.json',
  ],
  declare(command: Command) {
    addKeyFile(command, 'the key file; made where there is none', true)
    addSecretSource(command, 'the shared secret, or the key (PEM, JWK)')
      .option('--algorithm <name>', 'sha256, sha512; RS256, PS256, ES256, EdDSA (default: sha256, or what a JWK says)')
      .option('--allow-weak-secret', 'take a shared secret that is too short')
    addTerms(command)
  },
  async run(args, io) {
    const made = await editKeyFile(args, io, true, async (edit) => {
      refuseClearBesideSealed(args, edit.file)
      const entry = await entryOf(args, edit, io)
      refuseTaken(edit.file, 'id' in entry ? entry.id : entry.kid)
      return { file: withEntry(edit.file, entry), result: entry }
    })
    tellKey('Imported', made, args, io)
    return 0
  },
}

async function entryOf(args: ImportArgs, { store }: Edit, io: Io): Promise<Entry> {
  const now = io.clock()
  // Without an algorithm it is a shared secret where the options say who uses it, and otherwise a key that says its own.
  const algorithm =
    args.algorithm === undefined
      ? args.client === undefined
        ? undefined
        : 'sha256'
      : checkKeyAlgorithm(args.algorithm)
  if (algorithm !== undefined && isForRequests(algorithm)) {
    if (args.id === undefined)
      throw new UsageError('<id> is required for a shared secret', 'Give the id under which its client sends it.')
    const secret = await readSecret(args, io)
    const entry = secretEntry(args.id, algorithm, args, now, (owner) => store(secret, owner))
    return args.allowWeakSecret === true ? { ...entry, allowWeakSecret: true } : entry
  }
  refuseRequestTerms(args)
  const imported = importKeyPair(await readMaterial(args, io), algorithm, args.id)
  if (imported.kid === undefined)
    throw new UsageError('<id> is required for a key without a kid', 'Give the kid that stands in the tokens.')
  const { key } = imported
  return pairEntry(
    imported.kid,
    imported,
    windowFrom(args, now),
    key.type === 'private' ? (owner) => store(pkcs8Of(key), owner) : undefined,
  )
}
