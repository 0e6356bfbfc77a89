import { execFile, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { desk } from './kit.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const at = desk()

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function countersign(args: readonly string[], stdin = '', env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd: at.folder, env: { PATH: process.env['PATH'], ...env } },
      (_, out, err) => {
        resolve({ code: child.exitCode, out, err })
      },
    )
    child.stdin?.end(stdin)
  })
}

describe('the program itself', () => {
  it('has help and exit codes', async () => {
    expect(await countersign(['--help'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Usage: countersign /),
      err: '',
    })
    expect(await countersign(['keys'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('A command is needed'),
    })
    expect(await countersign(['keys', 'list', '--key-file', 'absent'])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('there is none of that name'),
    })
  })

  it('reads secrets from its environment and its standard input', async () => {
    const secret = 'x'.repeat(32)
    const args = ['/orders', '--key-id', 'a', '--audience', 'orders', '--json']
    expect((await countersign(['sign', ...args, '--secret-stdin'], secret)).code).toBe(0)
    expect((await countersign(['sign', ...args, '--secret-env', 'S'], '', { S: secret })).code).toBe(0)
  })

  it('makes keys that nobody else may read, by the system clock', async () => {
    expect(
      (await countersign(['keys', 'create', 'a-1', '--client', 'a', '--key-file', 'keys.json', '--not-after', '+1h']))
        .code,
    ).toBe(0)
    expect(statSync(at.path('keys.json')).mode & 0o777).toBe(0o600)
    const { out } = await countersign(['keys', 'list', '--key-file', 'keys.json', '--json'])
    expect(JSON.parse(out)).toMatchObject({ keys: [{ id: 'a-1', state: 'active' }] })
  })

  it('tells warnings of core in its own words', async () => {
    const { code, err } = await countersign(
      [
        'keys',
        'import',
        'h',
        '--client',
        'h',
        '--profile',
        'body-timestamp',
        '--allow-weak-secret',
        '--secret-stdin',
        '--key-file',
        'weak.json',
      ],
      'clave-secreta',
    )
    expect(code).toBe(0)
    expect(err).toContain('countersign: warning: the secret of key h has fewer than 32 bytes: it may be guessed\n')
    expect(err).not.toMatch(/\(node:|trace-warnings|clave/)
  })

  it('prints no colours into a pipe', async () => {
    expect((await countersign(['keys', 'list', '--key-file', 'keys.json'])).out).not.toContain('\u001b')
  })

  it('takes it calmly when its reader goes away', async () => {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${MAIN}" --help | true; echo done`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let err = ''
    child.stderr.on('data', (chunk) => {
      err += String(chunk)
    })
    await new Promise((resolve) => child.on('close', resolve))
    expect(err).toBe('')
  })
})
