import type { HmacAlgorithm } from '@countersign/core'
import type { AsymmetricAlgorithm } from '@countersign/core/key-file'
import type { Command } from 'commander'
import type { Leaf } from '../command.js'
import type { Io } from '../io.js'
import { type Edit, type EditArgs, editKeyFile, refuseClearBesideSealed } from '../keys/edit-key-file.js'
import { refuseTaken, withEntry } from '../keys/entries.js'
import { addKeyFile } from '../keys/key-file-args.js'
import { checkKeyAlgorithm, isForRequests, newPrivateKey, newSecret, pkcs8Of } from '../keys/new-key.js'
import { addSecretOut, type SecretOutArgs, writeSecretOut } from '../keys/secret-out.js'
import { tellKey } from '../keys/tell-key.js'
import { addTerms, pairEntry, refuseRequestTerms, secretEntry, type TermsArgs, windowFrom } from '../keys/terms-args.js'

interface CreateArgs extends EditArgs, TermsArgs, SecretOutArgs {
  readonly id: string
  readonly algorithm: string
  readonly json?: boolean
}

export const create: Leaf<CreateArgs> = {
  name: 'create',
  parameter: ['<id>', 'the id of the key: x-hmac-key-id, or kid'],
  summary: 'Make a new key: a shared secret for requests, or a key pair for tokens',
  examples: [
    'countersign keys create billing-2026-11 --client billing --role orders:write --key-file keys.json --secret-out billing.hex',
    'countersign keys create main-2026-11 --algorithm ES256 --key-file keys.json',
  ],
  declare(command: Command) {
    addKeyFile(command, 'the key file; made where there is none', true).option(
      '--algorithm <name>',
      'sha256, sha512; RS256, PS256, ES256, EdDSA',
      'sha256',
    )
    addSecretOut(addTerms(command))
  },
  async run(args, io) {
    const algorithm = checkKeyAlgorithm(args.algorithm)
    const made = await editKeyFile(args, io, true, async (edit) => {
      refuseTaken(edit.file, args.id)
      refuseClearBesideSealed(args, edit.file)
      const { entry, undo } = isForRequests(algorithm)
        ? await makeSecret(args, algorithm, edit, io)
        : await makePair(args, algorithm, edit, io)
      return { file: withEntry(edit.file, entry), undo, result: entry }
    })
    tellKey('Created', made, args, io)
    return 0
  },
}

async function makeSecret(args: CreateArgs, algorithm: HmacAlgorithm, { store }: Edit, io: Io) {
  const secret = newSecret(algorithm)
  const entry = secretEntry(args.id, algorithm, args, io.clock(), (owner) => store(secret, owner))
  return { entry, undo: await writeSecretOut(args, secret, io) }
}

async function makePair(args: CreateArgs, algorithm: AsymmetricAlgorithm, { store }: Edit, io: Io) {
  refuseRequestTerms(args)
  const key = newPrivateKey(algorithm)
  const entry = pairEntry(args.id, { algorithm, key }, windowFrom(args, io.clock()), (owner) =>
    store(pkcs8Of(key), owner),
  )
  return { entry, undo: await writeSecretOut(args, key, io) }
}
