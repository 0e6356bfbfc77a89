import { keyState, type UsedKey } from '../key.js'
import { keyDetail } from './key-details.js'
import { publishKeyEvent } from './key-events.js'

/** The least time between two events, and two warnings, of one key. */
export const DEFAULT_REPORT_SECONDS = 60

/** The last fifth of a life that nobody told the beginning of: a week. */
const ASSUMED_LIFE_SECONDS = 35 * 86_400

/**
 * Notes that a signature or MAC by `key` held, whether or not the key is accepted: so "is the old key still used?" has an answer.
 * Costs a number write; an event and a look at the key's end once per `reportSeconds`.
 */
export function noteUse(key: UsedKey, now: number, reportSeconds: number, issuer?: string): void {
  const { use } = key
  if (use === undefined) return
  use.lastUsedAt = now
  // Also true at the first use, which finds NaN, and after a clock that was set back by more.
  if (Math.abs(now - use.reportedAt) < reportSeconds) return
  use.reportedAt = now
  publishKeyEvent(() => ({
    event: 'key.used',
    v: 1,
    ...keyDetail(key, now),
    ...(issuer === undefined ? {} : { issuer }),
  }))
  warnNearEnd(key, now)
}

/**
 * Warns that a key in the last fifth of its life is still used: once a day at first, then each time a quarter of the rest has passed, at last
 * once a minute. So the warnings grow more frequent towards the end, and a year's key gives some hundred in all.
 */
function warnNearEnd(key: UsedKey, now: number): void {
  const { use, notAfter } = key
  if (use === undefined || notAfter === undefined || keyState(key, now) !== 'active') return
  const remaining = notAfter - now
  const life = key.notBefore === undefined ? ASSUMED_LIFE_SECONDS : notAfter - key.notBefore
  if (remaining > life / 5) return
  const interval = Math.min(Math.max(remaining / 4, 60), 86_400)
  if (Math.abs(now - use.warnedAt) < interval) return
  use.warnedAt = now
  const name = 'principal' in key ? `key ${key.id} of ${key.principal.id}` : `verification key ${key.kid ?? ''}`
  process.emitWarning(`${name} is still used and ends in ${inWords(remaining)}`, {
    type: 'CountersignWarning',
    code: 'COUNTERSIGN_KEY_ENDS',
  })
}

function inWords(seconds: number): string {
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} days`
  if (seconds >= 2 * 3600) return `${Math.floor(seconds / 3600)} hours`
  return seconds >= 120 ? `${Math.floor(seconds / 60)} minutes` : `${Math.floor(seconds)} seconds`
}
