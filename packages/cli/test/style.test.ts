import { describe, expect, it } from 'vitest'
import { columns, painterFor, visible, visibleJson } from '../src/style.js'

const output = (isTty: boolean) => ({ isTty, write: () => {} })

describe('colours', () => {
  it('come on a terminal alone', () => {
    expect(painterFor(output(true), {})('red', 'no')).toBe('\u001b[31mno\u001b[39m')
    expect(painterFor(output(false), {})('red', 'no')).toBe('no')
  })

  it('stay away where NO_COLOR or a dumb terminal asks for that', () => {
    expect(painterFor(output(true), { NO_COLOR: '1' })('red', 'no')).toBe('no')
    expect(painterFor(output(true), { NO_COLOR: '' })('red', 'no')).not.toBe('no')
    expect(painterFor(output(true), { TERM: 'dumb' })('red', 'no')).toBe('no')
  })
})

describe('text from outside', () => {
  it('cannot steer a terminal, break a line or hide a character', () => {
    expect(visible('a\u001b[31mb\nc\u202ed\u200be')).toBe('a\\u001b[31mb\\u000ac\\u202ed\\u200be')
    expect(visible('Ærøskøbing €')).toBe('Ærøskøbing €')
    expect(visibleJson({ a: '\u009b1m\u202e' })).toBe('{"a":"\\u009b1m\\u202e"}')
    expect(JSON.parse(visibleJson({ a: '\u009b\u202e' }, 2))).toEqual({ a: '\u009b\u202e' })
  })
})

it('stands in columns without white space at the end', () => {
  expect(
    columns([
      ['a', 'bb', ''],
      ['ccc', 'd', 'e'],
    ]),
  ).toBe('a    bb\nccc  d   e\n')
})
