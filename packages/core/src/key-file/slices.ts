import { setImmediate as nextTurn } from 'node:timers/promises'

const SLICE_MILLISECONDS = 5

/** Long work in slices, so that requests are served in between. */
export class Slices {
  #since = performance.now()

  get isOver(): boolean {
    return performance.now() - this.#since >= SLICE_MILLISECONDS
  }

  /** Lets the event loop take a turn. */
  async next(): Promise<void> {
    await nextTurn()
    this.#since = performance.now()
  }
}
