import { FailedError } from '../errors.js'

/** An HTTP/1.1 request message (RFC 9112 section 2.1) as it was captured. */
export interface RawRequest {
  readonly method: string
  /** The request target, byte for byte. */
  readonly target: string
  /** Name, value, name, value … */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** What was unusual about the message and read all the same. */
  readonly notes: readonly string[]
}

const REQUEST_LINE = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+) (\S+) HTTP\/1\.[01]$/
const FIELD = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*(.*?)[ \t]*$/
const NEXT = 'It starts with a line like POST /orders HTTP/1.1, then the headers, an empty line, and the body.'

/**
 * Reads a request message. Its lines may end in a line feed alone, as an editor leaves them. The body is what Content-Length counts, what the
 * chunks hold, or else all that follows the empty line.
 *
 * @throws {FailedError} it is none, or its body is shorter than it says
 */
export function parseRawRequest(message: Buffer): RawRequest {
  const { head, rest, notes } = divide(message)
  const [requestLine = '', ...fieldLines] = head.split('\n').map((line) => line.replace(/\r$/, ''))
  const match = REQUEST_LINE.exec(requestLine)
  if (match === null) throw new FailedError('The first line is no request line', NEXT)
  const rawHeaders = fieldLines.flatMap((line, index) => {
    const field = FIELD.exec(line)
    if (field === null) throw new FailedError(`Line ${index + 2} is no header`, NEXT)
    return [field[1] as string, field[2] as string]
  })
  const body = bodyOf(rest, rawHeaders, notes)
  return { method: match[1] as string, target: match[2] as string, rawHeaders, body, notes }
}

function divide(message: Buffer): { head: string; rest: Buffer; notes: string[] } {
  const notes: string[] = []
  const byCrLf = message.indexOf('\r\n\r\n')
  const byLf = message.indexOf('\n\n')
  const isCrLf = byCrLf !== -1 && (byLf === -1 || byCrLf < byLf)
  const end = isCrLf ? byCrLf : byLf
  if (end === -1) {
    notes.push('There is no empty line after the headers: the request was read as one without a body.')
    return { head: message.toString('latin1').replace(/\r?\n$/, ''), rest: Buffer.alloc(0), notes }
  }
  return { head: message.toString('latin1', 0, end), rest: message.subarray(end + (isCrLf ? 4 : 2)), notes }
}

function bodyOf(rest: Buffer, rawHeaders: readonly string[], notes: string[]): Buffer {
  if (/chunked/i.test(headerValue(rawHeaders, 'transfer-encoding') ?? '')) return unchunk(rest)
  const declared = headerValue(rawHeaders, 'content-length')
  if (declared === undefined) {
    if (rest.byteLength > 0)
      notes.push(`There is no Content-Length: the ${rest.byteLength} bytes after the empty line are the body.`)
    return rest
  }
  const length = /^[0-9]{1,15}$/.test(declared) ? Number(declared) : Number.NaN
  if (!(rest.byteLength >= length)) {
    throw new FailedError(
      `The body has ${rest.byteLength} bytes and Content-Length says otherwise`,
      'Capture the whole request, with the bytes of the body as they travelled.',
    )
  }
  const surplus = rest.byteLength - length
  if (surplus > 0)
    notes.push(`Content-Length leaves out the last ${surplus} byte${surplus === 1 ? '' : 's'} of the message.`)
  return rest.subarray(0, length)
}

/** RFC 9112 section 7.1; extensions and trailers are left out. */
function unchunk(rest: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const end = rest.indexOf('\n', at)
    const size =
      end === -1 ? undefined : /^([0-9a-f]{1,8})[ \t]*(;.*)?\r?$/i.exec(rest.toString('latin1', at, end))?.[1]
    if (size === undefined)
      throw new FailedError('The chunks of the body cannot be read', 'Capture the bytes as they travelled.')
    const length = Number.parseInt(size, 16)
    if (length === 0) return Buffer.concat(chunks)
    chunks.push(rest.subarray(end + 1, end + 1 + length))
    at = end + 1 + length
    while (rest[at] === 0x0d || rest[at] === 0x0a) at++
  }
}

function headerValue(rawHeaders: readonly string[], name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) return rawHeaders[index + 1]
  }
  return undefined
}
