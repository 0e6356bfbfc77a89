import { describe, expect, it } from 'vitest'
import {
  checkInteger,
  checkMembers,
  checkMoment,
  checkNumber,
  checkOneOf,
  checkText,
  checkTextOrNull,
  checkTexts,
} from '../src/options.js'
import { optionOf } from './kit.js'

describe('every check names the option', () => {
  it.each<[string, () => unknown]>([
    ['a', () => checkMembers('a', null, [])],
    ['a', () => checkMembers('a', [], [])],
    ['a', () => checkMembers('a', 'text', [])],
    ['a.widow', () => checkMembers('a', { widow: 1 }, ['window'])],
    ['a', () => checkText('a', '')],
    ['a', () => checkText('a', ' \t')],
    ['a', () => checkText('a', 1)],
    ['a', () => checkTextOrNull('a', undefined)],
    ['a', () => checkTextOrNull('a', '')],
    ['a', () => checkTexts('a', 'text')],
    ['a', () => checkTexts('a', [])],
    ['a', () => checkTexts('a', ['x', 'x'])],
    ['a[1]', () => checkTexts('a', ['x', ''])],
    ['a', () => checkOneOf('a', 'z', ['x', 'y'])],
    ['a', () => checkNumber('a', Number.NaN, 0, 9)],
    ['a', () => checkNumber('a', '5', 0, 9)],
    ['a', () => checkNumber('a', Number.POSITIVE_INFINITY, 0, 9)],
    ['a', () => checkInteger('a', 1.5, 0, 9)],
    ['a', () => checkMoment('a', new Date(Number.NaN))],
    ['a', () => checkMoment('a', '2026-01-01')],
  ])('%s', (option, act) => {
    expect(optionOf(act)).toBe(option)
  })
})

describe('edges', () => {
  it('a number may be the least and the most, and nothing beyond', () => {
    expect([checkNumber('a', 1, 1, 2), checkNumber('a', 2, 1, 2)]).toEqual([1, 2])
    expect(optionOf(() => checkNumber('a', 0.999, 1, 2))).toBe('a')
    expect(optionOf(() => checkNumber('a', 2.001, 1, 2))).toBe('a')
  })

  it('null opts out of a text; absence does not', () => {
    expect(checkTextOrNull('a', null)).toBeNull()
    expect(checkTextOrNull('a', 'x')).toBe('x')
  })

  it('a moment is a Date or a NumericDate; milliseconds are refused', () => {
    expect(checkMoment('a', new Date('2023-11-14T22:13:20Z'))).toBe(1_700_000_000)
    expect(checkMoment('a', 1_700_000_000)).toBe(1_700_000_000)
    expect(optionOf(() => checkMoment('a', 1_700_000_000_000))).toBe('a')
  })

  it('a checked list cannot be changed afterwards', () => {
    expect(Object.isFrozen(checkTexts('a', ['x']))).toBe(true)
  })
})
