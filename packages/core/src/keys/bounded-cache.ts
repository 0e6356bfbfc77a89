interface Entry<T> {
  readonly value: T
  readonly putAt: number
  readonly expiresAt: number
}

/** Remembers values for a time, the youngest up to a number. By the wall clock that it is told: set back, it forgets. */
export class BoundedCache<T> {
  readonly #mostEntries: number
  readonly #entries = new Map<string, Entry<T>>()

  constructor(mostEntries: number) {
    this.#mostEntries = mostEntries
  }

  get(name: string, now: number): { readonly value: T } | undefined {
    const entry = this.#entries.get(name)
    return entry !== undefined && isCurrent(entry, now) ? entry : undefined
  }

  /** What was put last under `name`, however long ago. */
  last(name: string): T | undefined {
    return this.#entries.get(name)?.value
  }

  put(name: string, value: T, now: number, seconds: number): void {
    // To the end of the line: it is the youngest.
    this.#entries.delete(name)
    if (this.#entries.size >= this.#mostEntries) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    this.#entries.set(name, { value, putAt: now, expiresAt: now + seconds })
  }

  delete(name: string): void {
    this.#entries.delete(name)
  }

  *values(now: number): Generator<T> {
    for (const entry of this.#entries.values()) if (isCurrent(entry, now)) yield entry.value
  }

  get size(): number {
    return this.#entries.size
  }
}

function isCurrent({ putAt, expiresAt }: Entry<unknown>, now: number): boolean {
  return now >= putAt && now < expiresAt
}
