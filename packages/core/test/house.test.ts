import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SOURCE = fileURLToPath(new URL('../src/', import.meta.url))
const PICTURE = fileURLToPath(new URL('../../../CONTRIBUTING.md', import.meta.url))

/** The number of each file's floor in the picture; the roof is above all. */
function floors(): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  let floor: number | undefined
  for (const line of readFileSync(PICTURE, 'utf8').split('\n')) {
    const head = /^(?:floor (\d)|roof)/.exec(line)
    if (head !== null) floor = head[1] === undefined ? Number.POSITIVE_INFINITY : Number(head[1])
    else if (!line.startsWith(' ')) floor = undefined
    if (floor === undefined) continue
    for (const file of line.slice('floor 0  outcomes   '.length).split('·')) {
      if (file.trim() !== '') found.set(file.trim(), floor)
    }
  }
  return found
}

const FILES = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/').slice(0, -'.ts'.length))

function importsOf(file: string): readonly string[] {
  const text = readFileSync(`${SOURCE}${file}.ts`, 'utf8')
  return [...text.matchAll(/from '(\.[^']+)\.js'/g)].map(([, path]) => posix.join(posix.dirname(file), path ?? ''))
}

describe('the house', () => {
  it('is drawn as it is: every file of core stands on one floor of CONTRIBUTING.md', () => {
    expect([...floors().keys()].sort()).toEqual(FILES.toSorted())
  })

  it('has imports that go down only, types included', () => {
    const drawn = floors()
    const floorOf = (file: string) => drawn.get(file) ?? Number.NaN
    const climbing = FILES.flatMap((file) => {
      return importsOf(file)
        .filter((other) => floorOf(other) >= floorOf(file))
        .map((other) => `${file} imports ${other}`)
    })
    expect(climbing).toEqual([])
  })
})
