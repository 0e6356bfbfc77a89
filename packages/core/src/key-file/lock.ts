import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../clock.js'

export interface LockOptions {
  /** How long the lock is waited for. */
  readonly waitSeconds: number
  /** A lock that is as old, or whose process is gone, is taken over. `null`: never, for somebody shall look. */
  readonly staleSeconds: number | null
}

/** Somebody else is changing the key file, or was stopped while they did. */
export class KeyFileLockedError extends Error {
  override readonly name = 'KeyFileLockedError'

  constructor() {
    super('the key file is locked by somebody else')
  }
}

const RETRY_MILLISECONDS = 20

/**
 * Takes the lock of a key file, `<path>.lock`, as all do who change one: only one of several can create it. Resolves to what gives it back.
 *
 * @throws {KeyFileLockedError} it was not to be had in time, or it was left behind and is not to be taken over; the errors of `node:fs`
 * Does NOT keep an editor from writing: compare what stands there before replacing it.
 */
export async function lockKeyFile(
  path: string,
  { waitSeconds, staleSeconds }: LockOptions,
): Promise<() => Promise<void>> {
  const lock = `${path}.lock`
  const owner = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}\n`
  const deadline = performance.now() + waitSeconds * 1000
  while (!(await create(lock, owner))) {
    // Before it is judged: what is taken away later must be what was judged.
    const seen = await stat(lock).catch(() => undefined)
    const isLeft = await isLeftBehind(lock)
    if (performance.now() > deadline || (isLeft && staleSeconds === null)) throw new KeyFileLockedError()
    if (seen !== undefined && (isLeft || isOlder(seen, staleSeconds))) await takeAway(lock, seen)
    await wait(RETRY_MILLISECONDS)
  }
  return async () => {
    // Whoever took so long that it was taken over must not take it from the next.
    if ((await readFile(lock, 'utf8').catch(() => '')) === owner) await rm(lock, { force: true })
  }
}

async function create(lock: string, owner: string): Promise<boolean> {
  try {
    const handle = await open(lock, 'wx', 0o600)
    await handle.writeFile(owner)
    await handle.close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Whether the lock was left by a process of this machine that is gone. */
async function isLeftBehind(lock: string): Promise<boolean> {
  const [pid, host] = (await readFile(lock, 'utf8').catch(() => '')).trim().split(' ')
  if (pid === undefined || host !== hostname() || !/^[1-9][0-9]*$/.test(pid)) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}

/** By the file system's clock against this machine's. */
function isOlder({ mtimeMs }: Stats, seconds: number | null): boolean {
  return seconds !== null && systemClock() - mtimeMs / 1000 >= seconds
}

/** Of several who try one succeeds: by a rename, and what it did not mean is put back. */
async function takeAway(lock: string, seen: Stats): Promise<void> {
  const aside = `${lock}.${randomBytes(6).toString('hex')}`
  const isTaken = await rename(lock, aside).then(
    () => true,
    () => false,
  )
  if (!isTaken) return
  const taken = await stat(aside).catch(() => undefined)
  if (taken?.ino !== seen.ino || taken.mtimeMs !== seen.mtimeMs) await link(aside, lock).catch(() => undefined)
  await rm(aside, { force: true })
}
