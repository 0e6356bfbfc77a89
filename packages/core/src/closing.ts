import type { Awaitable } from './chain.js'
import { isThenable, withinSeconds } from './deadline.js'

/** What can be closed, by its name in messages. */
export interface Closable {
  readonly name: string
  close(): Awaitable<void>
}

/**
 * Closes all parts at the same time, whatever becomes of the others, and waits at most so long for each.
 *
 * @throws {Error} (rejects) naming what failed or was not closed in time; its `cause` is the first failure
 */
export async function closeAll(parts: readonly Closable[], seconds: number): Promise<void> {
  const closed = await Promise.allSettled(parts.map((part) => closeOne(part, seconds)))
  const failed = parts.filter((_, index) => closed[index]?.status === 'rejected').map(({ name }) => name)
  if (failed.length === 0) return
  const cause = closed.find((one) => one.status === 'rejected')?.reason
  throw new Error(`Not closed: ${failed.join(', ')}`, { cause })
}

async function closeOne(part: Closable, seconds: number): Promise<void> {
  const closed = part.close()
  if (isThenable(closed)) await withinSeconds(closed, seconds, () => new Error(`took longer than ${seconds} s`))
}
