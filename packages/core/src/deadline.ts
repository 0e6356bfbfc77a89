/**
 * Waits for `promise`, at most so long; what settles later is dropped, a rejection too.
 *
 * When the time is up the event loop takes one more turn first: where it was blocked, an answer that lies there already is not called late.
 *
 * @param late - what to reject with
 */
export function withinSeconds<T>(promise: PromiseLike<T>, seconds: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(late())), seconds * 1000)
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
