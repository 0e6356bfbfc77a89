import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasRepeatedNames } from '../../src/bearer/json.js'

const check = (text: string) => hasRepeatedNames(Buffer.from(text), JSON.parse(text))

/** A name as JSON, every character escaped. */
const escaped = (name: string) =>
  `"${Array.from({ length: name.length }, (_, index) => `\\u${name.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')}"`

/** Objects nested in objects and lists, with awkward names and texts. Names that JSON must escape are not told apart by every V8. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'a:b', '"', '\\', '\\"', ':', '{', ',', 'é', '💥'),
)
const plain = nasty.filter((name) => JSON.stringify(name) === `"${name}"`)
const { value } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    nasty,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    tie('object'),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
  object: fc.dictionary(plain, tie('value'), { maxKeys: 4 }),
}))

describe('hasRepeatedNames', () => {
  it('refuses no honest JSON', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (honest, space) => {
        expect(check(JSON.stringify(honest, null, space))).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it('finds a name that was added a second time, in whatever object and however it is escaped', () => {
    const twin = fc.tuple(
      nasty,
      value,
      value,
      fc.boolean(),
      fc.boolean(),
      fc.array(fc.constantFrom('object', 'list'), { maxLength: 5 }),
    )
    fc.assert(
      fc.property(twin, ([name, left, right, first, second, nesting]) => {
        const spell = (asEscapes: boolean) => (asEscapes ? escaped(name) : JSON.stringify(name))
        let text = `{"other:":1,${spell(first)}:${JSON.stringify(left)},${spell(second)}:${JSON.stringify(right)}}`
        for (const kind of nesting) text = kind === 'list' ? `[0,${text}]` : `{"outer":${text}}`
        expect(check(text)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"a":{"b":[{"c":1,"c":2}]}}',
    '{"a":1,"b":":","a":"\\":"}',
    '[{},{"":1,"":2}]',
  ])('finds the repetition in %s', (text) => expect(check(text)).toBe(true))

  it.each([
    '{}',
    '[]',
    '"a:b"',
    'null',
    '{"a":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"__proto__":{"a":1}}',
    '{"a":":\\\\"}',
    '{"https:\\/\\/example.com\\/roles":["a"]}',
  ])('finds none in %s', (text) => expect(check(text)).toBe(false))

  it('finds it where V8 reads a name as one that it has seen, for that one has a backslash', () => {
    for (const seen of ['{"h":[],"\\\\":0}', '{"h":1,"a\\\\":0}', '{"other:":1,"\\\\":2}']) JSON.parse(seen)
    const texts = ['{"h":1,"\\"":2,"\\"":3}', '{"h":1,"a\\"":2,"a\\"":3}', '{"other:":1,"\\u003a":null,"\\u003a":{}}']
    expect(texts.map(check)).toEqual([true, true, true])
  })

  it('calls a name with a backslash repeated, for it may have been another', () => {
    expect(['{"a\\\\":1}', '[{"b":{"\\u005c":1}}]', '{"b":"\\\\"}'].map(check)).toEqual([true, true, false])
  })

  it('calls what is nested 64 deep repeated, for no honest token is', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    expect([check(nested(64)), check(nested(65))]).toEqual([false, true])
  })
})
