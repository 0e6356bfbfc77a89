import { type DemoUser, totpCode } from '@countersign-example/gateway'
import type { TourProof, UserName } from './row.js'

const STEP_SECONDS = 30

/** Makes the bodies of logins for the users of the demo. A code is good once, so it has to be known which were used. */
export class Proofs {
  readonly #users: readonly DemoUser[]
  readonly #usedSteps = new Map<UserName, number>()

  constructor(users: readonly DemoUser[]) {
    this.#users = users
  }

  body({ user, password, code }: TourProof): string {
    const known = this.#users.find(({ name }) => name === user)
    const proof = {
      ...(password === undefined ? {} : { username: user, password: passwordOf(known, password) }),
      ...(code === undefined ? {} : { code: this.#codeOf(user, known, code) }),
    }
    return JSON.stringify(proof)
  }

  #codeOf(user: UserName, known: DemoUser | undefined, code: 'fresh' | 'used' | 'wrong'): string {
    const secret = known?.secondFactor?.secret
    if (secret === undefined) return '000000'
    const now = Math.floor(Date.now() / 1000 / STEP_SECONDS)
    const last = this.#usedSteps.get(user) ?? 0
    if (code === 'wrong') return totpCode(secret, (now - 1000) * STEP_SECONDS)
    // The gateway takes a code one step ahead of its clock.
    const step = code === 'used' ? last : Math.max(now, last + 1)
    this.#usedSteps.set(user, step)
    return totpCode(secret, step * STEP_SECONDS)
  }
}

function passwordOf(user: DemoUser | undefined, password: 'right' | 'wrong'): string {
  return password === 'right' && user !== undefined ? user.password : 'not the password of anybody'
}
