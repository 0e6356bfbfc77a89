import { describe, expect, it } from 'vitest'
import { FailedError } from '../../src/errors.js'
import { parseRawRequest } from '../../src/request/raw-request.js'

const parse = (text: string) => parseRawRequest(Buffer.from(text, 'latin1'))

describe('a captured request', () => {
  it('is read as it travelled', () => {
    expect(parse('POST /a?b=%20 HTTP/1.1\r\nHost: x\r\nX-Two:  a \r\nx-two:\r\nContent-Length: 3\r\n\r\nabc')).toEqual({
      method: 'POST',
      target: '/a?b=%20',
      rawHeaders: ['Host', 'x', 'X-Two', 'a', 'x-two', '', 'Content-Length', '3'],
      body: Buffer.from('abc'),
      notes: [],
    })
  })

  it('may have line feeds alone, as an editor leaves them', () => {
    expect(parse('GET / HTTP/1.1\nHost: x\n\n')).toMatchObject({
      rawHeaders: ['Host', 'x'],
      body: Buffer.alloc(0),
      notes: [],
    })
  })

  it('keeps every byte of its body', () => {
    const body = Buffer.from([0, 255, 13, 10, 13, 10, 10, 10])
    const head = Buffer.from('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n')
    expect(parseRawRequest(Buffer.concat([head, body])).body).toEqual(body)
  })

  it('takes all that follows for its body where nothing says how long it is, and says so', () => {
    expect(parse('POST / HTTP/1.1\nHost: x\n\nabc\n')).toMatchObject({
      body: Buffer.from('abc\n'),
      notes: ['There is no Content-Length: the 4 bytes after the empty line are the body.'],
    })
  })

  it('takes what Content-Length counts, and says what is left', () => {
    expect(parse('POST / HTTP/1.1\nContent-Length: 3\n\nabc\n')).toMatchObject({
      body: Buffer.from('abc'),
      notes: ['Content-Length leaves out the last 1 byte of the message.'],
    })
  })

  it('puts chunks together', () => {
    const { body } = parse(
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n\r\n12345678\r\n0\r\nX: y\r\n\r\n',
    )
    expect(body.toString()).toBe('abc\r\n12345678')
  })

  it('may end after its headers, which is told', () => {
    expect(parse('GET / HTTP/1.1\nHost: x\n')).toMatchObject({
      rawHeaders: ['Host', 'x'],
      notes: [expect.stringContaining('no empty line')],
    })
  })

  it.each([
    ['nothing', ''],
    ['something else', 'hunter2\n\n'],
    ['a target with a space', 'GET /a b HTTP/1.1\n\n'],
    ['another version', 'GET / HTTP/2\n\n'],
    ['a line that is no header', 'GET / HTTP/1.1\nHost: x\nhunter2\n\n'],
    ['a header with a space before its colon', 'GET / HTTP/1.1\nHost : x\n\n'],
    ['a body that is too short', 'POST / HTTP/1.1\nContent-Length: 9\n\nhunter2'],
    ['a length that is none', 'POST / HTTP/1.1\nContent-Length: +7\n\nhunter2'],
    ['broken chunks', 'POST / HTTP/1.1\nTransfer-Encoding: chunked\n\nhunter2'],
    ['chunks that end early', 'POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n99\nhunter2'],
  ])('is none with %s, and nothing of it is repeated', (_, text) => {
    expect(() => parse(text)).toThrow(FailedError)
    expect(() => parse(text)).not.toThrow(/hunter2/)
  })
})
