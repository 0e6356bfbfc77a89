import { describe, expect, it } from 'vitest'
import { UsageError } from '../src/errors.js'
import { formatDistance, formatMoment, parseDuration, parseMoment } from '../src/time.js'
import { NOW } from './kit.js'

describe('a moment', () => {
  it.each([
    ['now', NOW],
    ['1795348800', NOW],
    ['2026-11-22T12:00:00Z', NOW],
    ['2026-11-22T12:00Z', NOW],
    ['2026-11-22T13:00:00+01:00', NOW],
    ['+90s', NOW + 90],
    ['+24h', NOW + 86_400],
    ['-2w', NOW - 1_209_600],
  ])('%s is read', (text, seconds) => {
    expect(parseMoment('--now', text, NOW + 0.5)).toBe(seconds)
  })

  it.each([
    '',
    'noon',
    '2026-11-22',
    '2026-11-22T12:00:00',
    '2026-13-01T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '179534880',
    '+5',
    '+5y',
    '0795348800',
  ])('%j is none', (text) => {
    expect(() => parseMoment('--now', text, NOW)).toThrow(UsageError)
  })

  it('in milliseconds is recognised', () => {
    expect(() => parseMoment('--now', `${NOW}000`, NOW)).toThrow(/thirteen digits: milliseconds/)
  })
})

describe('a length of time', () => {
  it.each([
    ['90s', 90],
    ['5m', 300],
    ['24h', 86_400],
    ['7d', 604_800],
    ['2w', 1_209_600],
    ['0s', 0],
  ])('%s is read', (text, seconds) => {
    expect(parseDuration('--overlap', text)).toBe(seconds)
  })

  it.each(['', '5', 'm', '-5m', '5 m', '1.5h', '12345678s'])('%j is none', (text) => {
    expect(() => parseDuration('--overlap', text)).toThrow(UsageError)
  })
})

describe('what is printed', () => {
  it('is ISO 8601 in UTC, as a key file has it', () => {
    expect(formatMoment(NOW)).toBe('2026-11-22T12:00:00Z')
    expect(formatMoment(NOW + 0.25)).toBe('2026-11-22T12:00:00.250Z')
    expect(formatMoment(1e300)).toBe('1e+300')
  })

  it.each([
    [119, 'in 119 s'],
    [120, 'in 2 min'],
    [7199, 'in 120 min'],
    [7200, 'in 2 h'],
    [172_799, 'in 48 h'],
    [172_800, 'in 2 days'],
    [-300, '5 min ago'],
  ])('a distance of %d s reads %s', (seconds, text) => {
    expect(formatDistance(NOW + seconds, NOW)).toBe(text)
  })
})
