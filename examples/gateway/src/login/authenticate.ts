import type { UserStore } from '../users/store.js'
import { canonicalName, type User } from '../users/user.js'
import { knownDevice } from './device.js'
import type { PasswordHasher } from './password.js'
import type { LoginReason } from './reasons.js'
import type { Throttle } from './throttle.js'
import { newTotpSecret, totpStep } from './totp.js'

/** What somebody sends to log in. Nothing of it has been looked at. */
export interface LoginAttempt {
  readonly username: string
  readonly password: string
  readonly code: string | undefined
  readonly address: string
  readonly deviceCookie: string | undefined
}

/** Values of `amr` (RFC 8176). */
export type Method = 'pwd' | 'otp'

export type LoginOutcome =
  | { readonly user: User; readonly methods: readonly Method[] }
  | { readonly reason: LoginReason; readonly principal?: string; readonly retryAfterSeconds?: number }

export type CodeOutcome = Exclude<LoginOutcome, { user: User }> | undefined

export interface Authenticator {
  /** Looks at name, password and code. A store that cannot be reached rejects. */
  login(attempt: LoginAttempt, now: number): Promise<LoginOutcome>
  /** Looks at a code alone, of a user whose token was good; `undefined` where it is good. */
  checkCode(user: User, code: string, now: number): Promise<CodeOutcome>
}

export interface AuthenticatorParts {
  readonly store: UserStore
  readonly hasher: PasswordHasher
  readonly throttle: Throttle
  readonly deviceKey: Buffer
}

/**
 * Decides who somebody is. One answer, after the same work, for a name that nobody has, a wrong password and a wrong code: whoever guesses
 * learns nothing, not even that a password was right while its code was missing.
 */
export function authenticator({ store, hasher, throttle, deviceKey }: AuthenticatorParts): Authenticator {
  const nobodysSecret = newTotpSecret()

  async function login(attempt: LoginAttempt, now: number): Promise<LoginOutcome> {
    if (hasher.isBusy()) return { reason: 'busy', retryAfterSeconds: 1 }
    const name = canonicalName(attempt.username)
    const user = name === undefined ? undefined : await store.find(name)
    const device = user === undefined ? undefined : knownDevice(attempt.deviceCookie, user.name, now, deviceKey)
    const said = user === undefined ? {} : { principal: user.name }
    const admission = await throttle.enter({
      ...{ typedName: attempt.username, name: user?.name, address: attempt.address, device },
    })
    if (admission.waitSeconds > 0) return { ...said, reason: 'throttled', retryAfterSeconds: admission.waitSeconds }

    const isRight = await hasher.verify(user?.passwordHash, attempt.password)
    // For nobody too: the time of an answer does not say whether the password was right.
    const step = totpStep(user?.secondFactor?.secret ?? nobodysSecret, attempt.code ?? '', now)
    if (user === undefined) return { reason: 'user_unknown' }
    if (!isRight) return { ...said, reason: 'password_wrong' }
    const refused = await checkFactor(user, attempt.code, step)
    // Without the time to wait: it would tell that the password was right.
    if (refused !== undefined) return { ...said, reason: refused.reason }

    await admission.succeeded()
    await renewHash(user, attempt.password)
    return { user, methods: attempt.code === undefined ? ['pwd'] : ['pwd', 'otp'] }
  }

  async function checkFactor(user: User, code: string | undefined, step: number | undefined): Promise<CodeOutcome> {
    if (code === undefined) return user.secondFactor?.atEveryLogin === true ? { reason: 'code_missing' } : undefined
    if (user.secondFactor === undefined) return { reason: 'code_wrong' }
    const admission = await throttle.enterCode(user.name)
    if (admission.waitSeconds > 0) return { reason: 'code_throttled', retryAfterSeconds: admission.waitSeconds }
    if (step === undefined) return { reason: 'code_wrong' }
    if (!(await store.claimStep(user.name, step))) return { reason: 'code_used' }
    await admission.succeeded()
    return undefined
  }

  /** What was hashed at yesterday's cost is hashed at today's while the password is at hand. */
  async function renewHash(user: User, password: string): Promise<void> {
    if (!hasher.isDated(user.passwordHash)) return
    await store.put({ ...user, passwordHash: await hasher.hash(password) })
  }

  return {
    login,
    async checkCode(user, code, now) {
      const refused = await checkFactor(user, code, totpStep(user.secondFactor?.secret ?? nobodysSecret, code, now))
      return refused?.reason === 'code_throttled' ? { ...refused, reason: 'throttled' } : refused
    },
  }
}
