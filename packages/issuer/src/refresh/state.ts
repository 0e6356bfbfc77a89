import type { RefreshFamily, RefreshOutcome, RefreshUse } from './store.js'

/** A family as it stands: what of it changes. */
export interface FamilyState {
  /** Hash of the live token. */
  readonly tokenHash: string
  /** Of the one before: what may be presented again within the grace, and what makes its successor. */
  readonly previous?: { readonly tokenHash: string; readonly salt: string }
  /** When the live token was made. */
  readonly rotatedAt: number
  /** The latest time that was seen: a clock that is set back revives nothing. */
  readonly seenAt: number
  readonly isRevoked: boolean
}

export function newState({ tokenHash, startedAt }: RefreshFamily): FamilyState {
  return { tokenHash, rotatedAt: startedAt, seenAt: startedAt, isRevoked: false }
}

/** When the live token is good no more, if nobody uses it. */
export function idleExpiresAt({ expiresAt, idleSeconds }: RefreshFamily, { rotatedAt }: FamilyState): number {
  return Math.min(expiresAt, rotatedAt + idleSeconds)
}

/**
 * Judges one use: what came of it, and the state after it. The whole of refresh rotation (RFC 9700 section 4.14.2), pure; a store makes one
 * atomic step of it.
 */
export function judgeUse(
  family: RefreshFamily,
  before: FamilyState,
  use: RefreshUse,
): readonly [RefreshOutcome, FamilyState] {
  // Whoever has none of its tokens changes nothing, and learns nothing.
  if (use.familyHash !== family.familyHash) return [{ outcome: 'unknown' }, before]
  const now = Math.max(use.now, before.seenAt)
  const state = { ...before, seenAt: now }
  if (now >= idleExpiresAt(family, state)) return [{ outcome: 'expired' }, state]
  if (state.isRevoked) return [{ outcome: 'revoked' }, state]
  if (use.tokenHash === state.tokenHash) return useLive(family, state, use, now)
  const { previous } = state
  if (previous?.tokenHash === use.tokenHash && now - state.rotatedAt <= family.graceSeconds)
    return [{ outcome: 'retried', salt: previous.salt, idleExpiresAt: idleExpiresAt(family, state) }, state]
  return [{ outcome: 'reused' }, revoke(state)]
}

function useLive(
  family: RefreshFamily,
  state: FamilyState,
  { tokenHash, successor }: RefreshUse,
  now: number,
): readonly [RefreshOutcome, FamilyState] {
  const next =
    successor === undefined
      ? state
      : { ...state, tokenHash: successor.tokenHash, previous: { tokenHash, salt: successor.salt }, rotatedAt: now }
  return [{ outcome: 'used', idleExpiresAt: idleExpiresAt(family, next) }, next]
}

/** Without what makes a successor: nobody needs it any more. */
export function revoke({ tokenHash, rotatedAt, seenAt }: FamilyState): FamilyState {
  return { tokenHash, rotatedAt, seenAt, isRevoked: true }
}
