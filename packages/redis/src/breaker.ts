/** Time and chance, as a breaker uses them. */
export interface BreakerRuntime {
  /** Seconds that only ever grow. */
  readonly monotonic: () => number
  /** From 0, included, to 1, excluded. */
  readonly random: () => number
}

export const SYSTEM_RUNTIME: BreakerRuntime = { monotonic: () => performance.now() / 1000, random: Math.random }

/** In turn: `probe` is the one question whose answer decides whether others may be asked again. */
export type Admission = 'normal' | 'probe'

/**
 * Knows whether it is worth to ask. Opens after some failures in a row; when its time is over lets one question through, and closes if that is
 * answered. The time is drawn anew each time, so that many processes do not come back at once. Needs no timer.
 */
export class Breaker {
  readonly #failureLimit: number
  readonly #openSeconds: number
  readonly #runtime: BreakerRuntime
  #failures = 0
  /** Absent: closed. */
  #openUntil: number | undefined
  #isProbing = false

  constructor(failureLimit: number, openSeconds: number, runtime: BreakerRuntime) {
    this.#failureLimit = failureLimit
    this.#openSeconds = openSeconds
    this.#runtime = runtime
  }

  /** `undefined`: do not ask. Whatever is admitted must be told of by `succeeded` or `failed`. */
  admit(): Admission | undefined {
    if (this.#openUntil === undefined) return 'normal'
    if (this.#isProbing || this.#runtime.monotonic() < this.#openUntil) return undefined
    this.#isProbing = true
    return 'probe'
  }

  /** Returns whether this closed the breaker. */
  succeeded(admission: Admission): boolean {
    if (admission === 'probe') {
      this.#isProbing = false
      this.#openUntil = undefined
    }
    // An answer to what was asked before it opened says nothing of now.
    if (this.#openUntil === undefined) this.#failures = 0
    return admission === 'probe'
  }

  /** Returns whether this opened the breaker; one that was open stays so. */
  failed(admission: Admission): boolean {
    if (admission === 'probe') {
      this.#isProbing = false
      this.#open()
      return false
    }
    if (this.#openUntil !== undefined || ++this.#failures < this.#failureLimit) return false
    this.#open()
    return true
  }

  #open(): void {
    this.#openUntil = this.#runtime.monotonic() + this.#openSeconds * (1 + this.#runtime.random() / 2)
  }
}
