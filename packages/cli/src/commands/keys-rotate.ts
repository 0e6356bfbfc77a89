import { type KeyFileKey, type KeyFileSigningKey, keyState } from '@countersign/core/key-file'
import type { Command } from 'commander'
import type { Leaf } from '../command.js'
import { FailedError } from '../errors.js'
import type { Io } from '../io.js'
import { describeEntry, keyTable } from '../keys/describe-keys.js'
import { type Edit, type EditArgs, editKeyFile, refuseClearBesideSealed } from '../keys/edit-key-file.js'
import { type Entry, findEntry, idOf, refuseTaken, replaced, requireEntry, withEntry } from '../keys/entries.js'
import { addKeyFile } from '../keys/key-file-args.js'
import { windowOf } from '../keys/moments.js'
import { newPrivateKey, newSecret, pkcs8Of, publicJwkOf } from '../keys/new-key.js'
import { nextId } from '../keys/next-id.js'
import { addSecretOut, type SecretOutArgs, writeSecretOut } from '../keys/secret-out.js'
import { painterFor, visible, visibleJson } from '../style.js'
import { formatMoment, parseDuration, parseMoment } from '../time.js'

interface RotateArgs extends EditArgs, SecretOutArgs {
  readonly id: string
  readonly newId?: string
  readonly at: string
  readonly overlap: string
  readonly notAfter?: string
  readonly json?: boolean
}

export const rotate: Leaf<RotateArgs> = {
  name: 'rotate',
  parameter: ['<id>', 'the key that is replaced'],
  summary: 'Add the successor of a key, and give the key an end: both are accepted in between',
  examples: [
    'countersign keys rotate billing-2026-11 --key-file keys.json --secret-out billing-next.hex',
    'countersign keys rotate billing-2026-11 --new-id billing-2026-12 --at 2026-11-30T12:00:00Z --overlap 24h --key-file keys.json',
  ],
  declare(command: Command) {
    addKeyFile(command, 'the key file', true)
      .option('--new-id <id>', 'the id of the successor (default: made of the old one)')
      .option('--at <moment>', 'when the successor is accepted from', 'now')
      .option('--overlap <time>', 'how long the old key is accepted after that', '24h')
      .option('--not-after <moment>', 'the end of the successor')
    addSecretOut(command)
  },
  async run(args, io) {
    const { successor, predecessor } = await editKeyFile(args, io, false, (edit) => rotated(args, edit, io))
    const now = io.clock()
    const keys = [successor, predecessor].map((entry) => describeEntry(entry, now))
    if (args.json === true) io.stdout.write(`${visibleJson({ successor: keys[0], predecessor: keys[1] })}\n`)
    else {
      const paint = painterFor(io.stdout, io.env)
      io.stdout.write(
        `${paint('green', 'Rotated')} ${visible(idOf(predecessor))}: ${visible(idOf(successor))} follows.\n${keyTable(keys, now, paint)}`,
      )
    }
    return 0
  },
}

async function rotated(args: RotateArgs, edit: Edit, io: Io) {
  const { file } = edit
  const now = io.clock()
  const old = requireEntry(file, args.id)
  refuseClearBesideSealed(args, file)
  const at = parseMoment('--at', args.at, now)
  const predecessor = { ...old, notAfter: endOf(old, at, parseDuration('--overlap', args.overlap), now) }
  const id = args.newId ?? nextId(args.id, at, (candidate) => findEntry(file, candidate) !== undefined)
  refuseTaken(file, id)
  const window = {
    notBefore: formatMoment(at),
    ...(args.notAfter === undefined ? {} : { notAfter: formatMoment(parseMoment('--not-after', args.notAfter, now)) }),
  }
  const { successor, undo } =
    'id' in old ? await nextSecret(old, id, window, args, edit, io) : await nextPair(old, id, window, args, edit, io)
  return { file: withEntry(replaced(file, old, predecessor), successor), undo, result: { successor, predecessor } }
}

type Window = Pick<Entry, 'notBefore' | 'notAfter'>

/** The end of the old key: never later than it was to be, and never before the successor begins. */
function endOf(old: Entry, at: number, overlapSeconds: number, now: number): string {
  const window = windowOf(old)
  const state = keyState(window, now)
  if (state !== 'active')
    throw new FailedError(
      `The key is ${state}, and only an active one is rotated`,
      'Create a new key: countersign keys create.',
    )
  if (window.notAfter !== undefined && window.notAfter < at) {
    throw new FailedError(
      'The key ends before its successor would begin: nothing would be accepted in between',
      `Let the successor begin earlier, by --at ${formatMoment(Math.floor(window.notAfter))}.`,
    )
  }
  return formatMoment(Math.min(window.notAfter ?? Number.POSITIVE_INFINITY, at + overlapSeconds))
}

async function nextSecret(
  old: KeyFileKey,
  id: string,
  window: Window,
  args: RotateArgs,
  { store }: Edit,
  io: Io,
): Promise<{ successor: Entry; undo: () => Promise<void> }> {
  const secret = newSecret(old.algorithm ?? 'sha256')
  const { notBefore: _begin, notAfter: _end, status: _status, allowWeakSecret: _weak, ...terms } = old
  const successor = { ...terms, ...window, id, secret: store(secret, { id, client: old.client }) }
  return { successor, undo: await writeSecretOut(args, secret, io) }
}

async function nextPair(
  old: KeyFileSigningKey,
  kid: string,
  window: Window,
  args: RotateArgs,
  { store }: Edit,
  io: Io,
): Promise<{ successor: Entry; undo: () => Promise<void> }> {
  const { algorithm } = old
  const key = newPrivateKey(algorithm)
  const successor = {
    kid,
    algorithm,
    ...window,
    publicJwk: publicJwkOf(key),
    privateKey: store(pkcs8Of(key), { kid, algorithm }),
  }
  return { successor, undo: await writeSecretOut(args, key, io) }
}
