import { hasPython } from './python.js'
import { type DemoServices, startServices } from './services.js'
import { heading, rowLines } from './table.js'
import { ROWS, type TourRow } from './tour.js'
import { tryIt } from './try-it.js'
import { judgeAgain, type RowResult, walk } from './walk.js'

export interface DemoOptions {
  /** Stop after the walk; otherwise the services stay up until `signal` aborts. */
  readonly once: boolean
  readonly print: (line: string) => void
  readonly colour?: boolean
  readonly rows?: readonly TourRow[]
  readonly python?: boolean
  readonly signal?: AbortSignal
}

/**
 * Starts the services, walks the tour, prints what came of it. Resolves with the exit code: 0 where every row is as expected, else 1.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { once, print, signal } = options
  print('starting gateway, orders and inventory: free ports, memory stores, keys made for this run')
  const services = await startServices()
  try {
    print(`gateway (Fastify) ${services.urls.gateway}, orders (Express) ${services.urls.orders},`)
    print(`inventory (Fastify) ${services.urls.inventory}\n`)
    const exitCode = report(await walkAloud(services, options), services, options)
    if (once || signal?.aborted === true) return exitCode
    print('\nThe services stay up; Ctrl-C stops them. Their audit records follow. Try, in another terminal:\n')
    print(tryIt(services))
    services.follow((line) => print(line.trimEnd()))
    await aborted(signal)
    return exitCode
  } finally {
    await services.close()
  }
}

/** Prints each row when it is walked. */
async function walkAloud(services: DemoServices, options: DemoOptions): Promise<readonly RowResult[]> {
  const { print, colour = false, rows = ROWS, python = hasPython(), signal } = options
  print('why: what the audit records of the services say, in the order in which the request passed them')
  print('-: no record, the route is public\n')
  print(heading())
  const results: RowResult[] = []
  for await (const result of walk(rows, services, { python })) {
    if (signal?.aborted === true) break
    results.push(result)
    print(rowLines(result, colour))
  }
  return results
}

/** Sums up, after a second look for records that are one too many. */
function report(results: readonly RowResult[], { trail }: DemoServices, options: DemoOptions): number {
  const { print, colour = false, rows = ROWS } = options
  const late = judgeAgain(results, trail)
  for (const result of late) print(rowLines(result, colour))
  const walked = new Set(results.map(({ traceId }) => traceId))
  const strays = trail.records().filter(({ traceId }) => traceId === undefined || !walked.has(traceId))
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

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve()
    else signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}
