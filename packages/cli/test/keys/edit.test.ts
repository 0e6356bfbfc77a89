import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { editKeyFile } from '../../src/keys/edit-key-file.js'
import { desk } from '../kit.js'

const at = desk()
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const create = (id: string, file = 'keys.json') => ['keys', 'create', id, '--client', 'a', '--key-file', file]

const io = {
  stdin: { isTty: true, read: async () => Buffer.alloc(0) },
  stdout: { isTty: false, write() {} },
  stderr: { isTty: false, write() {} },
  env: {},
  clock: () => 0,
  cwd: at.folder,
}

describe('a change of a key file', () => {
  it('loses none of many writers at the same time', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `key-${index}`)
    await Promise.all(ids.map((id) => at.ok(create(id, 'many.json'))))
    expect(
      at
        .keyFile('many.json')
        .keys.map(({ id }) => id)
        .sort(),
    ).toEqual([...ids].sort())
  })

  it('loses none of two processes, and a reader never sees half a file', async () => {
    const files: string[] = []
    let isDone = false
    const reading = (async () => {
      while (!isDone) {
        await new Promise((resolve) => setImmediate(resolve))
        try {
          files.push(at.read('two.json'))
        } catch {
          // Not there yet.
        }
      }
    })()
    const execute = promisify(execFile)
    await Promise.all(
      ['one', 'two', 'three'].map((id) =>
        execute(process.execPath, [MAIN, ...create(id, 'two.json')], { cwd: at.folder }),
      ),
    )
    isDone = true
    await reading
    expect(
      at
        .keyFile('two.json')
        .keys.map(({ id }) => id)
        .sort(),
    ).toEqual(['one', 'three', 'two'])
    expect(files.length).toBeGreaterThan(0)
    for (const text of new Set(files)) expect(() => JSON.parse(text)).not.toThrow()
  })

  it('leaves nothing beside the file', async () => {
    await at.ok(create('one', 'alone.json'))
    expect(readdirSync(at.folder).filter((name) => name.includes('alone'))).toEqual(['alone.json'])
  })

  it('keeps a symbolic link and replaces what it points at', async () => {
    mkdirSync(at.path('real'))
    symlinkSync('real/keys.json', at.path('link.json'))
    writeFileSync(at.path('real/keys.json'), '{"version":1,"keys":[]}')
    await at.ok(create('one', 'link.json'))
    expect(lstatSync(at.path('link.json')).isSymbolicLink()).toBe(true)
    expect(readlinkSync(at.path('link.json'))).toBe('real/keys.json')
    expect(at.keyFile('real/keys.json').keys).toHaveLength(1)
  })

  it('is refused where somebody without the lock wrote in between', async () => {
    await at.ok(create('one'))
    const change = editKeyFile({ keyFile: 'keys.json' }, io, false, async ({ file }) => {
      at.write('keys.json', `${at.read('keys.json')}\n`)
      return { file, result: undefined }
    })
    await expect(change).rejects.toThrow(/changed by somebody else/)
  })

  it('is refused where a file came or went in between', async () => {
    const came = editKeyFile({ keyFile: 'came.json' }, io, true, async ({ file }) => {
      at.write('came.json', '{"version":1,"keys":[]}')
      return { file, result: undefined }
    })
    await expect(came).rejects.toThrow(/changed by somebody else/)
    const went = editKeyFile({ keyFile: 'came.json' }, io, false, async ({ file }) => {
      rmSync(at.path('came.json'))
      return { file, result: undefined }
    })
    await expect(went).rejects.toThrow(/changed by somebody else/)
  })

  it('takes back what was done beside a file that cannot be written', async () => {
    await at.ok(create('one', 'undo.json'))
    let isUndone = false
    const change = editKeyFile({ keyFile: 'undo.json' }, io, false, async ({ file }) => ({
      file: { ...file, keys: [...file.keys, ...file.keys] },
      result: undefined,
      undo: async () => {
        isUndone = true
      },
    }))
    await expect(change).rejects.toThrow(/would not be accepted: keys\[1\]/)
    expect(isUndone).toBe(true)
  })

  it('is refused at once where a process that is gone left its lock', async () => {
    const gone = await new Promise<number>((resolve) => {
      const child = execFile(process.execPath, ['-e', ''], () => resolve(child.pid ?? 0))
    })
    at.write('keys.json.lock', `${gone} ${hostname()}\n`)
    expect(await at.run(create('two'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('remove the file with .lock at the end of its name'),
    })
    rmSync(at.path('keys.json.lock'))
    await at.ok(create('two'))
  })

  it('gives its lock back where it fails', async () => {
    expect((await at.run(create('one'))).code).toBe(1)
    expect(readdirSync(at.folder).filter((name) => name.endsWith('.lock'))).toEqual([])
  })
})

describe('encryption at rest', () => {
  const kek = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
  at.env['KEK'] = kek
  at.env['OTHER_KEK'] = 'AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE'
  at.write('kek', `${kek}\n`)
  const sealed = (file: string) => [...at.read(file).matchAll(/"kek": "([^"]*)"/g)].map(([, id]) => id)

  it('seals secrets and private keys, and opens them again', async () => {
    const file = ['--key-file', 'sealed.json']
    await at.ok(['keys', 'create', 'a-1', '--client', 'a', ...file, '--kek-env', 'KEK', '--secret-out', 'a.hex'])
    await at.ok([
      'keys',
      'create',
      'main',
      '--algorithm',
      'EdDSA',
      ...file,
      '--kek-file',
      'kek',
      '--secret-out',
      'main.pem',
    ])
    expect(sealed('sealed.json')).toEqual(['main', 'main'])
    expect(at.read('sealed.json')).not.toContain('"base64url"')
    expect(at.read('sealed.json')).not.toContain(Buffer.from(at.read('a.hex').trim(), 'hex').toString('base64url'))
    expect(
      await at.ok(['sign', '/orders', '--key-id', 'a-1', '--audience', 'orders', ...file, '--kek-env', 'KEK']),
    ).toContain('x-hmac-sha256: ')
    const mint = ['token', 'mint', '--issuer', 'i', '--audience', 'a', '--subject', 's', ...file]
    expect(await at.ok([...mint, '--kek-file', 'kek'])).toMatch(/^eyJ/)
    expect(await at.ok(['keys', 'list', ...file])).toContain('encrypted')
  })

  it('seals what stood there in the clear', async () => {
    await at.ok(create('one', 'clear.json'))
    await at.ok(['keys', 'rotate', 'one', '--key-file', 'clear.json', '--kek-env', 'KEK', '--kek-id', 'kek-2026'])
    expect(sealed('clear.json')).toEqual(['kek-2026', 'kek-2026'])
  })

  it('needs no key-encryption key to list, retire or publish', async () => {
    const file = ['--key-file', 'sealed.json']
    await at.ok(['keys', 'list', ...file])
    await at.ok(['keys', 'export-jwks', ...file])
    await at.ok(['keys', 'retire', 'a-1', '--force', ...file])
    expect(sealed('sealed.json')).toHaveLength(2)
  })

  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

  it.each([
    ['create', ['keys', 'create', 'b-1', '--client', 'b']],
    ['rotate', ['keys', 'rotate', 'main']],
    ['import', ['keys', 'import', 'their', '--secret-stdin']],
  ])('lets %s put nothing in the clear beside it', async (_, args) => {
    const before = at.read('sealed.json')
    const ran = await at.run([...args, '--key-file', 'sealed.json'], { stdin: pem })
    expect(ran).toMatchObject({
      code: 1,
      err: expect.stringContaining('Give the key-encryption key by --kek-env or --kek-file'),
    })
    expect(at.read('sealed.json')).toBe(before)
  })

  it.each([
    ['another key', ['--kek-env', 'OTHER_KEK'], 1, /does not open with the key-encryption key main/],
    ['a variable that is not set', ['--kek-env', 'NOBODY'], 1, /--kek-env names is not set/],
    ['the value in place of the name', ['--kek-env', 'not-a-name'], 2, /Give the name, not the value/],
    ['what is no key', ['--kek-file', 'sealed.json'], 1, /must be 32 bytes/],
    ['two of them', ['--kek-env', 'KEK', '--kek-file', 'kek'], 2, /given twice/],
  ])('refuses %s', async (_, args, code, problem) => {
    const before = at.read('sealed.json')
    for (const command of [
      ['keys', 'create', 'b-1', '--client', 'b'],
      ['sign', '/', '--audience', 'x', '--key-id', 'a-1'],
    ]) {
      expect(await at.run([...command, '--key-file', 'sealed.json', ...args])).toMatchObject({
        code,
        err: expect.stringMatching(problem),
      })
    }
    expect(at.read('sealed.json')).toBe(before)
  })

  it('says what helps where a sealed secret is needed and no key is given', async () => {
    const ran = await at.run(['sign', '/', '--audience', 'x', '--key-id', 'a-1', '--key-file', 'sealed.json'])
    expect(ran).toMatchObject({
      code: 1,
      err: expect.stringContaining('Give the right key-encryption key by --kek-env or --kek-file.'),
    })
  })
})
