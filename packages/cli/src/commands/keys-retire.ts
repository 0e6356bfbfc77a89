import { type KeyFile, keyState } from '@countersign/core/key-file'
import type { Command } from 'commander'
import type { Leaf } from '../command.js'
import { FailedError, UsageError } from '../errors.js'
import { type EditArgs, editKeyFile } from '../keys/edit-key-file.js'
import { type Entry, entriesOf, replaced, requireEntry, without } from '../keys/entries.js'
import { addKeyFile } from '../keys/key-file-args.js'
import { windowOf } from '../keys/moments.js'
import { tellKey } from '../keys/tell-key.js'

interface RetireArgs extends EditArgs {
  readonly id: string
  readonly compromised?: boolean
  readonly remove?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

export const retire: Leaf<RetireArgs> = {
  name: 'retire',
  parameter: ['<id>', 'the key'],
  summary: 'End a key at once',
  examples: [
    'countersign keys retire billing-2026-11 --key-file keys.json',
    'countersign keys retire billing-2026-11 --compromised --key-file keys.json',
  ],
  declare(command: Command) {
    addKeyFile(command, 'the key file', true)
      .option('--compromised', 'somebody else may have the secret: say so in the file')
      .option('--remove', 'take the key out of the file')
      .option('--force', 'even where it is the last active key of its kind')
  },
  async run(args, io) {
    if (args.compromised === true && args.remove === true)
      throw new UsageError(
        '--remove and --compromised do not go together',
        'A key that is compromised is better kept in the file, as such.',
      )
    const retired = await editKeyFile(args, io, false, async ({ file }) => {
      const entry = requireEntry(file, args.id)
      // Whoever may have a secret must be kept out, whatever else stands still.
      if (args.compromised !== true && args.force !== true) refuseLast(file, entry, io.clock())
      const ended: Entry = {
        ...entry,
        status:
          args.compromised === true ? 'compromised' : entry.status === 'compromised' ? 'compromised' : 'deactivated',
      }
      return { file: args.remove === true ? without(file, entry) : replaced(file, entry, ended), result: ended }
    })
    tellKey(args.remove === true ? 'Removed' : 'Retired', retired, args, io)
    return 0
  },
}

/** @throws {FailedError} afterwards nothing of the client, or no token, would be accepted */
function refuseLast(file: KeyFile, entry: Entry, now: number): void {
  const isActive = (candidate: Entry) => keyState(windowOf(candidate), now) === 'active'
  const isAlike = (candidate: Entry) =>
    'id' in entry ? 'id' in candidate && candidate.client === entry.client : 'kid' in candidate
  if (
    !isActive(entry) ||
    entriesOf(file).some((candidate) => candidate !== entry && isAlike(candidate) && isActive(candidate))
  )
    return
  throw new FailedError(
    'id' in entry
      ? `It is the last active key of ${entry.client}: its requests would be refused`
      : 'It is the last active signing key',
    'Rotate it first: countersign keys rotate; or say --force.',
  )
}
