import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { desk } from './kit.js'

const at = desk()

const has = (shell: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${shell}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** What bash would offer for a line, its last word under the cursor. */
function offers(script: string, ...words: readonly string[]): string[] {
  const quoted = ['countersign', ...words].map((word) => `'${word}'`).join(' ')
  const program = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _countersign; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['--norc', '-c', program], { cwd: at.folder, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
}

describe.runIf(has('bash'))('completion in bash', () => {
  it.each([
    [[''], ['keys', 'token', 'sign', 'verify', 'completion', 'help', '--version', '--help']],
    [['k'], ['keys']],
    [['keys', 're'], ['retire']],
    [
      ['keys', 'r'],
      ['rotate', 'retire'],
    ],
    [['token', 'mint', '--sub'], ['--subject']],
    [['keys', 'retire', 'some-key', '--c'], ['--compromised']],
    [['keys', 'create', 'k', '--client', 'x', '--secret-o'], ['--secret-out']],
    [['help', 'v'], ['verify']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', '--json', '--help'],
    ],
  ])('%j is completed', async (words, expected) => {
    const script = await at.ok(['completion', 'bash'])
    expect(offers(script, ...words)).toEqual(expected)
  })

  it('offers files where an option takes one, and nothing where it takes another value', async () => {
    const script = await at.ok(['completion', 'bash'])
    at.write('keys.json', '')
    at.write('request.http', '')
    expect(offers(script, 'keys', 'list', '--key-file', 'k')).toEqual(['keys.json'])
    expect(offers(script, 'verify', 'req')).toEqual(['request.http'])
    expect(offers(script, 'keys', 'create', '--client', 'k')).toEqual([])
  })
})

describe.each(['bash', 'zsh', 'fish'])('the script for %s', (shell) => {
  it('names every command and every option', async () => {
    const script = await at.ok(['completion', shell])
    for (const name of ['keys', 'rotate', 'export-jwks', 'inspect', 'verify', 'completion'])
      expect(script).toContain(name)
    for (const option of ['key-file', 'secret-env', 'overlap', 'compromised', 'jwks', 'curl', 'json'])
      expect(script).toContain(shell === 'fish' ? `-l ${option}` : `--${option}`)
  })

  it.runIf(has(shell))('is taken by the shell', async () => {
    at.write('script', await at.ok(['completion', shell]))
    execFileSync(shell, ['-n', at.path('script')])
  })
})

describe.runIf(has('fish'))('completion in fish', () => {
  it.each([
    ['countersign keys re', ['retire']],
    ['countersign token mint --sub', ['--subject']],
    ['countersign completion ', ['bash', 'fish', 'zsh']],
    ['countersign keys list --key-file keys.j', ['keys.json']],
  ])('%j is completed', async (line, expected) => {
    at.write('script', await at.ok(['completion', 'fish']))
    at.write('keys.json', '')
    const output = execFileSync('fish', ['--no-config', '-c', `source script; complete -C '${line}'`], {
      cwd: at.folder,
      encoding: 'utf8',
    })
    const words = output
      .split('\n')
      .map((offer) => offer.split('\t', 1)[0])
      .filter(Boolean)
    expect(words.sort()).toEqual(expected)
  })
})

describe.runIf(has('zsh'))('completion in zsh', () => {
  it.each([
    ['countersign keys re', 'retire:End a key at once'],
    ['countersign completion x', 'fish:'],
    ['countersign keys list --key-file x', 'FILES'],
  ])('%j is completed', async (line, expected) => {
    at.write('script', await at.ok(['completion', 'zsh']))
    const program = `compdef() { : }; source ./script; _describe() { print -l -- "\${(@P)2}" }; _files() { print FILES }; words=(${line}); CURRENT=$#words; _countersign`
    const output = execFileSync('zsh', ['-f', '-c', program], { cwd: at.folder, encoding: 'utf8' })
    expect(output.split('\n')).toContain(expected)
  })
})
