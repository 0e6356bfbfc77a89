import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { baseImages } from '../src/compose/base-images.js'
import { Checks } from '../src/compose/checks.js'
import { run } from '../src/compose/command.js'

const MAIN = fileURLToPath(new URL('../dist/compose/main.js', import.meta.url))
const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')

describe('test:compose where there is no engine', () => {
  const runMain = async (...args: string[]) => {
    const child = execFile(process.execPath, [MAIN, ...args], { env: { PATH: '' } })
    if (child.stdout === null) throw new Error('it has no output')
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    return { output, code }
  }

  it('says that it was not run, and why, and is no failure unless it is required', async () => {
    const why = 'NOT RUN: the stack of docker-compose.yml was not tested: no Docker engine answers (docker info)\n'
    expect(await runMain()).toEqual({ output: why, code: 0 })
    expect(await runMain('--require')).toEqual({ output: why, code: 1 })
  })

  it('refuses an argument that it does not know', async () => {
    expect((await runMain('--twice')).code).toBe(2)
  })
})

describe('the images that the stack stands on', () => {
  it('are all named with a version; Grafana is not needed, and what is built here is not fetched', () => {
    const names = baseImages(read('docker-compose.yml'), read('examples/Dockerfile'))
    expect(names.map((name) => name.split(':')[0])).toEqual(['node', 'redis', 'prom/prometheus'])
    for (const name of names) expect(name).toMatch(/:v?[0-9]/)
  })
})

describe('checks', () => {
  it('print a line each, what is wrong below it, and are counted', () => {
    const lines: string[] = []
    const checks = new Checks((line) => lines.push(line))
    checks.equal('one', [1], [1])
    checks.equal('two', [1], [2])
    checks.holds('three', false, 'x')
    expect(lines).toEqual(['ok    one', 'FAIL  two\n      got [1], wanted [2]', 'FAIL  three\n      got "x"'])
    expect([checks.summary, checks.hasFailed]).toEqual(['3 checks: 1 passed, 2 failed', true])
  })
})

describe('a command', () => {
  it('has an exit code and what it wrote', async () => {
    const script = 'console.log("out"); console.error("err"); process.exitCode = 3'
    expect(await run([process.execPath, '-e', script], { seconds: 20 })).toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  it('has no exit code where it cannot be started, or takes too long', async () => {
    expect((await run(['/nonexistent'], { seconds: 20 })).code).toBe(null)
    expect((await run([process.execPath, '-e', 'setTimeout(() => {}, 60_000)'], { seconds: 0.3 })).code).toBe(null)
  })
})
