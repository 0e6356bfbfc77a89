import { randomInt } from 'node:crypto'
import type { PasswordHasher } from '../login/password.js'
import { newTotpSecret } from '../login/totp.js'
import type { UserStore } from './store.js'
import type { SecondFactor } from './user.js'

/** A user of the demo, with what nobody but the user should know of a real one. */
export interface DemoUser {
  readonly name: string
  readonly roles: readonly string[]
  readonly password: string
  readonly secondFactor?: SecondFactor
}

/** A password alone with a code to step up, a password alone, a short password with a code at every login. Made anew each time. */
export function makeDemoUsers(): readonly DemoUser[] {
  const factor = (atEveryLogin: boolean): SecondFactor => ({ secret: newTotpSecret(), atEveryLogin })
  return [
    { name: 'ada', roles: ['buyer', 'orders:read'], password: newPassword(4), secondFactor: factor(false) },
    { name: 'rob', roles: ['orders:read'], password: newPassword(4) },
    { name: 'root', roles: ['admin'], password: newPassword(2), secondFactor: factor(true) },
  ]
}

export async function putUser(store: UserStore, hasher: PasswordHasher, user: DemoUser): Promise<void> {
  const { password, ...rest } = user
  await store.put({ ...rest, passwordHash: await hasher.hash(password) })
}

/** Groups of five letters without those that look alike: 23 bits each. */
function newPassword(groups: number): string {
  const letters = 'abcdefghijkmnpqrstuvwxyz'
  const group = (): string => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')
  return Array.from({ length: groups }, group).join('-')
}
