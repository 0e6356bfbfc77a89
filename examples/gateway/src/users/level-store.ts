import { ClassicLevel } from 'classic-level'
import type { FailureKind, UserStore } from './store.js'
import { fromStored, toStored } from './stored-user.js'
import type { User } from './user.js'

/**
 * Keeps users in a LevelDB in a directory: embedded, on disk, for one process at a time (a second one is refused by LevelDB's lock).
 *
 * @throws {Error} a directory that cannot be used, or is in use
 */
export async function levelUserStore(directory: string, sealKey: Buffer): Promise<UserStore> {
  const db = new ClassicLevel(directory)
  await db.open().catch((error: Error) => {
    const isLocked = error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'LEVEL_LOCKED'
    const fault = isLocked ? 'is in use by another process' : 'cannot be opened'
    throw new Error(`the directory of the users ${fault}`, { cause: error })
  })
  return new LevelUserStore(db, sealKey)
}

class LevelUserStore implements UserStore {
  readonly #db: ClassicLevel
  readonly #sealKey: Buffer
  /** LevelDB has no read-and-write in one: those run one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(db: ClassicLevel, sealKey: Buffer) {
    this.#db = db
    this.#sealKey = sealKey
  }

  async find(name: string): Promise<User | undefined> {
    const text = await this.#db.get(`user:${name}`)
    return text === undefined ? undefined : fromStored(text, this.#sealKey)
  }

  put(user: User): Promise<void> {
    return this.#db.put(`user:${user.name}`, toStored(user, this.#sealKey), { sync: true })
  }

  addFailure(name: string, kind: FailureKind, most: number): Promise<number | undefined> {
    const key = failuresOf(name, kind)
    return this.#inTurn(async () => {
      const count = (await this.#number(key)) + 1
      if (count > most) return undefined
      await this.#db.put(key, String(count))
      return count
    })
  }

  takeBackFailure(name: string, kind: FailureKind): Promise<void> {
    const key = failuresOf(name, kind)
    return this.#inTurn(async () => {
      await this.#db.put(key, String(Math.max(0, (await this.#number(key)) - 1)))
    })
  }

  clearFailures(name: string, kind: FailureKind): Promise<void> {
    return this.#inTurn(() => this.#db.del(failuresOf(name, kind)))
  }

  claimStep(name: string, step: number): Promise<boolean> {
    const key = `step:${name}`
    return this.#inTurn(async () => {
      if (step <= (await this.#number(key))) return false
      await this.#db.put(key, String(step), { sync: true })
      return true
    })
  }

  async ready(): Promise<boolean> {
    return this.#db.status === 'open'
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#db.close())
  }

  async #number(key: string): Promise<number> {
    return Number((await this.#db.get(key)) ?? 0)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    // A turn that fails fails for its own caller; the next one runs all the same.
    this.#last = turn.catch(() => undefined)
    return turn
  }
}

function failuresOf(name: string, kind: FailureKind): string {
  return `failures:${kind}:${name}`
}
