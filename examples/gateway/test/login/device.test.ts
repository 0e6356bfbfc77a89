import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DEVICE_SECONDS, knownDevice, newDeviceCookie } from '../../src/login/device.js'

const key = randomBytes(32)
const NOW = 1_700_000_000

describe('the cookie of a device', () => {
  it('names a device of its user, until it is 90 days old', () => {
    const cookie = newDeviceCookie('ada', NOW, key)
    const id = knownDevice(cookie, 'ada', NOW, key)
    expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(knownDevice(cookie, 'ada', NOW + DEVICE_SECONDS - 1, key)).toBe(id)
    expect(knownDevice(cookie, 'ada', NOW + DEVICE_SECONDS, key)).toBeUndefined()
  })

  it('is worth nothing to somebody else, with another key, changed or made up', () => {
    const cookie = newDeviceCookie('ada', NOW, key)
    const [, id, time, mac] = cookie.split('~')
    expect(knownDevice(cookie, 'rob', NOW, key)).toBeUndefined()
    expect(knownDevice(cookie, 'ada', NOW, randomBytes(32))).toBeUndefined()
    for (const made of [
      `rob~${id}~${time}~${mac}`,
      `ada~${id}~9${time}~${mac}`,
      `ada~${id}~${time}~`,
      '',
      '~~~',
      'ada',
    ])
      expect(knownDevice(made, made.split('~')[0] ?? '', NOW, key)).toBeUndefined()
    expect(knownDevice(undefined, 'ada', NOW, key)).toBeUndefined()
    expect(knownDevice('~'.repeat(10_000), 'ada', NOW, key)).toBeUndefined()
  })
})
