import { FRAMEWORKS, SERVICES } from './tour.js'
import type { RowResult } from './walk.js'

/** Widths of all columns but the last; with that and the spaces between them 100 characters. */
const WIDTHS = [2, 37, 17, 8, 3, 23] as const
const VERDICTS = { ok: ['ok', '32'], FAIL: ['FAIL', '1;31'], skipped: ['SKIP', '33'] } as const

export function heading(): string {
  return `${line(['nr', 'sent', 'to', 'expected', 'got', 'why']).trimEnd()}\n${'-'.repeat(100)}`
}

/** One line for a row, more where something is to be said of it. */
export function rowLines({ number, row, status, audit, verdict, faults }: RowResult, colour: boolean): string {
  const verdicts = SERVICES.flatMap((service) => audit[service] ?? [])
  const cells = [
    String(number).padStart(2),
    row.sent,
    `${FRAMEWORKS[row.to]} ${row.to}`,
    String(row.expected.status),
    String(status ?? '-'),
    verdicts.join(', ') || '-',
  ]
  const [word, code] = VERDICTS[verdict]
  const said = [word, ...faults.map((fault) => `   ^^ ${fault}`)].join('\n')
  return `${line(cells)} ${colour ? `\u001b[${code}m${said}\u001b[0m` : said}`
}

function line(cells: readonly string[]): string {
  return cells.map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0)).join(' ')
}
