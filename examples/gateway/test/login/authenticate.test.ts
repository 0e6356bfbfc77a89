import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Authenticator, authenticator, type LoginAttempt } from '../../src/login/authenticate.js'
import { newDeviceCookie } from '../../src/login/device.js'
import { LOGIN_REASONS } from '../../src/login/reasons.js'
import { loginThrottle } from '../../src/login/throttle.js'
import { totpCode } from '../../src/login/totp.js'
import type { UserStore } from '../../src/users/store.js'
import { HASHER, KEYS, openUsers, PASSWORDS, SECRETS } from '../support/users.js'

const NOW = 1_700_000_010
const STEP = 30

let store: UserStore
let gate: Authenticator

beforeEach(async () => {
  store = await openUsers()
  const throttle = loginThrottle(store, undefined)
  gate = authenticator({ store, hasher: HASHER, throttle, deviceKey: KEYS.device })
})

afterEach(() => store.close())

const attempt = (username: string, password: string, more: Partial<LoginAttempt> = {}): LoginAttempt => {
  return { username, password, code: undefined, address: '203.0.113.1', deviceCookie: undefined, ...more }
}
const rootCode = (now: number): string => totpCode(SECRETS.root, now)
const reasonOf = async (tried: LoginAttempt, now = NOW): Promise<string> => {
  const outcome = await gate.login(tried, now)
  return 'reason' in outcome ? outcome.reason : outcome.methods.join(' ')
}

/** By the system's clock, which the limiter goes by: some of it may be over. */
const A_QUARTER_OF_AN_HOUR = expect.toSatisfy((seconds) => seconds > 800 && seconds <= 900)

describe('a login', () => {
  it('is by a password alone where that is long enough, and by a code as well where one is given', async () => {
    expect(await reasonOf(attempt('ada', PASSWORDS.ada))).toBe('pwd')
    expect(await reasonOf(attempt('ADA', PASSWORDS.ada))).toBe('pwd')
    expect(await reasonOf(attempt('ada', PASSWORDS.ada, { code: totpCode(SECRETS.ada, NOW) }))).toBe('pwd otp')
    expect(await reasonOf(attempt('root', PASSWORDS.root, { code: rootCode(NOW) }))).toBe('pwd otp')
  })

  it('fails for the one reason or the other, and reads the same', async () => {
    const wrong = totpCode(SECRETS.root, NOW + 1_000_000)
    const tries: readonly (readonly [LoginAttempt, string])[] = [
      [attempt('eve', PASSWORDS.ada), 'user_unknown'],
      [attempt('eve', PASSWORDS.ada, { code: '000000' }), 'user_unknown'],
      [attempt('ada ', PASSWORDS.ada), 'user_unknown'],
      [attempt('ada', PASSWORDS.rob), 'password_wrong'],
      [attempt('ada', `${PASSWORDS.ada} `), 'password_wrong'],
      [attempt('ada', PASSWORDS.ada.slice(0, -1)), 'password_wrong'],
      [attempt('root', 'wrong', { code: rootCode(NOW) }), 'password_wrong'],
      [attempt('root', PASSWORDS.root), 'code_missing'],
      [attempt('root', PASSWORDS.root, { code: wrong }), 'code_wrong'],
      [attempt('rob', PASSWORDS.rob, { code: '000000' }), 'code_wrong'],
    ]
    for (const [tried, reason] of tries) expect(await reasonOf(tried)).toBe(reason)
    const answers = tries.map(([, reason]) => LOGIN_REASONS[reason as keyof typeof LOGIN_REASONS])
    expect(new Set([...answers, LOGIN_REASONS.code_used, LOGIN_REASONS.code_throttled]).size).toBe(1)
  })

  it('tells the record whose name was given, and never a name that nobody has', async () => {
    expect(await gate.login(attempt('ada', 'wrong'), NOW)).toEqual({ principal: 'ada', reason: 'password_wrong' })
    expect(await gate.login(attempt('my secret password', 'ada'), NOW)).toEqual({ reason: 'user_unknown' })
  })

  it('takes the same work whether or not somebody has the name', async () => {
    const time = async (name: string, round: number): Promise<number> => {
      const start = performance.now()
      await gate.login(attempt(name, 'wrong', { address: `198.51.100.${round}` }), NOW)
      return performance.now() - start
    }
    const times: Record<'ada' | 'eve', number[]> = { ada: [], eve: [] }
    for (let round = 0; round < 9; round++)
      for (const name of ['ada', 'eve'] as const) times[name].push(await time(name, round))
    const median = (name: 'ada' | 'eve'): number => times[name].sort((a, b) => a - b)[4] ?? 0
    // Without the work it would be a fiftieth.
    expect(median('eve') / median('ada')).toBeGreaterThan(0.3)
    expect(median('eve') / median('ada')).toBeLessThan(3)
  })

  it('hashes a password anew that was hashed at another cost', async () => {
    const { hash } = await import('@node-rs/argon2')
    const dated = await hash(PASSWORDS.rob, { memoryCost: 8192, timeCost: 1, secret: KEYS.pepper })
    await store.put({ name: 'rob', passwordHash: dated, roles: [] })
    expect(await reasonOf(attempt('rob', PASSWORDS.rob))).toBe('pwd')
    const renewed = (await store.find('rob'))?.passwordHash ?? ''
    expect(HASHER.isDated(renewed)).toBe(false)
    expect(await reasonOf(attempt('rob', PASSWORDS.rob))).toBe('pwd')
  })
})

describe('a code', () => {
  it('is good once, at whichever door', async () => {
    const code = rootCode(NOW)
    expect(await reasonOf(attempt('root', PASSWORDS.root, { code }))).toBe('pwd otp')
    expect(await reasonOf(attempt('root', PASSWORDS.root, { code }))).toBe('code_used')
    const root = await store.find('root')
    if (root === undefined) throw new Error('root is gone')
    expect(await gate.checkCode(root, code, NOW)).toEqual({ reason: 'code_used' })
    expect(await gate.checkCode(root, rootCode(NOW + STEP), NOW)).toBeUndefined()
    expect(await gate.checkCode(root, rootCode(NOW), NOW)).toEqual({ reason: 'code_used' })
  })

  it('is given to one of twenty who come with it at once', async () => {
    const code = rootCode(NOW)
    const root = await store.find('root')
    if (root === undefined) throw new Error('root is gone')
    const all = await Promise.all(Array.from({ length: 10 }, () => gate.checkCode(root, code, NOW)))
    expect(all.filter((refused) => refused === undefined)).toHaveLength(1)
  })

  it('is not used up by a wrong password', async () => {
    const code = rootCode(NOW)
    expect(await reasonOf(attempt('root', 'wrong', { code }))).toBe('password_wrong')
    expect(await reasonOf(attempt('root', PASSWORDS.root, { code }))).toBe('pwd otp')
  })

  it('that was tried too often reads at the login as any other failure: the password was right', async () => {
    const wrong = totpCode(SECRETS.root, NOW + 1_000_000)
    for (let round = 0; round < 10; round++)
      expect(await reasonOf(attempt('root', PASSWORDS.root, { code: wrong, address: `198.51.100.${round}` }))).toBe(
        'code_wrong',
      )
    const tried = attempt('root', PASSWORDS.root, { code: rootCode(NOW), address: '198.51.100.99' })
    expect(await gate.login(tried, NOW)).toEqual({ principal: 'root', reason: 'code_throttled' })
    const root = await store.find('root')
    if (root === undefined) throw new Error('root is gone')
    expect(await gate.checkCode(root, rootCode(NOW), NOW)).toEqual({
      reason: 'throttled',
      retryAfterSeconds: A_QUARTER_OF_AN_HOUR,
    })
  })

  it('is nothing to a user who has none', async () => {
    const rob = await store.find('rob')
    if (rob === undefined) throw new Error('rob is gone')
    expect(await gate.checkCode(rob, '000000', NOW)).toEqual({ reason: 'code_wrong' })
  })
})

describe('guesses', () => {
  it('wait after ten from one address, and leave the owner alone on a device that is known', async () => {
    for (let round = 0; round < 10; round++) expect(await reasonOf(attempt('ada', 'wrong'))).toBe('password_wrong')
    expect(await gate.login(attempt('ada', PASSWORDS.ada), NOW)).toEqual({
      ...{ principal: 'ada', reason: 'throttled', retryAfterSeconds: A_QUARTER_OF_AN_HOUR },
    })
    const deviceCookie = newDeviceCookie('ada', NOW, KEYS.device)
    expect(await reasonOf(attempt('ada', PASSWORDS.ada, { deviceCookie }))).toBe('pwd')
  })

  it('get no further with the cookie of another user’s device', async () => {
    for (let round = 0; round < 10; round++) await reasonOf(attempt('ada', 'wrong'))
    const deviceCookie = newDeviceCookie('rob', NOW, KEYS.device)
    expect(await reasonOf(attempt('ada', PASSWORDS.ada, { deviceCookie }))).toBe('throttled')
  })
})
