import type { Command } from 'commander'
import type { Leaf } from '../command.js'
import { describeKeys, keyTable } from '../keys/describe-keys.js'
import { readKeyFile } from '../keys/key-file-args.js'
import { painterFor, visibleJson } from '../style.js'

interface ListArgs {
  readonly keyFile: string
  readonly json?: boolean
}

export const list: Leaf<ListArgs> = {
  name: 'list',
  summary: 'List the keys of a key file: ids, clients, states, windows, thumbprints, never a secret',
  examples: ['countersign keys list --key-file keys.json', 'countersign keys list --key-file keys.json --json'],
  declare(command: Command) {
    command.requiredOption('--key-file <file>', 'the key file')
  },
  async run(args, io) {
    const now = io.clock()
    const keys = describeKeys(await readKeyFile(args, io), now)
    if (args.json === true) io.stdout.write(`${visibleJson({ keys })}\n`)
    else
      io.stdout.write(keys.length === 0 ? 'There are no keys.\n' : keyTable(keys, now, painterFor(io.stdout, io.env)))
    return 0
  },
}
