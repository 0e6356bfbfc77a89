import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'
import { type CollectMetricsOptions, collectMetrics, type MetricsCollector } from '../src/index.js'

export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy

/** Reads the text format 0.0.4. @throws {SyntaxError} a line that is none of it */
export function parseMetrics(text: string): readonly Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# HELP ') && !line.startsWith('# TYPE '))
    .map((line) => {
      const [, name, labels = '', value] = LINE.exec(line) ?? []
      if (name === undefined || value === undefined) throw new SyntaxError(`no line of metrics: ${line}`)
      const pairs = [...labels.matchAll(LABEL)]
      if (pairs.map(([pair]) => pair).join('') !== labels) throw new SyntaxError(`no labels: ${line}`)
      return { name, labels: Object.fromEntries(pairs.map(([, label, text]) => [label, text])), value: Number(value) }
    })
}

export interface Scrape {
  readonly series: readonly Series[]
  /** The value of the one series with this name and at least these labels; `undefined` where there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

export function readScrape(text: string): Scrape {
  const series = parseMetrics(text)
  return {
    series,
    value(name, labels = {}) {
      const found = series.filter((one) => {
        return one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value)
      })
      if (found.length > 1) throw new Error(`${found.length} series are ${name} ${JSON.stringify(labels)}`)
      return found[0]?.value
    },
  }
}

export interface Collected {
  readonly register: Registry
  readonly collector: MetricsCollector
  scrape(): Promise<Scrape>
}

/** A collector with a registry of its own, closed when the test is over. */
export function collected(options: CollectMetricsOptions): Collected {
  const register = new Registry()
  const collector = collectMetrics({ register, ...options })
  onTestFinished(() => collector.close())
  return { register, collector, scrape: async () => readScrape(await register.metrics()) }
}
