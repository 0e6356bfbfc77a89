import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { desk } from './kit.js'

const at = desk()
at.env['SECRET'] = 'x'.repeat(32)
at.env['TOKEN'] = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'
const KEY = ['--secret-env', 'SECRET', '--key-id', 'billing', '--audience', 'orders']

/** The arguments that a shell hands to curl, and what it pipes in. */
function curlWords(line: string): { words: string[]; piped: string } {
  const script = `curl() { printf '%s\\0' "$@"; printf '%s\\0' ---; case "$*" in *@-*) cat ;; esac; }\n${line}`
  const output = execFileSync('sh', ['-c', script], {
    cwd: at.folder,
    env: { TOKEN: at.env['TOKEN'], PATH: process.env['PATH'] },
    encoding: 'utf8',
  })
  const [words = '', piped = ''] = output.split('---\0')
  return { words: words.split('\0').slice(0, -1), piped }
}

const valuesOf = (words: readonly string[], option: string) => words.filter((_, index) => words[index - 1] === option)

describe('sign', () => {
  it('prints JSON for machines', async () => {
    expect(await at.json(['sign', 'http://127.0.0.1:3000/orders?a=b', ...KEY])).toEqual({
      method: 'GET',
      url: 'http://127.0.0.1:3000/orders?a=b',
      headers: {
        'x-hmac-key-id': 'billing',
        'x-hmac-timestamp': '1795348800',
        'x-hmac-nonce': expect.stringMatching(/^[A-Za-z0-9_-]{16,128}$/),
        'x-hmac-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        'x-hmac-sha256': expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    })
  })

  it('takes a body from the command line, a file and standard input', async () => {
    at.write('body', 'abc')
    const digest = async (args: readonly string[], stdin?: string) => {
      const { headers } = (await at.json(['sign', '/', ...KEY, ...args], stdin === undefined ? {} : { stdin })) as {
        headers: Record<string, string>
      }
      return headers['x-hmac-content-sha256']
    }
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(await digest(['--data', 'abc'])).toBe(expected)
    expect(await digest(['--data-file', 'body'])).toBe(expected)
    expect(await digest(['--data-file', '-'], 'abc')).toBe(expected)
  })

  it.each([
    ['no audience', ['/', '--secret-env', 'SECRET', '--key-id', 'a'], 2, /--audience is required.*\n.*--any-audience/],
    ['no key', ['/', '--audience', 'x'], 2, /A key is needed/],
    ['no id', ['/', '--audience', 'x', '--secret-env', 'SECRET'], 2, /--key-id is required/],
    ['two keys', ['/', ...KEY, '--key-file', 'x'], 2, /The key is given twice/],
    ['no URL', ['hunter2', ...KEY], 2, /<url> is no URL/],
    ['another scheme', ['ftp://x/', ...KEY], 2, /<url> is no URL/],
    ['a target that cannot travel', ['/a b', ...KEY], 2, /url has a form that cannot be signed/],
    ['a header that is none', ['/', ...KEY, '--header', 'hunter2'], 2, /--header is no header/],
    [
      'a header twice',
      ['/', ...KEY, '--header', 'content-type: a', '--header', 'Content-Type: b'],
      2,
      /content-type must be given once/,
    ],
    [
      'a header outside ASCII',
      ['/', ...KEY, '--header', 'content-type: ñ'],
      2,
      /content-type has a form that cannot be signed/,
    ],
    ['a method that is none', ['/', ...KEY, '--method', 'G T'], 2, /method has a form/],
    ['two bodies', ['/', ...KEY, '--data', 'a', '--data-file', 'b'], 2, /The body is given twice/],
    ['two tokens', ['/', ...KEY, '--token-env', 'A', '--token-file', 'b'], 2, /The token is given twice/],
    [
      'body and secret from one place',
      ['/', '--secret-stdin', '--key-id', 'a', '--audience', 'x', '--data-file', '-'],
      2,
      /cannot both come from standard input/,
    ],
    ['a short secret', ['/', '--secret-env', 'SHORT', '--key-id', 'a', '--audience', 'x'], 2, /at least 32 are needed/],
    ['an unknown hash', ['/', ...KEY, '--algorithm', 'md5'], 2, /--algorithm is not known/],
    ['a token with the word Bearer', ['/', ...KEY, '--token-env', 'WORDS'], 1, /without the word Bearer/],
  ])('refuses %s', async (_, args, code, problem) => {
    at.env['SHORT'] = 'hunter2'
    at.env['WORDS'] = 'Bearer hunter2'
    const ran = await at.run(['sign', ...args])
    expect(ran).toMatchObject({ code, out: '', err: expect.stringMatching(problem) })
    expect(ran.err).not.toContain('hunter2')
  })
})

describe('sign --curl', () => {
  it('prints one line that says all of the request', async () => {
    const line = await at.ok([
      'sign',
      'http://127.0.0.1:3000/orders?a=[1]',
      ...KEY,
      '--curl',
      '--data',
      `{"who":"it's \\"me\\""}`,
      '--header',
      'content-type: application/json',
      '--header',
      "x-note: it's $HOME",
    ])
    expect(line.trim().split('\n')).toHaveLength(1)
    const { words } = curlWords(line)
    expect(words).toEqual(expect.arrayContaining(['--globoff', '--path-as-is']))
    expect(valuesOf(words, '--request')).toEqual(['POST'])
    expect(valuesOf(words, '--data-binary')).toEqual([`{"who":"it's \\"me\\""}`])
    expect(valuesOf(words, '--header').slice(0, 2)).toEqual(['content-type: application/json', "x-note: it's $HOME"])
    expect(valuesOf(words, '--header').filter((value) => value.startsWith('x-hmac-'))).toHaveLength(5)
    expect(words.at(-1)).toBe('http://127.0.0.1:3000/orders?a=[1]')
  })

  it('hands a token to curl by a pipe: it stands in no command line', async () => {
    at.write('token', `${at.env['TOKEN']}\n`)
    for (const source of [
      ['--token-env', 'TOKEN'],
      ['--token-file', 'token'],
    ]) {
      const line = await at.ok(['sign', 'http://127.0.0.1/', ...KEY, '--curl', ...source])
      expect(line).not.toContain(at.env['TOKEN'])
      const { words, piped } = curlWords(line)
      expect(words.join(' ')).not.toContain(at.env['TOKEN'])
      expect(piped).toBe(`authorization: Bearer ${at.env['TOKEN']}\n`)
    }
  })

  it('keeps curl from adding a content type of its own, and from reading a body as the name of a file', async () => {
    const { words } = curlWords(await at.ok(['sign', 'http://127.0.0.1/', ...KEY, '--curl', '--data', '@body']))
    expect(valuesOf(words, '--header')).toContain('content-type:')
    expect(valuesOf(words, '--data-raw')).toEqual(['@body'])
  })

  it('sends HEAD as curl does it, and the body of a file from there', async () => {
    expect(curlWords(await at.ok(['sign', 'http://127.0.0.1/', ...KEY, '--curl', '--method', 'HEAD'])).words).toContain(
      '--head',
    )
    at.write('body', 'abc')
    const { words } = curlWords(await at.ok(['sign', 'http://127.0.0.1/', ...KEY, '--curl', '--data-file', 'body']))
    expect(valuesOf(words, '--data-binary')).toEqual(['@body'])
  })

  it.each([
    ['a target alone', ['/orders', '--curl'], /--curl needs a whole URL/],
    [
      'token and body from standard input',
      ['http://x/', '--curl', '--token-env', 'TOKEN', '--data-file', '-'],
      /cannot take both/,
    ],
  ])('refuses %s', async (_, args, problem) => {
    expect(await at.run(['sign', ...args, ...KEY], { stdin: 'body' })).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(problem),
    })
  })
})
