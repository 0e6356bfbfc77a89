import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type HttpResult, runHttp } from './http.js'
import { runInProcess } from './in-process.js'
import { canPin } from './pinned.js'
import type { Result } from './rounds.js'
import { httpTable, resultTable } from './table.js'
import { httpVerdicts, inProcessVerdicts, type Verdict, verdictTable } from './targets.js'

const USAGE = 'usage: pnpm bench [in-process|http] [--quick] [--only <beginning of a group>]'

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
  })
  const [part] = positionals
  if (positionals.length > 1 || (part !== undefined && !['in-process', 'http'].includes(part))) throw new Error(USAGE)
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
if (part !== 'http') {
  const results: Result[] = []
  print('## In process\n')
  for await (const result of runInProcess(quick, only)) {
    print(resultTable(result))
    results.push(result)
  }
  verdicts.push(...inProcessVerdicts(results))
}
if (part !== 'in-process') {
  const results: HttpResult[] = []
  print('## Over HTTP, on loopback\n')
  for await (const result of runHttp(quick, only)) {
    print(httpTable(result))
    results.push(result)
  }
  verdicts.push(...httpVerdicts(results))
}
if (verdicts.length > 0) print(verdictTable(verdicts))
