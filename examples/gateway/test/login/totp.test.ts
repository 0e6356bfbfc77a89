import { describe, expect, it } from 'vitest'
import { newTotpSecret, totpCode, totpStep, totpUri } from '../../src/login/totp.js'

/** RFC 6238 appendix B, the last six of its eight digits. */
const RFC_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const RFC_CODES = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
] as const

describe('a code', () => {
  it.each(RFC_CODES)('is the one of RFC 6238 at %i', (now, code) => {
    expect(totpCode(RFC_SECRET, now)).toBe(code)
    expect(totpStep(RFC_SECRET, code, now)).toBe(Math.floor(now / 30))
  })

  it('is good one step before and after its own, and not two', () => {
    const code = totpCode(RFC_SECRET, 900_000)
    const stepAt = (now: number): number | undefined => totpStep(RFC_SECRET, code, now)
    expect([900_000 - 31, 900_000 - 30, 900_000 + 59, 900_000 + 60].map(stepAt)).toEqual([
      undefined,
      30_000,
      30_000,
      undefined,
    ])
  })

  it.each(['', '28708', '2870822', ' 287082', '287 082', '２８７０８２', '28708a', '+28708'])('is not %j', (code) => {
    expect(totpStep(RFC_SECRET, code, 59)).toBeUndefined()
  })

  it('has a secret of 160 random bits, and a URI that an app can read', () => {
    const secret = newTotpSecret()
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(newTotpSecret()).not.toBe(secret)
    expect(totpUri('Countersign', 'ada', secret)).toBe(
      `otpauth://totp/Countersign:ada?issuer=Countersign&secret=${secret}&algorithm=SHA1&digits=6&period=30`,
    )
  })
})
