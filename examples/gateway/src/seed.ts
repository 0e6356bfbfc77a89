import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { settings } from '@countersign-example/kit'
import { passwordHasher } from './login/password.js'
import { newTotpSecret, totpUri } from './login/totp.js'
import { type DemoUser, makeDemoUsers, putUser } from './users/demo-users.js'
import { userKeys } from './users/keys.js'
import { openUsers } from './users/open.js'
import type { UserStore } from './users/store.js'
import { canonicalName } from './users/user.js'

/*
 * Fills the store of users, with the settings of the gateway. The embedded store is open to one process: stop the gateway first.
 *
 *   node seed.js demo                            ada, rob and root, with passwords made now and shown once
 *   node seed.js demo FILE                       the same, as somebody wrote them to a file, and shown not at all
 *   node seed.js add NAME --role ROLE … [--code step-up | every-login]     the password comes from stdin
 *   node seed.js unlock NAME                     forgets the failures of a user
 */

const USAGE =
  'usage: node seed.js demo [FILE] | add NAME --role ROLE … [--code step-up | every-login] < PASSWORD | unlock NAME'

class SeedError extends Error {}

try {
  await run()
} catch (error) {
  console.error(`seed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = error instanceof SeedError ? 2 : 1
}

async function run(): Promise<void> {
  const { positionals, values } = readArguments()
  const [command, typedName] = positionals
  const { USERS_KEY: usersKey } = settings(['USERS_KEY'])
  const users = await openUsers({
    dataDirectory: () => settings(['DATA_DIRECTORY']).DATA_DIRECTORY,
    usersKey,
    redisUrl: process.env['REDIS_URL'],
  })
  try {
    if (command === 'demo') await seedDemo(users.store, usersKey, typedName)
    else if (command === 'add') await add(users.store, usersKey, nameOf(typedName), values)
    else if (command === 'unlock') await unlock(users.store, nameOf(typedName))
    else throw new SeedError(USAGE)
  } finally {
    await users.close()
  }
}

interface AddOptions {
  readonly role?: string[]
  readonly code?: string
}

function readArguments(): { readonly positionals: readonly string[]; readonly values: AddOptions } {
  try {
    const options = { role: { type: 'string', multiple: true }, code: { type: 'string' } } as const
    return parseArgs({ allowPositionals: true, options })
  } catch {
    throw new SeedError(USAGE)
  }
}

function nameOf(typed: string | undefined): string {
  const name = typed === undefined ? undefined : canonicalName(typed)
  if (name === undefined) throw new SeedError('a name is 1 to 64 of a-z, 0-9, dot, underscore and hyphen')
  return name
}

async function seedDemo(store: UserStore, usersKey: string, file: string | undefined): Promise<void> {
  const hasher = await passwordHasher(userKeys(usersKey).pepper)
  // Written by whoever made the other keys of the demo.
  const users = file === undefined ? makeDemoUsers() : (JSON.parse(readFileSync(file, 'utf8')) as readonly DemoUser[])
  for (const user of users) {
    if ((await store.find(user.name)) !== undefined) {
      console.log(`${user.name}: is there already, and stays`)
      continue
    }
    await putUser(store, hasher, user)
    console.log(file === undefined ? `${user.name}: ${shown(user)}` : `${user.name}: is there now`)
  }
}

function shown({ password, secondFactor: factor }: DemoUser): string {
  return `password ${password}${factor === undefined ? '' : `, codes from the secret ${factor.secret}`}`
}

async function add(store: UserStore, usersKey: string, name: string, { role = [], code }: AddOptions): Promise<void> {
  if (code !== undefined && code !== 'step-up' && code !== 'every-login') throw new SeedError(USAGE)
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  // Its dictionaries take longer to load than all else here.
  const { passwordPolicy } = await import('./users/password-policy.js')
  const fault = passwordPolicy().fault(password, { name, codeAtEveryLogin: code === 'every-login' })
  if (fault !== undefined) throw new SeedError(fault)
  const hasher = await passwordHasher(userKeys(usersKey).pepper)
  const secret = newTotpSecret()
  const factor = code === undefined ? {} : { secondFactor: { secret, atEveryLogin: code === 'every-login' } }
  await putUser(store, hasher, { name, roles: role, password, ...factor })
  console.log(`${name}: is there now`)
  if (code !== undefined) console.log(totpUri('Countersign', name, secret))
}

async function unlock(store: UserStore, name: string): Promise<void> {
  if ((await store.find(name)) === undefined) throw new SeedError('there is no such user')
  await Promise.all([store.clearFailures(name, 'login'), store.clearFailures(name, 'code')])
  console.log(`${name}: failures are forgotten`)
}
