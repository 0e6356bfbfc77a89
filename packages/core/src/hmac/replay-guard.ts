import type { Awaitable } from '../chain.js'
import { isThenable, withinSeconds } from '../deadline.js'
import { type CredentialError, refusal } from '../errors.js'
import type { ReplayStore } from './replay.js'

/** Asks a replay store and believes nothing but a plain answer in time: whatever else comes is `replay_store_unavailable`. */
export class ReplayGuard {
  readonly #store: ReplayStore
  readonly #timeoutSeconds: number

  constructor(store: ReplayStore, timeoutSeconds: number) {
    this.#store = store
    this.#timeoutSeconds = timeoutSeconds
  }

  /**
   * Remembers an id until `expiresAt`.
   *
   * @throws {CredentialError} or rejects with it: `replayed`, `replay_store_unavailable`
   */
  claim(id: string, expiresAt: number, now: number): Awaitable<void> {
    let claimed: boolean | PromiseLike<boolean>
    try {
      claimed = this.#store.claim(id, expiresAt, now)
    } catch {
      throw unavailable()
    }
    if (!isThenable(claimed)) return checkClaimed(claimed)
    return withinSeconds(claimed, this.#timeoutSeconds, unavailable).then(checkClaimed, () => {
      throw unavailable()
    })
  }

  /** A store that cannot answer is not ready: the question itself must not fail. */
  async ready(now: number): Promise<boolean> {
    try {
      const ready = this.#store.ready?.(now) ?? true
      return (isThenable(ready) ? await withinSeconds(ready, this.#timeoutSeconds, unavailable) : ready) === true
    } catch {
      return false
    }
  }

  close(): Awaitable<void> {
    return this.#store.close?.()
  }
}

/** Anything but a plain `true` is not a claim: a store that answers something else has not done its work. */
function checkClaimed(claimed: boolean): void {
  if (claimed === false) throw refusal('replayed')
  if (claimed !== true) throw unavailable()
}

function unavailable(): CredentialError {
  return refusal('replay_store_unavailable')
}
