import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { totpStep } from '../src/login/totp.js'
import { makeDemoUsers } from '../src/users/demo-users.js'
import { openUsers } from '../src/users/open.js'
import { HASHER, USERS_KEY } from './support/users.js'

const DIST = new URL('../dist/', import.meta.url)
const PASSWORD = 'quiet otters mend violet kettles'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'seed-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

interface Run {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

async function run(file: string, args: readonly string[], input = ''): Promise<Run> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, DIST)), ...args], {
    env: { USERS_KEY, DATA_DIRECTORY: directory },
  })
  child.stdin.end(input)
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, error }
}

const seed = (args: readonly string[], input?: string): Promise<Run> => run('seed.js', args, input)

async function withStore<T>(work: (store: Awaited<ReturnType<typeof openUsers>>['store']) => Promise<T>): Promise<T> {
  const { store, close } = await openUsers({ dataDirectory: () => directory, usersKey: USERS_KEY, redisUrl: undefined })
  return work(store).finally(close)
}

describe('node seed.js', { timeout: 60_000 }, () => {
  it('adds a user with a password from stdin and a second factor for an app, and says no secret but that one', async () => {
    const { code, out } = await seed(
      ['add', 'Grace', '--role', 'buyer', '--role', 'admin', '--code', 'step-up'],
      `${PASSWORD}\n`,
    )
    expect(code).toBe(0)
    expect(out).toMatch(
      /^grace: is there now\notpauth:\/\/totp\/Countersign:grace\?issuer=Countersign&secret=[A-Z2-7]{32}&/,
    )
    expect(out).not.toContain(PASSWORD)
    const grace = await withStore((store) => store.find('grace'))
    expect(grace).toMatchObject({ roles: ['buyer', 'admin'], secondFactor: { atEveryLogin: false } })
    expect(await HASHER.verify(grace?.passwordHash, PASSWORD)).toBe(true)
  })

  it('judges the password: fifteen characters alone, eight with a code at every login', async () => {
    const short = 'qWv7zRk2m'
    expect(await seed(['add', 'grace'], short)).toMatchObject({
      code: 2,
      error: 'seed: the password needs at least 15 characters\n',
    })
    expect(await seed(['add', 'grace', '--code', 'step-up'], short)).toMatchObject({ code: 2 })
    expect(await seed(['add', 'grace', '--code', 'every-login'], short)).toMatchObject({ code: 0 })
  })

  it('makes the users of the demo, with passwords that it shows once, and leaves those alone who are there', async () => {
    const first = await seed(['demo'])
    const password = /^rob: password ([a-z-]{23})$/m.exec(first.out)?.[1] ?? ''
    expect(first.out).toMatch(/^root: password [a-z-]{11}, codes from the secret [A-Z2-7]{32}$/m)
    const again = await seed(['demo'])
    expect(again.out).toBe(
      'ada: is there already, and stays\nrob: is there already, and stays\nroot: is there already, and stays\n',
    )
    const rob = await withStore((store) => store.find('rob'))
    expect(await HASHER.verify(rob?.passwordHash, password)).toBe(true)
  })

  it('takes the users of the demo from a file, and shows nothing of them', async () => {
    const users = makeDemoUsers()
    const file = join(directory, 'users.json')
    writeFileSync(file, JSON.stringify(users))
    const { code, out } = await seed(['demo', file])
    expect([code, out]).toEqual([0, 'ada: is there now\nrob: is there now\nroot: is there now\n'])
    const root = await withStore((store) => store.find('root'))
    expect(await HASHER.verify(root?.passwordHash, users[2]?.password ?? '')).toBe(true)
  })

  it('forgets the failures of a user who was locked', async () => {
    await seed(['add', 'grace'], PASSWORD)
    await withStore((store) => store.addFailure('grace', 'login', 100))
    expect(await seed(['unlock', 'grace'])).toMatchObject({ code: 0, out: 'grace: failures are forgotten\n' })
    expect(await withStore((store) => store.addFailure('grace', 'login', 100))).toBe(1)
    expect(await seed(['unlock', 'eve'])).toMatchObject({ code: 2, error: 'seed: there is no such user\n' })
  })

  it('says how it is used, and what is in its way', async () => {
    for (const args of [[], ['remove', 'ada'], ['add', 'ada', '--code', 'sometimes'], ['--help']])
      expect((await seed(args)).error).toContain('usage: node seed.js')
    expect((await seed(['add', '../ada'])).error).toContain('a name is 1 to 64 of')
    await withStore(async () => {
      expect((await seed(['unlock', 'ada'])).error).toBe(
        'seed: the directory of the users is in use by another process\n',
      )
    })
  })
})

describe('node code.js', () => {
  it('shows the code of a secret, now', async () => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    const { out } = await run('code.js', [secret])
    expect(totpStep(secret, out.trim(), Date.now() / 1000)).toBeDefined()
    expect((await run('code.js', ['no secret'])).code).toBe(2)
  })
})
