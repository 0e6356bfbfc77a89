/** A value that is here already, or will be. Everything on the river is one of these. */
export type Awaitable<T> = T | Promise<T>

/**
 * Goes on with `next` at once where the value is here, and when it arrives where it is not: one code path for
 * both. `next` takes its state as an argument, so that the synchronous path creates no closure.
 */
export function chain<T, S, U>(
  value: Awaitable<T>,
  state: S,
  next: (value: T, state: S) => Awaitable<U>,
): Awaitable<U> {
  return value instanceof Promise ? value.then((settled) => next(settled, state)) : next(value, state)
}
