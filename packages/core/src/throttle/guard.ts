import type { Awaitable } from '../chain.js'
import { isThenable, withinSeconds } from '../deadline.js'
import type { RequestView } from '../request-view.js'
import type { Presented } from '../scheme.js'
import { failureNames } from './names.js'
import type { FailureThrottle } from './throttle.js'

/** Asks a throttle, and lets none of its own failures decide anything: where it does not answer as it should, nobody is to wait. */
export class ThrottleGuard {
  readonly #throttle: FailureThrottle
  readonly #timeoutSeconds: number
  #isFailing = false

  constructor(throttle: FailureThrottle, timeoutSeconds: number) {
    this.#throttle = throttle
    this.#timeoutSeconds = timeoutSeconds
  }

  /** Counts a failure; answers the whole seconds to wait, 0 for none. Never throws, never rejects, answers in time. */
  countFailure(view: RequestView, failed: Presented | undefined): Awaitable<number> {
    try {
      const answer = this.#throttle.fail(failureNames(view.ip, failed))
      if (!isThenable(answer)) return this.#wholeSeconds(answer)
      return withinSeconds(answer, this.#timeoutSeconds, late).then(
        (seconds) => this.#wholeSeconds(seconds),
        () => this.#wholeSeconds(undefined),
      )
    } catch {
      return this.#wholeSeconds(undefined)
    }
  }

  async ready(): Promise<boolean> {
    try {
      const ready = this.#throttle.ready?.() ?? true
      return (isThenable(ready) ? await withinSeconds(ready, this.#timeoutSeconds, late) : ready) === true
    } catch {
      return false
    }
  }

  close(): Awaitable<void> {
    return this.#throttle.close?.()
  }

  /** Says it once when a throttle ceases to count, and again only after it has counted: it would be missed by nobody. */
  #wholeSeconds(answer: unknown): number {
    const isCounting = typeof answer === 'number' && answer >= 0 && Number.isFinite(answer)
    if (!isCounting && !this.#isFailing)
      process.emitWarning('the throttle does not count failures', { type: 'CountersignWarning' })
    this.#isFailing = !isCounting
    return isCounting ? Math.ceil(answer) : 0
  }
}

const late = () => new Error('the throttle did not answer in time')
