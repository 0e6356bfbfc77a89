import { readFileSync } from 'node:fs'

/** The fenced blocks of one language in a Markdown file, in order: `ts`, `bash`, `json`. */
export function blocksOf(file: string, language: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, fence]) => fence === language)
    .map(([, , block]) => block ?? '')
}

/** The rows of every table in a Markdown file, cell by cell, without the lines under the heads. */
export function tableRowsOf(file: string): readonly (readonly string[])[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s:|-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    )
}
