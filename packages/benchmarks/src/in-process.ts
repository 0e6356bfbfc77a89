import { nextMessage, startPinned } from './pinned.js'
import type { Result, Settings } from './rounds.js'
import { GROUPS } from './scenarios.js'

const FULL: Settings = { rounds: 15, warmupMilliseconds: 1000, sliceMilliseconds: 60 }
const QUICK: Settings = { rounds: 5, warmupMilliseconds: 400, sliceMilliseconds: 30 }

const LONGEST_GROUP_SECONDS = 300

/** Measures verify() against the limit and the peers, group by group, each in a process of its own on one core. */
export async function* runInProcess(quick: boolean, only?: string): AsyncGenerator<Result> {
  for (const name of Object.keys(GROUPS)) {
    if (only !== undefined && !name.startsWith(only)) continue
    const child = startPinned(0, './in-process-child.js', [name, JSON.stringify(quick ? QUICK : FULL)])
    try {
      yield* await nextMessage<Result[]>(child, LONGEST_GROUP_SECONDS)
    } finally {
      child.kill()
    }
  }
}
