import { type KeyState, keyState } from '@countersign/core/key-file'

/** When a key of the schedule may be used: it signs from `notBefore` on, and is verified with until `notAfter`. NumericDates. */
export interface ScheduledKey {
  readonly kid: string
  readonly notBefore?: number | undefined
  readonly notAfter?: number | undefined
  readonly status?: 'active' | 'deactivated' | 'compromised' | undefined
}

export interface Schedule {
  /** For how long a key signs. */
  readonly rotateSeconds: number
  /** For how long it is published before: longer than verifiers keep a JWK Set. */
  readonly publishAheadSeconds: number
  /** For how long it is published after: the last token's life, and the most that clocks may differ. */
  readonly keepSeconds: number
}

/** What is to be done now. */
export interface Step {
  /** A new key is needed, and signs from then on. */
  readonly create: number | undefined
  /** Keys that another follows, and when the last token of each is over. */
  readonly ends: ReadonlyMap<string, number>
  /** Keys whose last token is over. */
  readonly drop: ReadonlySet<string>
}

const ALWAYS = Number.NEGATIVE_INFINITY

/** The key that signs at a time: of those that may, and whose tokens would not outlive them, the one that came last. */
export function signingKeyAt<K extends ScheduledKey>(
  keys: readonly K[],
  now: number,
  schedule: Schedule,
): K | undefined {
  const active = keys.filter((key) => stateAt(key, now) === 'active')
  const lasting = active.filter(({ notAfter }) => notAfter === undefined || now < notAfter - schedule.keepSeconds)
  // A token that its key does not outlive is better than none.
  return newest(lasting.length > 0 ? lasting : active)
}

/** The keys that a verifier may meet from now on: every one that is neither over nor withdrawn. */
export function publishedAt<K extends ScheduledKey>(keys: readonly K[], now: number): readonly K[] {
  return keys.filter((key) => ['pre-active', 'active'].includes(stateAt(key, now)))
}

/** The key that will sign after the one that signs now. */
export function nextKeyAt<K extends ScheduledKey>(keys: readonly K[], now: number): K | undefined {
  const ahead = keys.filter((key) => stateAt(key, now) === 'pre-active')
  return ahead.toSorted(byStart)[0]
}

/**
 * Looks at the keys of an issuer as they are and says what is due: pure, so that several processes that see the same keys come to the same
 * step. `undefined`: nothing.
 */
export function planStep(keys: readonly ScheduledKey[], now: number, schedule: Schedule): Step | undefined {
  const current = signingKeyAt(keys, now, schedule)
  const create = startOfNext(keys, current, now, schedule)
  const ends = endsOf(keys, create, schedule)
  const drop = new Set(keys.filter((key) => isOver(key, now)).map(({ kid }) => kid))
  return create === undefined && ends.size === 0 && drop.size === 0 ? undefined : { create, ends, drop }
}

function startOfNext(
  keys: readonly ScheduledKey[],
  current: ScheduledKey | undefined,
  now: number,
  { rotateSeconds, publishAheadSeconds, keepSeconds }: Schedule,
): number | undefined {
  // Nobody can have seen it before: there was nothing to sign with.
  if (current === undefined) return now
  if (nextKeyAt(keys, now) !== undefined) return undefined
  const { notBefore = ALWAYS, notAfter = Number.POSITIVE_INFINITY } = current
  const lastUse = Math.min(notBefore + rotateSeconds, notAfter - keepSeconds)
  if (now < lastUse - publishAheadSeconds) return undefined
  // One that is late is published as long as ever, and the one before goes on signing: unless somebody set its end.
  return Math.min(Math.max(lastUse, now + publishAheadSeconds), Math.max(now, notAfter - keepSeconds))
}

/** A key ends when the last token is over that it signed before its successor took over. */
function endsOf(keys: readonly ScheduledKey[], create: number | undefined, { keepSeconds }: Schedule): Step['ends'] {
  const starts = keys.filter(isNotWithdrawn).map(({ notBefore = ALWAYS }) => notBefore)
  if (create !== undefined) starts.push(create)
  const ends = new Map<string, number>()
  for (const key of keys.filter(isNotWithdrawn)) {
    const later = starts.filter((start) => start > (key.notBefore ?? ALWAYS))
    if (key.notAfter === undefined && later.length > 0) ends.set(key.kid, Math.min(...later) + keepSeconds)
  }
  return ends
}

function isOver(key: ScheduledKey, now: number): boolean {
  return isNotWithdrawn(key) && key.notAfter !== undefined && now > key.notAfter
}

function isNotWithdrawn({ status }: ScheduledKey): boolean {
  return status === undefined || status === 'active'
}

function stateAt(key: ScheduledKey, now: number): KeyState {
  return keyState(key, now)
}

function newest<K extends ScheduledKey>(keys: readonly K[]): K | undefined {
  return keys.toSorted(byStart).at(-1)
}

/** Two that start at once are told apart by their names: every process comes to the same one. */
function byStart(left: ScheduledKey, right: ScheduledKey): number {
  const [a, b] = [left.notBefore ?? ALWAYS, right.notBefore ?? ALWAYS]
  if (a !== b) return a - b
  return left.kid < right.kid ? -1 : 1
}
