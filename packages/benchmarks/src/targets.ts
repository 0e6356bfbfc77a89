import type { HttpResult } from './http.js'
import type { Result, Row } from './rounds.js'
import { table } from './table.js'

/** One promise about speed and what came of it. */
export interface Verdict {
  readonly promise: string
  readonly measured: string
  /** `undefined`: the machine was too busy to tell. */
  readonly kept: boolean | undefined
}

function rowOf(results: readonly Result[], title: string, name: string): Row | undefined {
  return results.find((result) => result.title.startsWith(title))?.rows.find((row) => row.name.startsWith(name))
}

/** The promises about verify() that `results` can tell of. */
export function inProcessVerdicts(results: readonly Result[]): readonly Verdict[] {
  const verdicts: Verdict[] = []
  const atMost = (promise: string, row: Row | undefined, measure: 'p50' | 'ratio', most: number) => {
    if (row === undefined) return
    const measured = measure === 'p50' ? `${row.p50.toFixed(2)} µs` : `${row.ratio.toFixed(2)} ×`
    verdicts.push({ promise, measured, kept: row[measure] <= most })
  }
  const fresh = 'countersign, cache missed'
  for (const algorithm of ['HS256', 'RS256']) {
    const row = rowOf(results, `${algorithm}, repeated`, 'countersign')
    // A time depends on the machine: the limit of the same run says how busy it was.
    const limit = rowOf(results, `${algorithm}, repeated`, 'limit')?.p50.toFixed(1)
    atMost(`verify() of a repeated ${algorithm} token under 1.5 µs (the limit here: ${limit} µs)`, row, 'p50', 1.5)
  }
  atMost('verify() of a fresh HS256 token at most 2.2 × the limit', rowOf(results, 'HS256, fresh', fresh), 'ratio', 2.2)
  atMost('verify() of a fresh RS256 token at most 1.3 × the limit', rowOf(results, 'RS256, fresh', fresh), 'ratio', 1.3)
  atMost('HMAC of 1 KiB at most 2 × bare createHmac', rowOf(results, 'HMAC 1 KiB', 'countersign'), 'ratio', 2)
  return verdicts
}

/** A rate that goes further apart than this says more of the machine than of the server. */
const MOST_SPREAD = 0.15

/** The promise about requests per second. A disturbed run decides nothing; its processor time is told all the same. */
export function httpVerdicts(results: readonly HttpResult[]): readonly Verdict[] {
  const result = results.find(({ title }) => title.startsWith('Fastify, GET'))
  const row = result?.rows.find(({ name }) => name === 'countersign, RS256')
  if (result === undefined || row === undefined) return []
  const promise = 'Fastify GET with a repeated RS256 token at least 0.93 of the bare framework'
  if (result.spread <= MOST_SPREAD) return [{ promise, measured: row.share.toFixed(2), kept: row.share >= 0.93 }]
  return [{ promise, measured: `disturbed; ${row.shareByCpu.toFixed(2)} by CPU`, kept: undefined }]
}

export function verdictTable(verdicts: readonly Verdict[]): string {
  const cells = verdicts.map(({ promise, measured, kept }) => [
    promise,
    measured,
    kept === undefined ? 'undecided' : kept ? 'kept' : 'MISSED',
  ])
  return `### Targets\n\n${table(['', 'measured', ''], cells)}\n`
}
