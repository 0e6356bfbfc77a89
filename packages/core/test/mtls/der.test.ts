import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { derElements } from '../../src/mtls/der.js'

const bytes = (hex: string) => Buffer.from(hex, 'hex')

/** As X.690 section 10.1 has it: the shortest form. */
function encode(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const octets = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...octets]), content])
}

describe('derElements', () => {
  it('finds the elements side by side', () => {
    expect(derElements(bytes('0201050500'))).toEqual([
      { tag: 2, content: bytes('05') },
      { tag: 5, content: bytes('') },
    ])
    expect(derElements(bytes(''))).toEqual([])
  })

  it.each([127, 128, 255, 256, 65_535])('reads a length of %i', (length) => {
    const content = Buffer.alloc(length, 7)
    expect(derElements(encode(4, content))).toEqual([{ tag: 4, content }])
  })

  it.each([
    ['a tag alone', '02'],
    ['contents that break off', '020105020205'],
    ['a length that breaks off', '0282'],
    ['a length in a longer form than needed', `0281${'7f'}${'00'.repeat(127)}`],
    ['a length with a zero before it', `02820080${'00'.repeat(128)}`],
    ['an indefinite length', '3080020105 0000'.replace(' ', '')],
    ['a length of four octets', '0284010000000'.padEnd(14, '0')],
    ['a tag of several octets', '1f810100'],
    ['a reserved length', '02ff'],
  ])('refuses %s', (_, hex) => {
    expect(() => derElements(bytes(hex))).toThrow(RangeError)
  })

  it('reads what was encoded, and nothing that was not encoded so', () => {
    const tag = fc.integer({ min: 0, max: 255 }).filter((value) => (value & 0x1f) !== 0x1f)
    const element = fc.record({ tag, content: fc.uint8Array({ maxLength: 300 }) })
    fc.assert(
      fc.property(fc.array(element, { maxLength: 4 }), (elements) => {
        const encoded = Buffer.concat(elements.map(({ tag, content }) => encode(tag, content)))
        expect(derElements(encoded).map(({ tag, content }) => ({ tag, content: [...content] }))).toEqual(
          elements.map(({ tag, content }) => ({ tag, content: [...content] })),
        )
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (any) => {
        let elements: ReturnType<typeof derElements>
        try {
          elements = derElements(any)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
          return
        }
        expect(Buffer.concat(elements.map(({ tag, content }) => encode(tag, content)))).toEqual(Buffer.from(any))
      }),
      { numRuns: 2000 },
    )
  })
})
