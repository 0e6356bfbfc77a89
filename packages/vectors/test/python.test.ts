import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { VECTORS } from './vectors.js'

const PYTHON = 'python3'
const isThere = spawnSync(PYTHON, ['--version']).status === 0
const title = isThere ? 'in Python' : `in Python: SKIPPED, for there is no ${PYTHON} on this machine`

function run(args: readonly string[], directory: URL) {
  const { status, stdout, stderr } = spawnSync(PYTHON, args, {
    cwd: fileURLToPath(directory),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

describe.skipIf(!isThere)(title, { timeout: 120_000 }, () => {
  it('the standard library computes the same texts, digests, MACs and signatures', () => {
    const { status, output } = run(['check.py'], VECTORS)
    expect(output).toMatch(/^[1-9]\d* passed, 0 failed$/m)
    expect(status, output).toBe(0)
  })

  it('the client signs as the vectors say', () => {
    const { status, output } = run(
      ['-m', 'unittest', '-v', 'test_countersign'],
      new URL('../../examples/clients/python/', VECTORS),
    )
    expect(output).toMatch(/^Ran [1-9]\d* tests/m)
    expect(status, output).toBe(0)
  })
})
