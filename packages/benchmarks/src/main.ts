import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type FaultRow, faultTable } from './faults/row.js'
import { runFaults } from './faults/run.js'
import { type HttpResult, runHttp } from './http.js'
import { runInProcess } from './in-process.js'
import { canPin } from './pinned.js'
import type { Result } from './rounds.js'
import { httpTable, resultTable } from './table.js'
import { httpVerdicts, inProcessVerdicts, type Verdict, verdictTable } from './targets.js'

const USAGE = 'usage: pnpm bench [in-process|http|faults] [--quick] [--only <beginning of a group>]'

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
  })
  const [part] = positionals
  if (positionals.length > 1 || (part !== undefined && !['in-process', 'http', 'faults'].includes(part)))
    throw new Error(USAGE)
  return { part, quick: values.quick, only: values.only }
}

const { part, quick, only } = readArguments()
const print = (text: string): void => console.log(text)

const cpu = cpus()
print(`# Benchmarks of countersign

Node ${process.version}, ${cpu.length} × ${cpu[0]?.model.trim() ?? 'unknown CPU'}, ${new Date().toISOString().slice(0, 10)}${quick ? ', quick' : ''}.
${canPin ? 'Each measured process kept to one core.' : 'Processes not kept to cores: taskset is missing.'} Ratios are of one run; rates and times are of this machine.
`)

const verdicts: Verdict[] = []
if (part === undefined || part === 'in-process') {
  const results: Result[] = []
  print('## In process\n')
  for await (const result of runInProcess(quick, only)) {
    print(resultTable(result))
    results.push(result)
  }
  verdicts.push(...inProcessVerdicts(results))
}
if (part === undefined || part === 'http') {
  const results: HttpResult[] = []
  print('## Over HTTP, on loopback\n')
  for await (const result of runHttp(quick, only)) {
    print(httpTable(result))
    results.push(result)
  }
  verdicts.push(...httpVerdicts(results))
}
if (part === 'faults') {
  const rows: FaultRow[] = []
  const busyBefore = loadavg()[0] ?? 0
  const startedAt = performance.now()
  for await (const row of runFaults(quick, only)) {
    console.error(`${row.id} ${row.fault}: ${row.measured}`)
    rows.push(row)
  }
  print(
    `## Faults\n\n${faultTable(rows)}\n\n${Math.round((performance.now() - startedAt) / 1000)} seconds; load of the machine ${busyBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after, of ${cpu.length} cores.\n`,
  )
  if (rows.some(({ held }) => held === false)) process.exitCode = 1
}
if (verdicts.length > 0) print(verdictTable(verdicts))
