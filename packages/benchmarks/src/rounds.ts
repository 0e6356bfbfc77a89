import { mean, median } from './statistics.js'

/** One way to do the work of a scenario. */
export interface Contender {
  readonly name: string
  /** Runs `count` operations on inputs of its own and returns how many microseconds they took; what goes before is not counted. */
  time(count: number): number | Promise<number>
}

/** The first contender is what the others are compared with. */
export interface Scenario {
  readonly title: string
  readonly contenders: readonly [Contender, ...Contender[]]
}

export interface Settings {
  readonly rounds: number
  /** Measured time each contender has before the rounds, for its machine code to be made. */
  readonly warmupMilliseconds: number
  /** How much measured time one contender has in one round. */
  readonly sliceMilliseconds: number
}

export interface Row {
  readonly name: string
  /** Microseconds an operation: the median over rounds of the median of a round. */
  readonly p50: number
  /** Microseconds an operation, garbage collection included: the median over rounds of the mean of a round. */
  readonly mean: number
  /** p50 over that of the first contender in the same round: the median over rounds. */
  readonly ratio: number
}

export interface Result {
  readonly title: string
  readonly rows: readonly Row[]
}

/**
 * A contender that does one thing, checked each time: what does not work is not measured.
 *
 * @param prepare - makes one input, uncounted
 * @param run - `true` where the outcome is the expected one
 */
export function contender<I>(name: string, prepare: () => I, run: (input: I) => boolean): Contender {
  return {
    name,
    time(count) {
      const inputs = Array.from({ length: count }, prepare)
      let right = 0
      const startedAt = performance.now()
      for (let index = 0; index < count; index++) if (run(inputs[index] as I)) right++
      const microseconds = (performance.now() - startedAt) * 1000
      if (right !== count) throw new Error(`${name}: ${count - right} of ${count} had another outcome`)
      return microseconds
    },
  }
}

/** As {@link contender}, for what answers with a promise: one at a time. */
export function asyncContender<I>(name: string, prepare: () => I, run: (input: I) => Promise<boolean>): Contender {
  return {
    name,
    async time(count) {
      const inputs = Array.from({ length: count }, prepare)
      let right = 0
      const startedAt = performance.now()
      for (let index = 0; index < count; index++) if (await run(inputs[index] as I)) right++
      const microseconds = (performance.now() - startedAt) * 1000
      if (right !== count) throw new Error(`${name}: ${count - right} of ${count} had another outcome`)
      return microseconds
    },
  }
}

/** A clock is read once for so much work, or it would be measured too. */
const CHUNK_MICROSECONDS = 50
const MOST_IN_CHUNK = 256
const WARMUP_TURNS = 4

/**
 * Measures the contenders of a scenario side by side: every round gives each of them a slice, in an order that turns from round to round,
 * so that whatever else the machine does falls on all of them.
 */
export async function measure({ title, contenders }: Scenario, settings: Settings): Promise<Result> {
  const chunks = new Map<Contender, number>()
  for (let turn = 0; turn < WARMUP_TURNS; turn++) {
    for (const each of contenders) {
      const { p50 } = await slice(each, chunks.get(each) ?? 1, settings.warmupMilliseconds / WARMUP_TURNS)
      chunks.set(each, Math.min(MOST_IN_CHUNK, Math.max(1, Math.ceil(CHUNK_MICROSECONDS / p50))))
    }
  }
  const medians = contenders.map((): number[] => [])
  const means = contenders.map((): number[] => [])
  for (let round = 0; round < settings.rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + round) % contenders.length
      const each = contenders[index] as Contender
      const measured = await slice(each, chunks.get(each) ?? 1, settings.sliceMilliseconds)
      medians[index]?.push(measured.p50)
      means[index]?.push(measured.mean)
    }
  }
  const reference = medians[0] ?? []
  const rows = contenders.map(({ name }, index) => {
    const own = medians[index] ?? []
    const ratios = own.map((value, round) => value / (reference[round] ?? Number.NaN))
    return { name, p50: median(own), mean: median(means[index] ?? []), ratio: median(ratios) }
  })
  return { title, rows }
}

async function slice(each: Contender, chunk: number, milliseconds: number): Promise<{ p50: number; mean: number }> {
  const samples: number[] = []
  for (let spent = 0; spent < milliseconds * 1000; ) {
    const microseconds = await each.time(chunk)
    spent += microseconds
    samples.push(microseconds / chunk)
  }
  return { p50: median(samples), mean: mean(samples) }
}
