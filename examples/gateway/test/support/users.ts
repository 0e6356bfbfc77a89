import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PasswordHasher, passwordHasher } from '../../src/login/password.js'
import { newTotpSecret } from '../../src/login/totp.js'
import { type UserKeys, userKeys } from '../../src/users/keys.js'
import { levelUserStore } from '../../src/users/level-store.js'
import type { UserStore } from '../../src/users/store.js'

/** Three users as the demo has them: a password alone with a code to step up, a password alone, a code at every login. */
export const PASSWORDS = {
  ada: 'quiet otters mend violet kettles',
  rob: 'seven lanterns above the harbour',
  root: 'Tq7vXm2z',
} as const

export const SECRETS = { ada: newTotpSecret(), root: newTotpSecret() } as const

export const USERS_KEY: string = randomBytes(32).toString('base64url')
export const KEYS: UserKeys = userKeys(USERS_KEY)
export const HASHER: PasswordHasher = await passwordHasher(KEYS.pepper)

const HASHES = {
  ada: await HASHER.hash(PASSWORDS.ada),
  rob: await HASHER.hash(PASSWORDS.rob),
  root: await HASHER.hash(PASSWORDS.root),
}

export async function putUsers(store: UserStore): Promise<void> {
  const [ada, root] = [SECRETS.ada, SECRETS.root]
  await store.put({
    ...{ name: 'ada', passwordHash: HASHES.ada, roles: ['buyer', 'orders:read'] },
    secondFactor: { secret: ada, atEveryLogin: false },
  })
  await store.put({ name: 'rob', passwordHash: HASHES.rob, roles: ['orders:read'] })
  await store.put({
    ...{ name: 'root', passwordHash: HASHES.root, roles: ['admin'] },
    secondFactor: { secret: root, atEveryLogin: true },
  })
}

/** The embedded store with those users, in a directory that `close` removes. */
export async function openUsers(): Promise<UserStore> {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-users-'))
  const store = await levelUserStore(directory, KEYS.seal)
  await putUsers(store)
  const close = store.close.bind(store)
  store.close = async () => {
    await close()
    rmSync(directory, { recursive: true })
  }
  return store
}
