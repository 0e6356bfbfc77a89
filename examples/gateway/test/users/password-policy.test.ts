import { describe, expect, it } from 'vitest'
import { passwordPolicy } from '../../src/users/password-policy.js'

const policy = passwordPolicy(['Kestrel Harbour Nine'])
const alone = { name: 'ada', codeAtEveryLogin: false }
const besideCode = { name: 'ada', codeAtEveryLogin: true }

/** As hard to guess as its length allows. */
const RANDOM = 'qWv7zRk2mXp9tLc4nHd6'

describe('a new password', () => {
  it('has at least 15 characters where it stands alone, and 8 where every login asks for a code', () => {
    expect(policy.fault(RANDOM.slice(0, 15), alone)).toBeUndefined()
    expect(policy.fault(RANDOM.slice(0, 14), alone)).toBe('the password needs at least 15 characters')
    expect(policy.fault(RANDOM.slice(0, 9), besideCode)).toBeUndefined()
    expect(policy.fault(RANDOM.slice(0, 7), besideCode)).toBe('the password needs at least 8 characters')
  })

  it('may have 256, of any kind: spaces, letters of any script, signs', () => {
    const long = Array.from({ length: 256 }, (_, index) => RANDOM[(index * 7 + (index >> 3)) % 20]).join('')
    expect(policy.fault(long, alone)).toBeUndefined()
    expect(policy.fault(`${long}x`, alone)).toBe('the password may have at most 256 characters')
    expect(policy.fault('пятнадцать ёжиков 🦔', alone)).toBeUndefined()
    expect(policy.fault('quiet otters mend violet kettles', alone)).toBeUndefined()
  })

  it('is counted in characters, after one spelling is made of it', () => {
    // Eight hedgehogs are 16 units of UTF-16 and 8 characters.
    expect(policy.fault('🦔'.repeat(8), alone)).toBe('the password needs at least 15 characters')
    // `e` and a combining accent are one character.
    expect(policy.fault('e\u0301'.repeat(14), alone)).toBe('the password needs at least 15 characters')
  })

  it('is none that leaks are full of, nor one on a list of our own, in whatever case', () => {
    expect(policy.fault('password1234', besideCode)).toMatch(/common|easy/)
    expect(policy.fault('1qaz2wsx3edc', besideCode)).toBe('the password is a common one')
    expect(policy.fault('KESTREL HARBOUR NINE', alone)).toBe('the password is a common one')
    expect(policy.fault('kestrel harbour nine!', alone)).toBeUndefined()
  })

  it.each([
    'aaaaaaaaaaaaaaaaaaaa',
    'qwertyuiopasdfghjkl',
    'passwordpassword',
    'adagatewayadagateway',
    'countersign2026',
  ])('is not easy to guess, as %s is', (password) => {
    expect(policy.fault(password, alone)).toMatch(/^the password is (too easy to guess|a common one)$/)
  })

  it('is not repeated in what is said against it', () => {
    for (const password of ['hunter2', 'passwordpassword', 'x'.repeat(300)])
      expect(policy.fault(password, alone)).not.toContain(password)
  })
})
