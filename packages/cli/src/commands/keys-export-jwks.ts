import { type KeyFileSigningKey, keyState } from '@countersign/core/key-file'
import type { Command } from 'commander'
import type { Leaf } from '../command.js'
import { readKeyFile } from '../keys/key-file-args.js'
import { windowOf } from '../keys/moments.js'
import { visibleJson } from '../style.js'

interface ExportArgs {
  readonly keyFile: string
  readonly json?: boolean
}

export const exportJwks: Leaf<ExportArgs> = {
  name: 'export-jwks',
  summary: 'Print the public halves of the signing keys as a JWK Set, as an issuer publishes it',
  examples: ['countersign keys export-jwks --key-file keys.json > jwks.json'],
  declare(command: Command) {
    command.requiredOption('--key-file <file>', 'the key file')
  },
  async run(args, io) {
    const { signingKeys = [] } = await readKeyFile(args, io)
    const now = io.clock()
    const keys = signingKeys
      .filter((entry) => isPublished(entry, now))
      .map(({ kid, algorithm, publicJwk }) => ({ ...publicJwk, kid, alg: algorithm, use: 'sig' }))
    io.stdout.write(`${visibleJson({ keys }, args.json === true ? undefined : 2)}\n`)
    return 0
  },
}

/** One that comes is published before it signs, so that nobody meets it unprepared; one that ended is not. */
function isPublished(entry: KeyFileSigningKey, now: number): boolean {
  const state = keyState(windowOf(entry), now)
  return state === 'active' || state === 'pre-active'
}
