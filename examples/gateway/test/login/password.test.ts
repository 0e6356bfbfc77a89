import { randomBytes } from 'node:crypto'
import { hash } from '@node-rs/argon2'
import { describe, expect, it } from 'vitest'
import { passwordHasher } from '../../src/login/password.js'

const pepper = randomBytes(32)
const hasher = await passwordHasher(pepper)

describe('the hash of a password', () => {
  it('is Argon2id at the cost that OWASP asks for, salted anew each time', async () => {
    const [one, other] = await Promise.all([hasher.hash('the same'), hasher.hash('the same')])
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(other).not.toBe(one)
    expect(hasher.isDated(one)).toBe(false)
    expect(hasher.isDated(await hash('the same', { memoryCost: 8192, timeCost: 1, secret: pepper }))).toBe(true)
  })

  it('is of the whole password: the 257th byte counts as the first does', async () => {
    const long = 'p'.repeat(256)
    const hashed = await hasher.hash(`${long}a`)
    expect(await hasher.verify(hashed, `${long}a`)).toBe(true)
    expect(await hasher.verify(hashed, `${long}b`)).toBe(false)
    expect(await hasher.verify(hashed, long)).toBe(false)
    expect(await hasher.verify(hashed, `${long}a\0`)).toBe(false)
  })

  it('is of one spelling: what two keyboards compose in two ways is one password', async () => {
    const hashed = await hasher.hash('Zo\u00eb and \ufb01sh')
    expect(await hasher.verify(hashed, 'Zoe\u0308 and fish')).toBe(true)
    expect(await hasher.verify(hashed, 'zo\u00eb and fish')).toBe(false)
  })

  it('is worth nothing without the pepper', async () => {
    const hashed = await hasher.hash('a password')
    const thief = await passwordHasher(randomBytes(32))
    expect(await thief.verify(hashed, 'a password')).toBe(false)
  })

  it('of nobody is no password, not even the one that stands in for it, and takes the same work', async () => {
    const hashed = await hasher.hash('a password')
    expect(await hasher.verify(undefined, 'nobody has this password')).toBe(false)
    const timeOf = async (of: string | undefined): Promise<number> => {
      const times = []
      for (let round = 0; round < 7; round++) {
        const start = performance.now()
        await hasher.verify(of, 'a guess')
        times.push(performance.now() - start)
      }
      return times.sort((a, b) => a - b)[3] ?? 0
    }
    const [known, unknown] = [await timeOf(hashed), await timeOf(undefined)]
    // Without the work it would be a thousandth.
    expect(unknown / known).toBeGreaterThan(0.3)
    expect(unknown / known).toBeLessThan(3)
  })

  it('says that it is busy while 64 wait, and not any more when they are through', async () => {
    const waiting = Array.from({ length: 64 }, () => hasher.verify(undefined, 'a guess'))
    expect(hasher.isBusy()).toBe(true)
    await Promise.all(waiting)
    expect(hasher.isBusy()).toBe(false)
  })
})
