import { isUtf8 } from 'node:buffer'
import { ConfigurationError } from '../errors.js'
import { parseJson } from './json.js'
import type { Slices } from './slices.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d

/** Of an object in a list in the root. */
const ELEMENT_DEPTH = 3

/** How many bytes are looked at between two looks at the time. */
const STRIDE = 16_384

/**
 * Parses a JSON object with long lists of objects in it, as `JSON.parse` would, a slice at a time: JSON.parse of ten thousand keys would hold
 * up every request for as long as it takes.
 *
 * Each object that stands in a list of the root is cut out and parsed alone, and `null` put in its place: the rest is parsed then. A value is
 * a value to the grammar, so this takes exactly the texts that JSON.parse takes, but for those with a real `null` in such a list.
 *
 * @throws {ConfigurationError} not JSON, or a name that stands twice in one object; never quotes the text
 */
export async function readDocument(bytes: Buffer, slices: Slices): Promise<unknown> {
  const frame: string[] = []
  const elements: unknown[] = []
  let frameStart = 0
  if (!isUtf8(bytes)) throw new ConfigurationError('key file', 'is not JSON')
  const scan = new Scan(bytes)
  while (!scan.isAtEnd) {
    if (scan.run(STRIDE)) {
      frame.push(bytes.toString('utf8', frameStart, scan.start), 'null')
      elements.push(parseJson('key file', bytes.subarray(scan.start, scan.end)))
      frameStart = scan.end
    }
    if (slices.isOver) await slices.next()
  }
  frame.push(bytes.toString('utf8', frameStart))
  await slices.next()
  const document = parseJson('key file', Buffer.from(frame.join('')))
  await slices.next()
  if (elements.length > 0) putBack(document, elements)
  return document
}

function putBack(document: unknown, elements: readonly unknown[]): void {
  let next = 0
  if (typeof document === 'object' && document !== null) {
    for (const list of Object.values(document)) {
      if (!Array.isArray(list)) continue
      for (const [index, item] of list.entries()) if (item === null) list[index] = elements[next++]
    }
  }
  // More or fewer places than elements: there was a real null, or the objects stood elsewhere.
  if (next !== elements.length) throw new ConfigurationError('key file', 'is not JSON')
}

/** Looks for the objects that stand in a list of the root. In a text that is no JSON it finds what looks like one. */
class Scan {
  /** Of the last object that was found; `end` is the first byte after it. */
  start = 0
  end = 0
  readonly #bytes: Buffer
  #position = 0
  #depth = 0
  #inString = false
  /** Whether what stands in the root is a list. */
  #inList = false
  /** Whether an object in such a list has begun. */
  #isOpen = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length
  }

  /** Goes on for so many bytes, or until an object ends: `true`. */
  run(stride: number): boolean {
    const bytes = this.#bytes
    const stop = Math.min(this.#position + stride, bytes.length)
    while (this.#position < stop) {
      const byte = bytes[this.#position++]
      if (this.#inString) {
        if (byte === BACKSLASH) this.#position++
        else if (byte === QUOTE) this.#inString = false
      } else if (byte === QUOTE) this.#inString = true
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.#depth++
        if (this.#depth === ELEMENT_DEPTH - 1) this.#inList = byte === OPEN_BRACKET
        else if (this.#depth === ELEMENT_DEPTH && this.#inList && byte === OPEN_BRACE) {
          this.#isOpen = true
          this.start = this.#position - 1
        }
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.#depth--
        if (this.#depth !== ELEMENT_DEPTH - 1 || !this.#isOpen) continue
        this.#isOpen = false
        this.end = this.#position
        return true
      }
    }
    return false
  }
}
