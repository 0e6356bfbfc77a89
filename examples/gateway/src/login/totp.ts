import { Secret, TOTP } from 'otpauth'

const STEP_SECONDS = 30
const CODE = /^[0-9]{6}$/

/** 160 random bits in Base32, as RFC 4226 section 4 recommends. */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32
}

/** The code of a secret at a time. */
export function totpCode(secret: string, now: number): string {
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: now * 1000 })
}

/**
 * The time step that a code belongs to, at most one before or after now (RFC 6238 section 5.2); `undefined` for a code that is of none.
 * Does NOT know whether the code was used before: `claimStep` of the store does.
 */
export function totpStep(secret: string, code: string, now: number): number | undefined {
  if (!CODE.test(code)) return undefined
  const delta = TOTP.validate({ token: code, secret: Secret.fromBase32(secret), timestamp: now * 1000, window: 1 })
  return delta === null ? undefined : Math.floor(now / STEP_SECONDS) + delta
}

/** What an authenticator app reads, from a QR code or pasted. */
export function totpUri(issuer: string, name: string, secret: string): string {
  return new TOTP({ issuer, label: name, secret }).toString()
}
