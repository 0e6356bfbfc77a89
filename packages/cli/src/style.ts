import type { Io, Output } from './io.js'

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const

export type Paint = (style: keyof typeof CODES, text: string) => string

/** Colours, where a person reads and has not asked for none (no-color.org). */
export function painterFor(output: Output, env: Io['env']): Paint {
  const coloured = output.isTty && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return (style, text) => {
    const [on, off] = CODES[style]
    return coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** Text from outside, so that it cannot steer a terminal, break a line or hide a character. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** JSON for people or machines, on one line or indented, with the same care. */
export function visibleJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, (character) =>
    character === '\n' ? character : visible(character),
  )
}

/** Rows in columns, two spaces apart. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  }
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
