import { legendOf, type Panel, plainQuery } from './dashboard.js'

/** One line of a panel. */
export interface Line {
  readonly name: string
  /** Unix seconds and value, ascending in time. */
  readonly points: readonly (readonly [seconds: number, value: number])[]
}

/** Of what time a picture is. */
export interface Span {
  /** Unix seconds. */
  readonly from: number
  readonly to: number
  readonly stepSeconds: number
  /** As in PromQL: `30s`. */
  readonly rateInterval: string
}

type Sample = readonly [seconds: number, value: string]
interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: Sample
  readonly values?: readonly Sample[]
}

/**
 * Asks Prometheus what a panel shows.
 *
 * @throws {Error} where it does not answer, or not with success
 */
export async function linesOf(prometheus: string, panel: Panel, span: Span): Promise<readonly Line[]> {
  const lines = await Promise.all(
    panel.targets.map(async ({ expr, legendFormat }) => {
      const series = await query(prometheus, plainQuery(expr, span.rateInterval), panel.type, span)
      return series.map(({ metric, value, values }) => ({
        name: legendOf(legendFormat, metric),
        points: (values ?? (value === undefined ? [] : [value]))
          .map(([seconds, text]) => [seconds, Number(text)] as const)
          .filter(([, number]) => Number.isFinite(number)),
      }))
    }),
  )
  return lines.flat().filter(({ points }) => points.length > 0)
}

async function query(prometheus: string, expr: string, type: Panel['type'], span: Span): Promise<readonly Series[]> {
  const isRange = type === 'timeseries'
  const { from, to, stepSeconds } = span
  const time = isRange ? { start: `${from}`, end: `${to}`, step: `${stepSeconds}` } : { time: `${to}` }
  const url = new URL(isRange ? '/api/v1/query_range' : '/api/v1/query', prometheus)
  url.search = String(new URLSearchParams({ query: expr, ...time }))
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
  const { status, error, data } = (await response.json()) as {
    readonly status: string
    readonly error?: string
    readonly data?: { readonly result: readonly Series[] }
  }
  if (status !== 'success' || data === undefined) throw new Error(`Prometheus does not answer ${expr}: ${error}`)
  return data.result
}
