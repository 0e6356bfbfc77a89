import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { FailureKind, UserStore } from '../users/store.js'
import { addressGroup } from './address.js'
import { type Limiter, type LimiterTerms, limiter } from './limiter.js'

/*
 * What slows a guesser down must not lock the owner out.
 *
 * - An address has 50 failures in an hour, over all names: who sprays one password over many accounts runs into this. A success gives
 *   back what it took itself and no more, so an account of one's own resets nothing.
 * - A name from one address has 10 in a quarter of an hour, until it succeeds.
 * - A name from everywhere: after 10 failures in a row strangers wait before each further try, two seconds at first, a quarter of an hour
 *   in the end; 80 more take 18 hours. At 90 strangers are refused. That is the guess of a botnet, one try for each address.
 * - A device on which the user has logged in before (a signed cookie says so) is asked none of this. It has 10 tries of its own in a quarter
 *   of an hour, whatever anybody else does elsewhere or beside it at the same address, and the last 10 of the 100 failures in a row that
 *   NIST SP 800-63B-4 section 3.2.2 allows an account. So nobody without such a device can lock an owner out who has one.
 * - What remains: an owner on a new device, while the account is under attack. The operator helps (`seed.js unlock`).
 *
 * A try is counted before the password is looked at and given back when it was good: a hundred at once count as a hundred. Names that
 * nobody has are counted alike, so the answers do not tell who has an account.
 */
const ADDRESS: LimiterTerms = { name: 'address', points: 50, seconds: 3600 }
const PAIR: LimiterTerms = { name: 'pair', points: 10, seconds: 900 }
const DEVICE: LimiterTerms = { name: 'device', points: 10, seconds: 900 }
const CODE: LimiterTerms = { name: 'code', points: 10, seconds: 900 }
const PAUSE: LimiterTerms = { name: 'pause', points: 1, seconds: 900 }
/** Timers of Node reach 24 days. */
const NOBODY: LimiterTerms = { name: 'nobody', points: 1_000_000, seconds: 14 * 86_400 }

const FREE_FAILURES = 10
export const STRANGERS_FAILURES = 90
export const MOST_FAILURES = 100
const LONGEST_PAUSE_SECONDS = 900
/** Said to those who have to wait for somebody else to do something. */
const LOCKED_SECONDS = 3600

export interface LoginTry {
  /** As it was typed. */
  readonly typedName: string
  /** The user of this name; `undefined` where there is none. */
  readonly name: string | undefined
  readonly address: string
  /** The id of a device on which this user has logged in before. */
  readonly device: string | undefined
}

/** What came of asking for a try. */
export interface Admission {
  /** Seconds to wait; 0 where the password, or the code, may be looked at. Until it succeeds the try counts as a failure. */
  readonly waitSeconds: number
  succeeded(): Promise<void>
}

export interface Throttle {
  enter(attempt: LoginTry): Promise<Admission>
  /** The same for a code, of a user whose password or token was good. */
  enterCode(name: string): Promise<Admission>
}

/** Counts in this process, or in Redis for all gateways; failures in a row of those who exist in the store. */
export function loginThrottle(store: UserStore, redis: Redis | undefined): Throttle {
  const limit = (terms: LimiterTerms): Limiter => limiter(terms, redis)
  const [byAddress, byPair, byDevice, byCode] = [limit(ADDRESS), limit(PAIR), limit(DEVICE), limit(CODE)]
  const [pause, nobody] = [limit(PAUSE), limit(NOBODY)]

  async function enterKnown(name: string, device: string): Promise<Admission> {
    const waitSeconds =
      (await byDevice.take(device)) || (await countUpTo(MOST_FAILURES, storeCount(store, name, 'login')))
    return admission(waitSeconds, () => [byDevice.forget(device), store.clearFailures(name, 'login')])
  }

  async function enterStranger({ name, typedName, address }: LoginTry): Promise<Admission> {
    const account = hashed(name ?? typedName)
    const group = addressGroup(address)
    const pair = hashed(`${group} ${account}`)
    const count = name === undefined ? limiterCount(nobody, account) : storeCount(store, name, 'login')
    const waitSeconds = (await byAddress.take(group)) || (await byPair.take(pair)) || (await slowDown(count, account))
    return admission(waitSeconds, () => [byAddress.giveBack(group), byPair.forget(pair), count.clear()])
  }

  async function slowDown(count: Count, account: string): Promise<number> {
    const failures = await count.add(STRANGERS_FAILURES)
    if (failures === undefined) return LOCKED_SECONDS
    if (failures <= FREE_FAILURES) return 0
    const waitSeconds = await pause.take(account, pauseSeconds(failures))
    if (waitSeconds > 0) await count.takeBack()
    return waitSeconds
  }

  return {
    enter(attempt) {
      const { name, device } = attempt
      return name !== undefined && device !== undefined ? enterKnown(name, device) : enterStranger(attempt)
    },
    async enterCode(name) {
      const waitSeconds = (await byCode.take(name)) || (await countUpTo(MOST_FAILURES, storeCount(store, name, 'code')))
      return admission(waitSeconds, () => [byCode.forget(name), store.clearFailures(name, 'code')])
    },
  }
}

/** After failure 11, 12, 13 …: two seconds, four, eight … to a quarter of an hour. */
export function pauseSeconds(failures: number): number {
  return Math.min(2 ** (failures - FREE_FAILURES), LONGEST_PAUSE_SECONDS)
}

/** Failures in a row. */
interface Count {
  add(most: number): Promise<number | undefined>
  takeBack(): Promise<void>
  clear(): Promise<void>
}

function storeCount(store: UserStore, name: string, kind: FailureKind): Count {
  return {
    add: (most) => store.addFailure(name, kind, most),
    takeBack: () => store.takeBackFailure(name, kind),
    clear: () => store.clearFailures(name, kind),
  }
}

/** For names that nobody has: nothing of them is kept for ever. */
function limiterCount(nobody: Limiter, account: string): Count {
  return {
    async add(most) {
      const taken = await nobody.taken(account)
      if (taken >= most) return undefined
      await nobody.take(account)
      return taken + 1
    },
    takeBack: () => nobody.giveBack(account),
    clear: () => nobody.forget(account),
  }
}

async function countUpTo(most: number, count: Count): Promise<number> {
  return (await count.add(most)) === undefined ? LOCKED_SECONDS : 0
}

function admission(waitSeconds: number, undo: () => readonly Promise<void>[]): Admission {
  return {
    waitSeconds,
    async succeeded() {
      await Promise.all(undo())
    },
  }
}

/** Keys of one length that hold nothing of what was typed. */
function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
