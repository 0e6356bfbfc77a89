import { describe, expect, it } from 'vitest'
import { FrozenSet, NO_NAMES } from '../src/principal.js'

describe('FrozenSet', () => {
  const roles = new FrozenSet(['a', 'b'])

  it('holds what it was made of', () => {
    expect([...roles]).toEqual(['a', 'b'])
    expect(roles.has('a')).toBe(true)
    expect(roles.has('c')).toBe(false)
  })

  it.each<[string, () => unknown]>([
    ['add', () => roles.add('c')],
    ['add, of what it holds', () => roles.add('a')],
    ['delete', () => roles.delete('a')],
    ['clear', () => roles.clear()],
  ])('refuses %s', (_, act) => {
    expect(act).toThrow(TypeError)
    expect([...roles]).toEqual(['a', 'b'])
  })

  it('stays closed after one could not be made', () => {
    const broken = {
      *[Symbol.iterator]() {
        yield 'a'
        throw new Error('broken')
      },
    }
    expect(() => new FrozenSet(broken)).toThrow('broken')
    expect(() => roles.add('c')).toThrow(TypeError)
  })

  it('shares one empty set', () => {
    expect(NO_NAMES.size).toBe(0)
  })
})
