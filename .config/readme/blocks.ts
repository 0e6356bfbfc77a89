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

/**
 * The names in the first column of the table that follows a line such as `` `bearer`: `` or `` One of `issuers`: ``; where no such line is
 * asked for, of the first table of options.
 */
export function optionsOf(file: string, head?: string): readonly string[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const from = head === undefined ? 0 : lines.indexOf(head)
  const start = lines.indexOf('| option | default | what it is |', from)
  if (from === -1 || start === -1) throw new Error(`${file} has no table of options under ${head}`)
  const names: string[] = []
  for (let index = start + 2; lines[index]?.startsWith('|'); index++) {
    const [, cell = ''] = lines[index]?.split('|') ?? []
    names.push(...[...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
  }
  return names.sort()
}

/** The names that an error message lists after `known here:`. */
export function knownOptions(makeWithUnknown: () => unknown): readonly string[] {
  try {
    makeWithUnknown()
  } catch (error) {
    const [, names] = /is not known; known here: (.*)$/.exec(String(error)) ?? []
    if (names !== undefined) return names.split(', ').sort()
    throw error
  }
  throw new Error('an unknown option was taken')
}
