import { type Awaitable, chain } from '../chain.js'
import type { HmacKey, HmacKeyLookup, JwtAlgorithm, KeyHealth, VerificationKey, VerificationKeyLookup } from '../key.js'
import { KeySet } from '../keys/static-keys.js'
import type { KeyDocumentSource } from './feed.js'
import type { LiveKeys } from './live-keys.js'
import type { Snapshot } from './snapshot.js'

/** Several verifiers may open one source: it is read once for all of them. */
export function liveSource(live: LiveKeys): KeyDocumentSource {
  return {
    open({ clock }) {
      live.open(clock)
      return new LiveHmacKeys(live)
    },
    verificationKeys: {
      open({ clock, option, algorithms }) {
        live.open(clock)
        return new LiveVerificationKeys(live, option, algorithms)
      },
    },
  }
}

const NO_KEYS: KeyHealth = { ready: false, keys: 0, activeKeys: 0 }

class LiveHmacKeys implements HmacKeyLookup {
  readonly #live: LiveKeys

  constructor(live: LiveKeys) {
    this.#live = live
  }

  find(keyId: string, now: number): Awaitable<HmacKey | undefined> {
    return chain(this.#live.current(now), keyId, ({ hmac }, id) => hmac.find(id))
  }

  bodyTimestampKeys(now: number): Awaitable<readonly HmacKey[]> {
    return chain(this.#live.current(now), undefined, ({ hmac }) => hmac.bodyTimestampKeys)
  }

  isUsable(now: number): boolean {
    return this.#live.peek(now)?.hmac.isUsable(now) ?? false
  }

  warmup(): Promise<void> {
    return this.#live.warmup()
  }

  health(now: number): KeyHealth {
    return { ...(this.#live.peek(now)?.hmac.health(now) ?? NO_KEYS), ...this.#live.health(now) }
  }

  close(): void {
    this.#live.close()
  }
}

class LiveVerificationKeys implements VerificationKeyLookup {
  readonly #live: LiveKeys
  readonly #option: string
  readonly #algorithms: readonly JwtAlgorithm[]
  #snapshot: Snapshot | undefined
  #set: KeySet | undefined

  constructor(live: LiveKeys, option: string, algorithms: readonly JwtAlgorithm[]) {
    this.#live = live
    this.#option = option
    this.#algorithms = algorithms
  }

  find(kid: string | undefined, algorithm: JwtAlgorithm, now: number): Awaitable<VerificationKey | undefined> {
    const snapshot = this.#live.current(now)
    if (snapshot instanceof Promise) return snapshot.then((loaded) => this.#setOf(loaded).find(kid, algorithm))
    return this.#setOf(snapshot).find(kid, algorithm)
  }

  isUsable(now: number): boolean {
    return this.#peek(now)?.isUsable(now) ?? false
  }

  warmup(): Promise<void> {
    return this.#live.warmup()
  }

  health(now: number): KeyHealth {
    return { ...(this.#peek(now)?.health(now) ?? NO_KEYS), ...this.#live.health(now) }
  }

  close(): void {
    this.#live.close()
  }

  #peek(now: number): KeySet | undefined {
    const snapshot = this.#live.peek(now)
    return snapshot && this.#setOf(snapshot)
  }

  #setOf(snapshot: Snapshot): KeySet {
    if (this.#set === undefined || snapshot !== this.#snapshot) {
      const keys = snapshot.verification.filter(({ algorithm }) => this.#algorithms.includes(algorithm))
      this.#set = new KeySet(this.#option, keys)
      this.#snapshot = snapshot
    }
    return this.#set
  }
}
