import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { singleField } from '../../src/http/field.js'
import { reasonOf } from '../kit.js'

const other = fc.tuple(fc.constantFrom('Host', 'X-Nonce-2', 'X-Nonc', 'XNonce', 'x-nonce-'), fc.string())
const inSomeCase = fc.mixedCase(fc.constant('x-nonce'))

describe('singleField', () => {
  it('finds the one field wherever it stands, however its name is written', () => {
    fc.assert(
      fc.property(fc.array(other), inSomeCase, fc.string(), fc.array(other), (before, name, value, after) => {
        expect(singleField([...before, [name, value], ...after].flat(), 'x-nonce')).toBe(value)
      }),
    )
  })

  it('refuses a second one, wherever it stands, also where both say the same', () => {
    fc.assert(
      fc.property(
        fc.array(other),
        inSomeCase,
        fc.array(other),
        inSomeCase,
        fc.array(other),
        (before, one, between, two, after) => {
          const fields = [...before, [one, 'v'], ...between, [two, 'v'], ...after].flat()
          expect(reasonOf(() => singleField(fields, 'x-nonce'))).toBe('duplicate_header')
        },
      ),
    )
  })

  it('answers nothing where the name is a value only', () => {
    expect(singleField(['Connection', 'x-nonce', 'x-nonce-2', 'v'], 'x-nonce')).toBeUndefined()
  })

  it('tells an empty value from an absent field', () => {
    expect(singleField(['X-Nonce', ''], 'x-nonce')).toBe('')
    expect(singleField([], 'x-nonce')).toBeUndefined()
  })
})
