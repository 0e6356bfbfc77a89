/** What a value outside a table is called. */
export const OTHER = 'other'
/** What an absent value is called. */
export const NONE = 'none'

/** The most characters of a label's value: an issuer chooses its kids. */
const MOST_CHARACTERS = 128

/**
 * All values that one label can have. Whatever is in none of them is `other`, so how many series there can be stands here and nowhere in a
 * request.
 */
export class LabelValues {
  readonly values: readonly string[]
  readonly #indexes: ReadonlyMap<string, number>

  constructor(known: readonly string[]) {
    this.values = [...new Set([...known, NONE, OTHER])]
    this.#indexes = new Map(this.values.map((value, index) => [value, index]))
  }

  get size(): number {
    return this.values.length
  }

  indexOf(value: string | undefined): number {
    return this.#indexes.get(value ?? NONE) ?? this.size - 1
  }

  nameOf(value: string | undefined): string {
    return this.values[this.indexOf(value)] ?? OTHER
  }
}

/** Names that configuration chose, as they turn up: so many, and the rest are `other`. */
export class BoundedNames {
  readonly #most: number
  readonly #known = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  nameOf(name: string): string {
    const short = cut(name)
    if (this.#known.has(short)) return short
    if (this.#known.size >= this.#most) return OTHER
    this.#known.add(short)
    return short
  }
}

export function cut(name: string): string {
  return name.slice(0, MOST_CHARACTERS)
}
