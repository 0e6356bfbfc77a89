import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { LoopBudget } from '../src/loop-budget.js'

let now: number
let budget: LoopBudget

beforeEach(() => {
  now = 0
  budget = new LoopBudget({ turnMilliseconds: 25, patienceMilliseconds: 250, now: () => now })
})

/** One turn of the event loop with requests at these milliseconds after its begin: which of them were refused. */
async function turn(...requests: readonly number[]): Promise<readonly boolean[]> {
  const begin = now
  const refused = requests.map((after) => {
    now = begin + after
    return budget.isSpent()
  })
  await nextTurn()
  return refused
}

describe('a loop budget', () => {
  it('takes everything while turns are short', async () => {
    for (let index = 0; index < 100; index++) expect(await turn(0, 12, 25)).toEqual([false, false, false])
  })

  it('refuses nobody for one long turn, as after the loop was blocked', async () => {
    expect(await turn(0, 2000, 4000)).toEqual([false, false, false])
    expect(await turn(0, 10)).toEqual([false, false])
    expect(await turn(0, 2000)).toEqual([false, false])
  })

  it('refuses the end of each turn once turns were too long for as long as its patience, and never its begin', async () => {
    expect(await turn(0, 26)).toEqual([false, false])
    for (let index = 0; index < 8; index++) expect(await turn(0, 26)).toEqual([false, false])
    now = 26 + 249 - 26
    expect(await turn(0, 25, 26)).toEqual([false, false, false])
    expect(await turn(0, 25, 26, 40)).toEqual([false, false, true, true])
    expect(await turn(0, 25, 26)).toEqual([false, false, true])
  })

  it('forgets as soon as one turn is short', async () => {
    await turn(0, 26)
    now += 300
    expect(await turn(0, 26)).toEqual([false, true])
    expect(await turn(0, 25)).toEqual([false, false])
    expect(await turn(0, 26)).toEqual([false, false])
  })
})
