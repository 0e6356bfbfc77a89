import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LogDestination } from '../src/log-destination.js'

const KIT = fileURLToPath(new URL('../dist/index.js', import.meta.url))

let complaints: string
beforeEach(() => {
  complaints = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    complaints += String(line)
    return true
  })
})
afterEach(() => void vi.restoreAllMocks())

describe('a log destination', () => {
  it('has written every line in order when it is closed, and takes none after', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'log-'))
    const path = join(directory, 'log')
    const fd = openSync(path, 'a')
    const destination = new LogDestination(fd)
    const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`)
    for (const line of lines) destination.write(line)
    await destination.close(10)
    destination.write('too late\n')
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''))
    expect(destination.dropped).toBe(0)
    expect(complaints).toBe('')
    rmSync(directory, { recursive: true })
  })

  it.runIf(existsSync('/dev/full'))(
    'survives a full disk: keeps what fits, counts what does not, says so once',
    async () => {
      const fd = openSync('/dev/full', 'w')
      const destination = new LogDestination(fd, 1000)
      for (let index = 0; index < 100; index++) destination.write(`${'x'.repeat(49)}\n`)
      expect(destination.dropped).toBe(80)
      await expect.poll(() => complaints).toContain('log: cannot be written: ENOSPC, 1 times\n')
      await destination.close(0.01)
      expect(complaints.split('\n')).toEqual([
        'log: 1 lines dropped',
        'log: cannot be written: ENOSPC, 1 times',
        'log: lines lost at the end: they could not be written in time',
        '',
      ])
    },
  )

  it('waits for a reader that is slow, and loses nothing', async () => {
    const read = await pipeTo(`
      import { LogDestination } from '${KIT}'
      const destination = new LogDestination(1)
      for (let index = 0; index < 5000; index++) destination.write(index + ' ' + 'x'.repeat(100) + '\\n')
      await destination.close(5)
      process.exit(0)
    `)
    // The reader begins late: the pipe was full long before.
    expect(read.lines).toHaveLength(5000)
    expect(read.lines[4999]).toMatch(/^4999 /)
    expect(read.code).toBe(0)
  })

  it('lets the process end while nobody reads the pipe', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { LogDestination } from '${KIT}'
         const destination = new LogDestination(1)
         for (let index = 0; index < 5000; index++) destination.write('x'.repeat(100) + '\\n')
         await destination.close(0.2)
         process.exit(7)`,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const complaint = text(child.stderr)
    const code = await new Promise((resolve) => child.once('exit', resolve))
    child.stdout.destroy()
    expect(code).toBe(7)
    expect(await complaint).toContain('lines lost at the end')
  })

  it('survives a reader that is gone', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { LogDestination } from '${KIT}'
         const destination = new LogDestination(1)
         process.stdin.once('data', () => {
           for (let index = 0; index < 100; index++) destination.write('x\\n')
           setTimeout(() => destination.close(0.1).then(() => process.exit(7)), 100)
         })`,
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    )
    const complaint = text(child.stderr)
    child.stdout.destroy()
    child.stdin.write('go\n')
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect(code).toBe(7)
    expect(await complaint).toContain('log: cannot be written: EPIPE')
  })
})

/** Runs a module whose stdout is read only after a while. */
async function pipeTo(source: string): Promise<{ readonly lines: readonly string[]; readonly code: unknown }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => setTimeout(resolve, 500))
  const lines = (await text(child.stdout)).trimEnd().split('\n')
  return { lines, code: await ended }
}
