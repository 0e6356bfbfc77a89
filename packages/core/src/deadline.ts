/** A timer that is called so much late says that the event loop was blocked. */
const BLOCKED_MILLISECONDS = 5

/**
 * Waits for `promise`, at most so long; what settles later is dropped, a rejection too.
 *
 * Time in which the event loop was blocked when the deadline came is given back, once and at most as long again: what was asked could not be sent,
 * or not be heard. In any case the loop takes one more turn first, for an answer that lies there already.
 *
 * @param late - what to reject with
 */
export function withinSeconds<T>(promise: PromiseLike<T>, seconds: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const allowed = seconds * 1000
    const due = performance.now() + allowed
    const end = () => setImmediate(() => reject(late()))
    let timer = setTimeout(() => {
      const blocked = performance.now() - due
      if (blocked < BLOCKED_MILLISECONDS) end()
      else timer = setTimeout(end, Math.min(blocked, allowed))
    }, allowed)
    promise.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** Whether a value from foreign code has to be waited for, whoever made the promise. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
