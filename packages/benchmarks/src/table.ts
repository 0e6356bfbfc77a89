import type { HttpResult } from './http.js'
import type { Result } from './rounds.js'

/** A Markdown table that reads as plain text too. The first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? ''
      return column === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

export function resultTable({ title, rows }: Result): string {
  const cells = rows.map(({ name, p50, mean, ratio }) => [
    name,
    microseconds(p50),
    microseconds(mean),
    `${ratio.toFixed(2)} ×`,
  ])
  return `### ${title}\n\n${table(['', 'p50 µs', 'mean µs', '× first'], cells)}\n`
}

export function httpTable({ title, spread, rows }: HttpResult): string {
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`
  const cells = rows.map(({ name, requestsPerSecond, share, shareByCpu, cpuMicroseconds, cpuAdded }) => {
    const rate = String(Math.round(requestsPerSecond / 100) * 100)
    return [name, rate, percent(share), percent(shareByCpu), cpuMicroseconds.toFixed(1), cpuAdded.toFixed(1)]
  })
  const head = ['', 'requests/s', 'of bare', 'by CPU', 'CPU µs', 'added']
  return `### ${title}\n\n${table(head, cells)}\n\nThe bare rate varied by ${percent(spread)} over the rounds.\n`
}

export function microseconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}
