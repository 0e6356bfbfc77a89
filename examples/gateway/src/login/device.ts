import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long a device is known without a login. */
export const DEVICE_SECONDS: number = 90 * 86_400

/**
 * The value of a cookie that says that a user has logged in on this device. It opens nothing: it only keeps the failures of strangers away
 * from the user (OWASP, Slow Down Online Guessing Attacks with Device Cookies).
 */
export function newDeviceCookie(name: string, now: number, key: Buffer): string {
  const unsigned = `${name}~${randomBytes(16).toString('base64url')}~${Math.floor(now)}`
  return `${unsigned}~${macOf(unsigned, key)}`
}

/** The id of the device, where the cookie is ours, of this user and not too old. */
export function knownDevice(cookie: string | undefined, name: string, now: number, key: Buffer): string | undefined {
  if (cookie === undefined || cookie.length > 256) return undefined
  const end = cookie.lastIndexOf('~')
  const unsigned = cookie.slice(0, end)
  if (!equal(cookie.slice(end + 1), macOf(unsigned, key))) return undefined
  const [owner, id, issuedAt] = unsigned.split('~')
  return owner === name && now - Number(issuedAt) < DEVICE_SECONDS ? id : undefined
}

function macOf(text: string, key: Buffer): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
