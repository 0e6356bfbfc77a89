import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { hasPython } from '../src/python.js'
import { runDemo } from '../src/run-demo.js'
import { ROWS, type TourRow } from '../src/tour.js'

const DEMO = fileURLToPath(new URL('../dist/demo.js', import.meta.url))

interface Run {
  readonly code: number | null
  readonly lines: readonly string[]
}

/** Runs the built demo as a person would. */
async function runBuilt(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Run> {
  const child = execFile(process.execPath, [DEMO, ...args], { env })
  let output = ''
  child.stdout?.on('data', (text: string) => {
    output += text
  })
  const [code] = await once(child, 'close')
  return { code, lines: output.split('\n') }
}

/** Runs the demo in this process, with the rows given. */
async function runRows(rows: readonly TourRow[], python: boolean): Promise<Run> {
  const lines: string[] = []
  const code = await runDemo({ once: true, rows, python, print: (text) => lines.push(...text.split('\n')) })
  return { code, lines }
}

const rowsOf = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => /^[ 0-9][0-9] .* (ok|FAIL|SKIP)$/.test(line))
const firstRows = (count: number, python: boolean): readonly TourRow[] => {
  return ROWS.filter(({ request }) => (request.python === true) === python).slice(0, count)
}

describe('the demo with --once', () => {
  let run: Run

  beforeAll(async () => {
    run = await runBuilt(['--once'])
  }, 60_000)

  it('ends with 0, and says ok of every row, those of the Python client too where python3 is there', () => {
    const { code, lines } = run
    const rows = rowsOf(lines)
    expect(rows).toHaveLength(ROWS.length)
    const [python, others] = [
      rows.filter((line) => line.includes('Python')),
      rows.filter((line) => !line.includes('Python')),
    ]
    expect(others.filter((line) => !line.endsWith(' ok'))).toEqual([])
    expect(python).toHaveLength(3)
    expect(python.filter((line) => !line.endsWith(hasPython() ? ' ok' : ' SKIP'))).toEqual([])
    expect(lines.some((line) => line.startsWith('SKIPPED:'))).toBe(!hasPython())
    expect(code).toBe(0)
  })

  it('fits 100 columns and has no colour where it is not read by a person', () => {
    const { lines } = run
    expect(lines.filter((line) => line.length > 100)).toEqual([])
    expect(lines.join('').includes('\u001b')).toBe(false)
  })

  it('refuses an argument that it does not know', async () => {
    expect((await runBuilt(['--twice'])).code).toBe(2)
  })

  it('says aloud that it skips the Python client where python3 is missing, and does not fail for it', async () => {
    const { code, lines } = await runBuilt(['--once'], { ...process.env, PATH: '' })
    expect(rowsOf(lines).filter((line) => line.endsWith(' SKIP'))).toHaveLength(3)
    expect(lines).toContain('SKIPPED: the rows of the Python client, for python3 cannot be run here')
    expect(lines).toContain(`${ROWS.length} requests: ${ROWS.length - 3} as expected, 0 not, 3 skipped`)
    expect(code).toBe(0)
  }, 60_000)
})

describe('the demo, given a wrong expectation', () => {
  const [row] = ROWS.filter(({ sent, to }) => sent === 'expired token' && to === 'orders')
  const withExpected = (expected: TourRow['expected']): readonly TourRow[] => {
    if (row === undefined) throw new Error('the row is gone')
    return [...firstRows(2, false), { ...row, expected }]
  }

  it.each([
    ['status', { status: 403, audit: { orders: ['token_expired'] } }, 'answered 401, expected 403'],
    [
      'reason',
      { status: 401, audit: { orders: ['signature_invalid'] } },
      'orders recorded token_expired, expected signature_invalid',
    ],
    ['number of records', { status: 401, audit: {} }, 'orders wrote 1 audit records, expected 0'],
  ] as const)('fails, marks the row and says what differs: the %s', async (_what, expected, fault) => {
    const { code, lines } = await runRows(withExpected(expected), false)
    expect(rowsOf(lines).map((line) => line.split(' ').at(-1))).toEqual(['ok', 'ok', 'FAIL'])
    expect(lines).toContain(`   ^^ ${fault}`)
    expect(lines).toContain('3 requests: 2 as expected, 1 not, 0 skipped')
    expect(code).toBe(1)
  })
})

describe('the demo without --once', () => {
  it('keeps the services up, prints an audit record for a request that comes, and stops when told to', async () => {
    const stop = new AbortController()
    const lines: string[] = []
    const row = ROWS.find(({ request, to }) => to === 'orders' && request.path === '/orders')
    if (row === undefined) throw new Error('the row is gone')
    const code = await runDemo({
      once: false,
      rows: [row],
      python: false,
      signal: stop.signal,
      print: (text) => {
        lines.push(text)
        const [, url] = /^curl -i (\S+)$/m.exec(text) ?? []
        if (text.startsWith('{')) stop.abort()
        else if (url !== undefined) setImmediate(() => void fetch(url))
      },
    })
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      ...{
        name: 'orders',
        event: 'auth.attempt',
        outcome: 'deny',
        reason: 'missing_credentials',
        framework: 'express',
      },
    })
    expect(code).toBe(0)
  })

  it('fails where it is stopped before the end of the walk', async () => {
    const lines: string[] = []
    const print = (text: string): void => void lines.push(text)
    const code = await runDemo({
      once: true,
      rows: firstRows(3, false),
      python: false,
      print,
      signal: AbortSignal.abort(),
    })
    expect(lines).toContain('FAILED: stopped after 0 of them')
    expect(code).toBe(1)
  })
})
