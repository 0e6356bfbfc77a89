/** Where values stand on an axis. */
export interface Scale {
  /** Values that a line is drawn at, ascending. */
  readonly marks: readonly number[]
  /** 0 at the foot of the axis, 1 at its top. */
  readonly share: (value: number) => number
}

/** From 0, in about four steps of 1, 2 or 5, to at least the highest. */
export function linearScale(values: readonly number[]): Scale {
  const highest = Math.max(...values)
  const most = highest > 0 ? highest : 1
  const power = 10 ** Math.floor(Math.log10(most / 4))
  const step = ([1, 2, 5, 10].find((factor) => factor * power * 4 >= most) ?? 10) * power
  const marks = Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) => index * step)
  const top = marks.at(-1) ?? 1
  return { marks, share: (value) => value / top }
}

/** From a power of ten to a power of ten. What is not above zero stands at the foot. */
export function logarithmicScale(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0)
  if (positive.length === 0) return linearScale(values)
  const low = Math.floor(Math.log10(Math.min(...positive)) + 1e-9)
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive)) - 1e-9))
  const marks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index))
  return { marks, share: (value) => (value > 0 ? (Math.log10(value) - low) / (high - low) : 0) }
}
