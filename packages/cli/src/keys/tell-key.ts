import type { Io } from '../io.js'
import { painterFor, visible, visibleJson } from '../style.js'
import { describeEntry, keyTable } from './describe-keys.js'
import type { Entry } from './entries.js'

/** Says what became of a key. */
export function tellKey(
  done: string,
  entry: Entry,
  args: { readonly json?: boolean; readonly secretOut?: string },
  io: Io,
): void {
  const now = io.clock()
  const description = describeEntry(entry, now)
  if (args.json === true) {
    io.stdout.write(`${visibleJson({ [done.toLowerCase()]: description })}\n`)
    return
  }
  const paint = painterFor(io.stdout, io.env)
  io.stdout.write(`${paint('green', done)} ${visible(description.id)}.\n${keyTable([description], now, paint)}`)
}
