import type { Awaitable } from '../chain.js'
import { isThenable, withinSeconds } from '../deadline.js'
import { type CredentialError, refusal } from '../errors.js'
import type { RevocableCredentials, Revocation, RevocationGuard, RevokedReason } from './revocation.js'

/**
 * Asks a store and takes nothing but a plain `true` or `false` for an answer: whatever else comes, or nothing within
 * `timeoutSeconds`, is `revocation_unavailable`.
 */
export function guardWith(store: Revocation, timeoutSeconds: number): RevocationGuard {
  return {
    check(credentials, now, revoked) {
      const answer = ask(store, credentials, now)
      if (!isThenable(answer)) return settle(answer, revoked)
      return withinSeconds(answer, timeoutSeconds, unavailable).then(
        (settled) => settle(settled, revoked),
        () => {
          throw unavailable()
        },
      )
    },
    async ready(now) {
      try {
        const ready = store.ready?.(now) ?? true
        return (isThenable(ready) ? await withinSeconds(ready, timeoutSeconds, unavailable) : ready) === true
      } catch {
        return false
      }
    },
  }
}

function ask(store: Revocation, credentials: RevocableCredentials, now: number): Awaitable<boolean> {
  try {
    return store.isRevoked(credentials, now)
  } catch {
    throw unavailable()
  }
}

function settle(answer: unknown, revoked: RevokedReason): void {
  if (answer === false) return
  throw answer === true ? refusal(revoked) : unavailable()
}

function unavailable(): CredentialError {
  return refusal('revocation_unavailable')
}
