import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSteppedUp } from '../../src/policy/step-up.js'
import { NOW } from '../kit.js'

const SKEW = 30
const met = (claims: object, acrValues?: readonly string[], maxAgeSeconds?: number, now = NOW) =>
  isSteppedUp(claims as Record<string, unknown>, { acrValues, maxAgeSeconds }, now, SKEW)

describe('an accepted acr', () => {
  it.each([['mfa'], ['hardware']])('is any of those listed: %s', (acr) => {
    expect(met({ acr }, ['mfa', 'hardware'])).toBe(true)
  })

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['another', 'password'],
    ['a longer one', 'mfa2'],
    ['a part of one', 'mf'],
    ['one in another case', 'MFA'],
    ['two in one text', 'mfa hardware'],
    ['a list with it', ['mfa']],
    ['an object', { mfa: true }],
    ['a number', 2],
    ['null', null],
    ['true', true],
    ['empty', ''],
  ])('is not %s', (_, acr) => {
    expect(met({ acr }, ['mfa', 'hardware'])).toBe(false)
  })
})

describe('an auth_time', () => {
  it('is recent enough in the last second, skew included, and not a second later', () => {
    expect(met({ auth_time: NOW - 60 - SKEW }, undefined, 60)).toBe(true)
    expect(met({ auth_time: NOW - 60 - SKEW - 1 }, undefined, 60)).toBe(false)
  })

  it('may lie ahead by the skew, and not a second more', () => {
    expect(met({ auth_time: NOW + SKEW }, undefined, 60)).toBe(true)
    expect(met({ auth_time: NOW + SKEW + 1 }, undefined, 60)).toBe(false)
  })

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['a text', String(NOW)],
    ['null', null],
    ['a list', [NOW]],
    ['an object', {}],
    ['true', true],
    ['Infinity, as 1e400 is read', Number.POSITIVE_INFINITY],
    ['minus Infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ['in milliseconds', NOW * 1000],
    ['the epoch, as some issuers write for never', 0],
  ])('says nothing where it is %s', (_, authTime) => {
    expect(met({ auth_time: authTime }, undefined, 60)).toBe(false)
  })

  it('is never recent by a clock that tells no time', () => {
    expect(met({ auth_time: NOW }, undefined, 60, Number.NaN)).toBe(false)
  })
})

it('both must hold where both are asked', () => {
  expect(met({ acr: 'mfa', auth_time: NOW }, ['mfa'], 60)).toBe(true)
  expect(met({ acr: 'mfa', auth_time: NOW - 3600 }, ['mfa'], 60)).toBe(false)
  expect(met({ acr: 'password', auth_time: NOW }, ['mfa'], 60)).toBe(false)
})

it('whatever the claims are, only a listed acr and a time within the window will do', () => {
  const seconds = fc.oneof(fc.integer({ min: NOW - 200, max: NOW + 200 }), fc.double(), fc.anything())
  const acrs = fc.oneof(fc.constantFrom('mfa', 'hardware', 'password'), fc.anything())
  fc.assert(
    fc.property(acrs, seconds, fc.integer({ min: 1, max: 120 }), (acr, authTime, maxAgeSeconds) => {
      const isListed = acr === 'mfa' || acr === 'hardware'
      const age = typeof authTime === 'number' ? NOW - authTime : Number.NaN
      const isRecent = age >= -SKEW && age <= maxAgeSeconds + SKEW
      expect(met({ acr, auth_time: authTime }, ['mfa', 'hardware'], maxAgeSeconds)).toBe(isListed && isRecent)
    }),
  )
})
