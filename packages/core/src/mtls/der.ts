/** One element of DER: its identifier octet and its contents. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array
}

/**
 * Takes the elements apart that stand side by side in `bytes`, to the last byte (X.690 sections 8.1 and 10.1): one spelling only, so no
 * indefinite length, none that is longer written than it must be, and no tag of several octets, which certificates do without.
 *
 * @throws {RangeError} anything else
 * Does NOT look into the contents.
 */
export function derElements(bytes: Uint8Array): readonly DerElement[] {
  const elements: DerElement[] = []
  let start = 0
  while (start < bytes.length) {
    const tag = octetAt(bytes, start)
    if ((tag & 0x1f) === 0x1f) throw new RangeError('a tag of several octets')
    const { length, contentStart } = lengthAt(bytes, start + 1)
    const end = contentStart + length
    if (end > bytes.length) throw new RangeError('an element that ends beyond its container')
    elements.push({ tag, content: bytes.subarray(contentStart, end) })
    start = end
  }
  return elements
}

const SHORT_FORM_MOST = 0x7f
/** 16 MiB: more than any certificate. */
const MOST_LENGTH_OCTETS = 3

function lengthAt(bytes: Uint8Array, at: number): { readonly length: number; readonly contentStart: number } {
  const first = octetAt(bytes, at)
  if (first <= SHORT_FORM_MOST) return { length: first, contentStart: at + 1 }
  const octets = first & 0x7f
  if (octets === 0 || octets > MOST_LENGTH_OCTETS)
    throw new RangeError('a length that is indefinite or beyond all sense')
  let length = 0
  for (let index = 1; index <= octets; index++) length = length * 256 + octetAt(bytes, at + index)
  if (length <= SHORT_FORM_MOST || length < 256 ** (octets - 1))
    throw new RangeError('a length that is not the shortest')
  return { length, contentStart: at + 1 + octets }
}

function octetAt(bytes: Uint8Array, at: number): number {
  const octet = bytes[at]
  if (octet === undefined) throw new RangeError('an element that breaks off')
  return octet
}
