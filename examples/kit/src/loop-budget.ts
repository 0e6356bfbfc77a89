export interface LoopBudgetOptions {
  /** How long one turn of the event loop may take new requests. Default 100: a process that has to share its core is off it for tens. */
  readonly turnMilliseconds?: number
  /** For how long turns must have been too long before any request is refused. Default 1000. */
  readonly patienceMilliseconds?: number
  /** For tests: milliseconds. */
  readonly now?: () => number
}

/**
 * Tells when more requests come than the process gets done. In one turn of the event loop Node hands over all requests that have
 * arrived since the last. Where that takes longer than `turnMilliseconds`, turn after turn, those at the end of it have waited too long:
 * they are to be refused, which is cheap, and the next turn begins sooner. A single long turn, as after somebody blocked the loop, refuses nobody.
 */
export class LoopBudget {
  readonly #turnMilliseconds: number
  readonly #patienceMilliseconds: number
  readonly #now: () => number
  #startedAt: number | undefined
  #overSince: number | undefined
  #isOver = false

  constructor({
    turnMilliseconds = 100,
    patienceMilliseconds = 1000,
    now = () => performance.now(),
  }: LoopBudgetOptions = {}) {
    this.#turnMilliseconds = turnMilliseconds
    this.#patienceMilliseconds = patienceMilliseconds
    this.#now = now
  }

  /** Asked once for each request, when it arrives. */
  isSpent(): boolean {
    const now = this.#now()
    if (this.#startedAt === undefined) {
      this.#startedAt = now
      // Runs when all that had arrived is handed over.
      setImmediate(this.#endTurn)
    }
    if (now - this.#startedAt <= this.#turnMilliseconds) return false
    this.#isOver = true
    return this.#overSince !== undefined && now - this.#overSince >= this.#patienceMilliseconds
  }

  readonly #endTurn = (): void => {
    // From its end: what has piled up while the loop was blocked is handed over in one turn, and served.
    this.#overSince = this.#isOver ? (this.#overSince ?? this.#now()) : undefined
    this.#isOver = false
    this.#startedAt = undefined
  }
}
