import type { Awaitable } from '@countersign/core'
import { isThenable, withinSeconds } from '@countersign/core/issuance'
import { IssuanceError } from '../outcome.js'
import type { RefreshFamily, RefreshOutcome, RefreshStore, RefreshUse } from './store.js'

const OUTCOMES: readonly unknown[] = ['used', 'retried', 'reused', 'revoked', 'expired', 'unknown']

/** A store as the issuer sees it: whatever it does but answer in time and in form is `refresh_store_unavailable`. */
export class GuardedStore {
  readonly #store: RefreshStore
  readonly #timeoutSeconds: number

  constructor(store: RefreshStore, timeoutSeconds: number) {
    this.#store = store
    this.#timeoutSeconds = timeoutSeconds
  }

  async start(family: RefreshFamily, now: number): Promise<void> {
    await this.#ask(() => this.#store.start(family, now))
  }

  async find(familyId: string, now: number): Promise<RefreshFamily | undefined> {
    const family = await this.#ask(() => this.#store.find(familyId, now))
    if (family !== undefined && family?.id !== familyId) throw unavailable()
    return family
  }

  async use(use: RefreshUse): Promise<RefreshOutcome> {
    const outcome = await this.#ask(() => this.#store.use(use))
    if (!OUTCOMES.includes(outcome?.outcome)) throw unavailable()
    return outcome
  }

  async end(familyId: string, now: number): Promise<boolean> {
    return (await this.#ask(() => this.#store.end(familyId, now))) === true
  }

  async endSubject(subject: string, now: number): Promise<readonly string[]> {
    const ids = await this.#ask(() => this.#store.endSubject(subject, now))
    if (!Array.isArray(ids)) throw unavailable()
    return ids
  }

  /** Never rejects, and answers in time. */
  async ready(now: number): Promise<boolean> {
    try {
      return (await this.#ask(() => this.#store.ready?.(now) ?? true)) === true
    } catch {
      return false
    }
  }

  async close(): Promise<void> {
    await this.#store.close?.()
  }

  async #ask<T>(question: () => Awaitable<T>): Promise<T> {
    try {
      const answer = question()
      return isThenable(answer) ? await withinSeconds(answer, this.#timeoutSeconds, unavailable) : answer
    } catch (error) {
      throw error instanceof IssuanceError ? error : new IssuanceError('refresh_store_unavailable', { cause: error })
    }
  }
}

function unavailable(): IssuanceError {
  return new IssuanceError('refresh_store_unavailable')
}
