import { describe, expect, it } from 'vitest'
import { buildProgram } from '../src/program.js'
import { desk } from './kit.js'

const at = desk()
const program = buildProgram(
  {
    stdin: { isTty: true, read: async () => Buffer.alloc(0) },
    stdout: { isTty: false, write() {} },
    stderr: { isTty: false, write() {} },
    env: {},
    clock: () => 0,
    cwd: '/',
  },
  async () => {},
)
const leaves = program.commands.flatMap((command) =>
  command.commands.length === 0
    ? [command.name()]
    : command.commands.map((child) => `${command.name()} ${child.name()}`),
)

describe('help', () => {
  it('knows every command of the README', () => {
    expect(leaves).toEqual([
      'keys create',
      'keys list',
      'keys rotate',
      'keys retire',
      'keys import',
      'keys export-jwks',
      'token mint',
      'token inspect',
      'sign',
      'verify',
      'completion',
    ])
  })

  it.each(['', 'keys', 'token', ...leaves])('is there for: %s', async (name) => {
    const { code, out, err } = await at.run([...name.split(' ').filter(Boolean), '--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^Usage: countersign /)
    if (leaves.includes(name)) expect(out).toMatch(/\nExamples:\n {2}countersign /)
  })

  it('tells the exit codes and where secrets come from', async () => {
    const out = await at.ok(['--help'])
    expect(out).toContain('never from the command line')
    expect(out).toContain('Exit codes: 0 done or accepted, 1 failed or refused, 2 wrong usage.')
  })

  it('comes by the command help, too, and the version by --version', async () => {
    expect(await at.ok(['help', 'sign'])).toMatch(/^Usage: countersign sign /)
    expect(await at.ok(['--version'])).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it.each(leaves)('has examples that are no wrong usage: %s', async (name) => {
    const out = await at.ok([...name.split(' '), '--help'])
    const examples = out.slice(out.indexOf('\nExamples:\n')).match(/(?<= {2}countersign ).+/g) ?? []
    expect(examples.length).toBeGreaterThan(0)
    at.env['BILLING_SECRET'] = 'ab'.repeat(32)
    for (const example of examples) {
      const words = example.replace(/ > \S+$/, '').match(/'[^']*'|\S+/g) ?? []
      const ran = await at.run(words.map((word) => word.replace(/^'|'$/g, '')))
      expect(`${example}: ${ran.code === 2 ? ran.err : 'fine'}`).toBe(`${example}: fine`)
    }
  })

  it.each(leaves)('offers no option that would take a secret: %s', async (name) => {
    const out = await at.ok([...name.split(' '), '--help'])
    const options = [...out.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)(?: <([a-z=]+)>)?/gm)]
    expect(options.length).toBeGreaterThan(1)
    for (const [, option, value] of options) {
      if (/secret|key|kek|token|jwks/.test(option ?? ''))
        expect([undefined, 'file', 'name', 'id', 'format', 'type']).toContain(value)
    }
  })
})

describe('wrong usage ends with 2 and the next step', () => {
  it.each([
    [[], 'A command is needed', 'See countersign --help.'],
    [['kyes'], 'There is no command of that name', 'Did you mean keys? See countersign --help.'],
    [['keys'], 'A command is needed', 'See countersign keys --help.'],
    [['keys', 'lst'], 'There is no command of that name', 'Did you mean list? See countersign keys --help.'],
    [['keys', 'list'], '--key-file is required', 'See countersign keys list --help.'],
    [
      ['keys', 'list', '--key-file', 'x', '--jso'],
      'There is no option --jso',
      'Did you mean --json? See countersign keys list --help.',
    ],
    [
      ['keys', 'list', '--key-file', 'x', '--pw=hunter2'],
      'There is no option --pw',
      'See countersign keys list --help.',
    ],
    [
      ['keys', 'list', '--key-file', 'x', '--Hunter2'],
      'There is no option of that name',
      'See countersign keys list --help.',
    ],
    [['keys', 'list', '--key-file'], '--key-file needs a value', 'See countersign keys list --help.'],
    [
      ['keys', 'list', '--key-file', 'x', 'hunter2'],
      'There are too many arguments',
      'See countersign keys list --help.',
    ],
    [['keys', 'retire', '--key-file', 'x'], '<id> is required', 'See countersign keys retire --help.'],
    [['completion', 'tcsh'], 'There is no such shell here', 'Give one of bash, zsh, fish.'],
  ])('%j', async (args, problem, next) => {
    const { code, out, err } = await at.run(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err.endsWith(`countersign: ${problem}.\n  ${next}\n`)).toBe(true)
    expect(err.toLowerCase()).not.toContain('hunter2')
  })

  it('as one line of JSON where --json stands', async () => {
    const { code, out, err } = await at.run(['keys', 'list', '--json'])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(JSON.parse(err)).toEqual({
      error: { kind: 'usage', message: '--key-file is required', next: 'See countersign keys list --help.' },
    })
  })
})

describe('what fails', () => {
  it('ends with 1, and says so in JSON as well', async () => {
    const { code, err } = await at.run(['keys', 'list', '--key-file', 'hunter2', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(err).error.kind).toBe('failed')
    expect(err).not.toContain('hunter2')
  })

  it('unexpectedly tells its class, no message and no stack', async () => {
    Object.defineProperty(at, 'now', {
      configurable: true,
      get: () => {
        throw new RangeError('hunter2')
      },
    })
    at.write('keys.json', '{"version":1,"keys":[]}')
    const { code, err } = await at.run(['keys', 'list', '--key-file', 'keys.json'])
    expect(code).toBe(1)
    expect(err).toBe(
      'countersign: Something unexpected happened (RangeError).\n  Please report the command, without any secret.\n',
    )
  })
})
