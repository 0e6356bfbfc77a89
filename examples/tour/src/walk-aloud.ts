import { hasPython } from './python.js'
import { heading, rowLines } from './table.js'
import type { TourTarget } from './target.js'
import { PREPARATION_TRACE_ID } from './tokens.js'
import { ROWS, type TourRow } from './tour.js'
import { judgeAgain, type RowResult, walk } from './walk.js'

export interface WalkAloudOptions {
  readonly print: (line: string) => void
  readonly colour?: boolean
  readonly rows?: readonly TourRow[]
  readonly python?: boolean
  readonly signal?: AbortSignal
}

/** Walks the tour and prints each row when it is walked. */
export async function walkAloud(target: TourTarget, options: WalkAloudOptions): Promise<readonly RowResult[]> {
  const { print, colour = false, rows = ROWS, python = hasPython(), signal } = options
  print('why: what the audit records of the services say, in the order in which the request passed them')
  print('-: no record, the route is public\n')
  print(heading())
  const results: RowResult[] = []
  for await (const result of walk(rows, target, { python })) {
    if (signal?.aborted === true) break
    results.push(result)
    print(rowLines(result, colour))
  }
  return results
}

/** Sums up, after a second look for records that are one too many. Returns the exit code: 0 where every row is as expected, else 1. */
export function report(
  results: readonly RowResult[],
  { trail, exclusive }: TourTarget,
  options: WalkAloudOptions,
): number {
  const { print, colour = false, rows = ROWS } = options
  const late = judgeAgain(results, trail)
  for (const result of late) print(rowLines(result, colour))
  const walked = new Set([PREPARATION_TRACE_ID, ...results.map(({ traceId }) => traceId)])
  const strays = (exclusive ? trail.records() : []).filter(
    ({ traceId }) => traceId === undefined || !walked.has(traceId),
  )
  if (strays.length > 0) print(`FAIL: ${strays.length} audit records belong to no request of the tour`)

  const count = (verdict: RowResult['verdict']): number => results.filter((row) => row.verdict === verdict).length
  const failed = count('FAIL') + late.length
  const [ok, skipped] = [count('ok') - late.length, count('skipped')]
  print(`\n${rows.length} requests: ${ok} as expected, ${failed} not, ${skipped} skipped`)
  if (skipped > 0) print('SKIPPED: the rows of the Python client, for python3 cannot be run here')
  if (failed > 0) print('FAILED: something is not as expected, see the rows marked FAIL')
  if (results.length < rows.length) print(`FAILED: stopped after ${results.length} of them`)
  return failed + strays.length === 0 && results.length === rows.length ? 0 : 1
}
