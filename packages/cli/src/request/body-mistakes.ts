import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'

/** Another body that the client may have meant, and what then went wrong. */
export interface OtherBody {
  readonly body: Buffer
  readonly told: string
}

const MOST_DECODED_BYTES = 16 * 1024 * 1024

/** The bodies that are often signed in place of the one that travelled. */
export function otherBodies(body: Buffer): readonly OtherBody[] {
  const text = body.toString()
  const others: OtherBody[] = []
  const add = (other: string | Buffer, told: string) => {
    const bytes = Buffer.from(other)
    if (!bytes.equals(body)) others.push({ body: bytes, told })
  }
  add('', 'The client signed an empty body, and one was sent.')
  add(
    text.replace(/\r?\n$/, ''),
    'The body has a line end that was not signed: added by an editor, by echo, or by curl --data from a file.',
  )
  add(`${text}\n`, 'The client signed a line feed at the end of the body that was not sent.')
  add(text.replaceAll('\r\n', '\n'), 'The client signed line feeds, and CR LF was sent.')
  add(text.replaceAll(/\r?\n/g, '\r\n'), 'The client signed CR LF, and line feeds were sent.')
  add(
    text.replaceAll(/\r?\n/g, ''),
    'Line ends were added or not signed: curl --data takes them out, --data-binary does not.',
  )
  for (const [spelling, told] of jsonSpellings(text)) add(spelling, told)
  for (const decoded of decodings(body))
    add(decoded, 'The client signed the body before it was compressed. Sign the bytes that travel.')
  return others
}

const PARSED =
  'The client signed the JSON value in another spelling than it sent (parsed and written again). Sign the very bytes that are sent.'

function jsonSpellings(text: string): [string, string][] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return []
  }
  const compact = JSON.stringify(value)
  return [
    [compact, PARSED],
    [`${compact}\n`, PARSED],
    [JSON.stringify(value, null, 2), PARSED],
    [JSON.stringify(value, null, 4), PARSED],
    [spaced(value), PARSED],
    [ascii(spaced(value)), PARSED],
    [ascii(compact), PARSED],
    [JSON.stringify(sorted(value)), PARSED],
    [spaced(sorted(value)), PARSED],
    [JSON.stringify(compact), 'The client signed the JSON text as a JSON string: it was written twice.'],
    ...(typeof value === 'string'
      ? [[value, 'The body is a JSON text inside a JSON string: it was written twice.'] satisfies [string, string]]
      : []),
  ]
}

/** As Python's json.dumps writes it. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}: ${spaced(member)}`)
    .join(', ')}}`
}

function ascii(text: string): string {
  return text.replace(/[^\u0020-\u007e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  )
}

function decodings(body: Buffer): Buffer[] {
  return [gunzipSync, inflateSync, brotliDecompressSync].flatMap((decode) => {
    try {
      return [decode(body, { maxOutputLength: MOST_DECODED_BYTES })]
    } catch {
      return []
    }
  })
}
