import { type DerElement, derElements } from './der.js'

/** What a certificate says of its holder in extensions (RFC 5280 section 4.2.1). */
export interface CertificateNames {
  /** dNSName of the Subject Alternative Name, as written. */
  readonly dnsNames: readonly string[]
  /** uniformResourceIdentifier of the Subject Alternative Name, as written. */
  readonly uris: readonly string[]
  /** keyCertSign or cRLSign: a key that vouches for others. */
  readonly isForSigningOthers: boolean
}

const SEQUENCE = 0x30
const OBJECT_IDENTIFIER = 0x06
const BOOLEAN = 0x01
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const EXTENSIONS = 0xa3
const DNS_NAME = 0x82
const URI = 0x86
/** Every choice of GeneralName (RFC 5280 section 4.2.1.6). */
const GENERAL_NAMES: readonly number[] = [0xa0, 0x81, DNS_NAME, 0xa3, 0xa4, 0xa5, URI, 0x87, 0x88]

const KEY_USAGE = '551d0f'
const SUBJECT_ALT_NAME = '551d11'
/** keyCertSign and cRLSign in the first octet of the bits (RFC 5280 section 4.2.1.3). */
const SIGNING_OTHERS = 0b0000_0110

/**
 * Reads the names out of the bytes that were signed. Not out of Node's `subjectAltName`: that is one text of all names, in which names
 * have been made to look like two (CVE-2021-44532).
 *
 * @param raw - one certificate in DER
 * @throws {RangeError} bytes that are no certificate, or a certificate that is not one as RFC 5280 has it: an extension twice, a name with
 *   anything but visible ASCII in it
 * Does NOT verify anything.
 */
export function readNames(raw: Uint8Array): CertificateNames {
  const [certificate] = inOrder(derElements(raw), [SEQUENCE])
  const [signed] = inOrder(derElements(certificate), [SEQUENCE, SEQUENCE, BIT_STRING])
  const extensions = readExtensions(signed)
  const names = generalNames(extensions.get(SUBJECT_ALT_NAME))
  return {
    dnsNames: names.filter(({ tag }) => tag === DNS_NAME).map(textOf),
    uris: names.filter(({ tag }) => tag === URI).map(textOf),
    isForSigningOthers: signsOthers(extensions.get(KEY_USAGE)),
  }
}

/** By the hexadecimal digits of their object identifier. */
function readExtensions(signed: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  const [wrapped, ...others] = derElements(signed).filter(({ tag }) => tag === EXTENSIONS)
  if (others.length > 0) throw new RangeError('extensions twice')
  if (wrapped === undefined) return found
  const [list] = inOrder(derElements(wrapped.content), [SEQUENCE])
  for (const extension of derElements(list)) {
    const [id, value] = readExtension(extension)
    if (found.has(id)) throw new RangeError('an extension twice')
    found.set(id, value)
  }
  return found
}

function readExtension({ tag, content }: DerElement): readonly [id: string, value: Uint8Array] {
  if (tag !== SEQUENCE) throw new RangeError('an extension that is none')
  // `critical`, where it stands, is for those who do not know the extension.
  const parts = derElements(content).filter((part, index) => index !== 1 || part.tag !== BOOLEAN)
  const [id, value] = inOrder(parts, [OBJECT_IDENTIFIER, OCTET_STRING])
  return [Buffer.from(id).toString('hex'), value]
}

function generalNames(value: Uint8Array | undefined): readonly DerElement[] {
  if (value === undefined) return []
  const [list] = inOrder(derElements(value), [SEQUENCE])
  const names = derElements(list)
  if (names.length === 0 || !names.every(({ tag }) => GENERAL_NAMES.includes(tag)))
    throw new RangeError('a subject alternative name that is none')
  return names
}

function signsOthers(value: Uint8Array | undefined): boolean {
  if (value === undefined) return false
  const [bits] = inOrder(derElements(value), [BIT_STRING])
  return ((bits[1] ?? 0) & SIGNING_OTHERS) !== 0
}

const VISIBLE_ASCII = /^[\x21-\x7e]+$/

function textOf({ content }: DerElement): string {
  const text = Buffer.from(content).toString('latin1')
  if (!VISIBLE_ASCII.test(text)) throw new RangeError('a name with other than visible ASCII in it')
  return text
}

/** The contents of elements that have these tags, and of no others. */
function inOrder<const T extends readonly number[]>(
  elements: readonly DerElement[],
  tags: T,
): { readonly [K in keyof T]: Uint8Array } {
  if (elements.length !== tags.length || !elements.every(({ tag }, index) => tag === tags[index]))
    throw new RangeError('other elements than belong there')
  // One for each tag, as was just seen.
  return elements.map(({ content }) => content) as { readonly [K in keyof T]: Uint8Array }
}
