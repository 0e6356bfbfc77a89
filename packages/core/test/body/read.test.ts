import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server, type Http2ServerRequest } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { BodyAlreadyReadError, BodyError, discardBody, readBody } from '../../src/body/read.js'
import {
  chunk,
  chunkedHead,
  deferred,
  describe as describeError,
  inChunks,
  LAST_CHUNK,
  later,
  serve,
  until,
  Wire,
  withLength,
} from './wire.js'

const MIB = 1024 * 1024
const OPTIONS = { limitBytes: 4 * MIB, timeoutSeconds: 10 }
const LARGE = randomBytes(3 * MIB)

const READERS: Readonly<Record<string, (message: IncomingMessage) => Promise<Buffer>>> = {
  'for await': async (message) => {
    const chunks: Buffer[] = []
    for await (const bytes of message) chunks.push(bytes)
    return Buffer.concat(chunks)
  },
  "'data' and 'end'": (message) =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      message.on('data', (bytes: Buffer) => chunks.push(bytes))
      message.on('end', () => resolve(Buffer.concat(chunks)))
      message.on('error', reject)
    }),
  'pipe to a Writable': async (message) => {
    const chunks: Buffer[] = []
    const sink = new Writable({
      write: (bytes: Buffer, _encoding, done) => {
        chunks.push(bytes)
        setImmediate(done)
      },
    })
    message.pipe(sink)
    await once(sink, 'finish')
    return Buffer.concat(chunks)
  },
  "'readable' and read()": (message) =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      message.on('readable', () => {
        for (let bytes = message.read(1000) ?? message.read(); bytes !== null; bytes = message.read())
          chunks.push(bytes)
      })
      message.on('end', () => resolve(Buffer.concat(chunks)))
      message.on('error', reject)
    }),
}

const BODIES: Readonly<Record<string, Buffer>> = {
  'one byte': Buffer.from('x'),
  'a short JSON text': Buffer.from('{"amount":1}'),
  'text that is not valid UTF-8': Buffer.from([0xff, 0xfe, 0x00, 0x80]),
  'gzip bytes': gzipSync('{"amount":1}'),
  '3 MB': LARGE,
}

const FRAMINGS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  'with Content-Length': (body) => withLength(body),
  'in one chunk': (body) => inChunks(body, body.length),
  'in chunks of 7001 bytes': (body) => inChunks(body, 7001),
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Everything that listens to a message, so that "before" and "after" can be compared. */
const listeners = (message: IncomingMessage) =>
  Object.fromEntries(message.eventNames().map((name) => [String(name), message.listenerCount(name)]))

describe('readBody returns the bytes on the wire and leaves them for a later reader', () => {
  for (const [readerName, reader] of Object.entries(READERS)) {
    for (const [framingName, frame] of Object.entries(FRAMINGS)) {
      for (const [bodyName, body] of Object.entries(BODIES)) {
        it(`${bodyName} sent ${framingName}, then read by ${readerName}`, async () => {
          const port = await serve(async (message) => {
            const first = await readBody(message, OPTIONS)
            await later()
            const second = await reader(message)
            return `${sha256(first)} ${sha256(second)}`
          })
          const answer = await new Wire(port).write(frame(body)).answer()
          expect(answer.body.toString()).toBe(`${sha256(body)} ${sha256(body)}`)
        })
      }
    }

    it(`an empty chunked body, whose end is left for ${readerName}`, async () => {
      const port = await serve(async (message) => {
        const first = await readBody(message, OPTIONS)
        await later()
        return `${first.length} ${(await reader(message)).length}`
      })
      const inOnePiece = await new Wire(port).write(chunkedHead(), LAST_CHUNK).answer()
      expect(inOnePiece.body.toString()).toBe('0 0')
    })

    it(`an empty chunked body, whose end comes later, is left for ${readerName}`, async () => {
      const reading = deferred()
      const port = await serve(async (message) => {
        const first = readBody(message, OPTIONS)
        await later()
        reading.resolve()
        const length = (await first).length
        await later()
        return `${length} ${(await reader(message)).length}`
      })
      const wire = new Wire(port).write(chunkedHead())
      await reading.promise
      expect((await wire.write(LAST_CHUNK).answer()).body.toString()).toBe('0 0')
    })

    it(`no body at all, and ${readerName} sees the end`, async () => {
      const port = await serve(async (message) => {
        const first = readBody(message, OPTIONS)
        await later()
        return `${Buffer.isBuffer(first)} ${(await reader(message)).length}`
      })
      const answer = await new Wire(port).write('GET / HTTP/1.1\r\nHost: a\r\n\r\n').answer()
      expect(answer.body.toString()).toBe('true 0')
    })

    it(`a body in slow chunks, then read by ${readerName}`, async () => {
      let received = () => 0
      const port = await serve(async (message) => {
        received = () => message.socket.bytesRead
        const first = await readBody(message, OPTIONS)
        await later()
        return `${first} ${await reader(message)}`
      })
      const wire = new Wire(port)
      let sent = 0
      for (const part of [chunkedHead(), chunk('one'), chunk(','), '3\r\ntw', 'o\r\n', LAST_CHUNK]) {
        wire.write(part)
        sent += part.length
        await until(() => received() >= sent)
        await later()
      }
      expect((await wire.answer()).body.toString()).toBe('one,two one,two')
    })
  }
})

describe('readBody answers at once, without a promise', () => {
  it('where there is neither Transfer-Encoding nor Content-Length', async () => {
    const port = await serve((message) => String(Buffer.isBuffer(readBody(message, OPTIONS))))
    expect((await new Wire(port).write('POST / HTTP/1.1\r\nHost: a\r\n\r\n').answer()).body.toString()).toBe('true')
  })

  it('where Content-Length is 0', async () => {
    const port = await serve((message) => String(Buffer.isBuffer(readBody(message, OPTIONS))))
    expect((await new Wire(port).write(withLength('')).answer()).body.toString()).toBe('true')
  })

  for (const [name, request] of [
    ['with Content-Length', withLength('hello')],
    ['in chunks', inChunks('hello', 2)],
    ['that is empty and chunked', inChunks('', 1)],
  ] as const) {
    it(`where the whole body ${name} came before it was asked for`, async () => {
      const port = await serve(async (message) => {
        await until(() => message.complete)
        const first = readBody(message, OPTIONS)
        if (!Buffer.isBuffer(first)) return 'a promise'
        await later()
        const second = await READERS["'data' and 'end'"]?.(message)
        return String(second?.equals(first))
      })
      expect((await new Wire(port).write(request).answer()).body.toString()).toBe('true')
    })
  }

  it('a second time, the same bytes, where nobody else has read them', async () => {
    const port = await serve(async (message) => {
      const first = await readBody(message, OPTIONS)
      await later()
      const again = readBody(message, OPTIONS)
      await later()
      return `${first} ${again} ${await READERS['for await']?.(message)}`
    })
    expect((await new Wire(port).write(withLength('hello')).answer()).body.toString()).toBe('hello hello hello')
  })
})

describe('readBody reads a body whatever the message looks like', () => {
  const echo = async (message: IncomingMessage) => {
    const first = await readBody(message, OPTIONS)
    await later()
    return `${message.method} ${first} ${await READERS['for await']?.(message)}`
  }

  it('a GET with a body', async () => {
    const answer = await new Wire(await serve(echo)).write(withLength('hello', '/', '', 'GET')).answer()
    expect(answer.body.toString()).toBe('GET hello hello')
  })

  it('an HTTP/1.0 request', async () => {
    const answer = await new Wire(await serve(echo)).write('POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello').answer()
    expect(answer.body.toString()).toBe('POST hello hello')
  })

  it('a request that waits for 100 (Continue)', async () => {
    const wire = new Wire(await serve(echo)).write(
      'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    )
    const [interim] = await once(wire.socket, 'data')
    expect(interim.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    expect((await wire.write('hello').answer()).body.toString()).toBe('POST hello hello')
  })

  it('a chunked body with trailers, which stay readable', async () => {
    const port = await serve(async (message) => `${await echo(message)} ${message.trailers['x-sum']}`)
    const answer = await new Wire(port).write(chunkedHead(), chunk('hello'), '0\r\nx-sum: 5\r\n\r\n').answer()
    expect(answer.body.toString()).toBe('POST hello hello 5')
  })

  it('two requests that follow each other on one connection', async () => {
    const wire = new Wire(await serve(echo))
    expect((await wire.write(withLength('one')).answer()).body.toString()).toBe('POST one one')
    expect((await wire.write(inChunks('two', 1)).answer()).body.toString()).toBe('POST two two')
  })

  it('requests that are pipelined in one piece', async () => {
    const wire = new Wire(await serve(echo)).write(
      withLength('one'),
      inChunks('two', 1),
      inChunks('', 1),
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      withLength('three'),
    )
    const answers: string[] = []
    for (let count = 0; count < 5; count += 1) answers.push((await wire.answer()).body.toString())
    expect(answers).toEqual(['POST one one', 'POST two two', 'POST  ', 'GET  ', 'POST three three'])
  })

  it('a large body that nobody reads afterwards, and the next request on the connection is intact', async () => {
    const port = await serve(async (message) => sha256(await readBody(message, OPTIONS)))
    const wire = new Wire(port)
    expect((await wire.write(withLength(LARGE)).answer()).body.toString()).toBe(sha256(LARGE))
    expect((await wire.write(inChunks(LARGE, 9000)).answer()).body.toString()).toBe(sha256(LARGE))
    expect((await wire.write(withLength('two')).answer()).body.toString()).toBe(sha256(Buffer.from('two')))
  })

  it('a message that was paused by somebody before us', async () => {
    const port = await serve((message) => echo(message.pause()))
    expect((await new Wire(port).write(inChunks('hello', 2)).answer()).body.toString()).toBe('POST hello hello')
  })
})

describe('over HTTP/2, where a body needs no length to be announced,', () => {
  const start = async (handler: (message: IncomingMessage) => Promise<string>) => {
    // The compatibility API promises the members of an IncomingMessage that are used here.
    const server = createHttp2Server(async (request, response) => {
      response.end(await handler(request as Http2ServerRequest & IncomingMessage))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      client.destroy()
      server.close()
    })
    return client
  }

  it.each([
    ['a short body', 'hello'],
    ['a body of many frames', LARGE.toString('hex').slice(0, 300_000)],
    ['an empty body', ''],
  ])('readBody reads %s and puts it back', async (_name, text) => {
    const client = await start(async (message) => {
      const first = await readBody(message, OPTIONS)
      await later()
      return `${first} ${await READERS['for await']?.(message)}`
    })
    const stream = client.request({ ':method': 'POST' })
    stream.end(text)
    expect((await stream.setEncoding('utf8').toArray()).join('')).toBe(`${text} ${text}`)
  })

  it('readBody answers at once where the headers end the stream', async () => {
    const client = await start(async (message) => String(Buffer.isBuffer(readBody(message, OPTIONS))))
    const stream = client.request({ ':method': 'POST' }, { endStream: true })
    expect((await stream.setEncoding('utf8').toArray()).join('')).toBe('true')
  })

  it('readBody refuses as aborted what the client leaves unfinished', async () => {
    const outcome = deferred<string>()
    const client = await start(async (message) => {
      const reading = Promise.resolve(readBody(message, OPTIONS)).then(String, describeError)
      await until(() => message.readableDidRead)
      client.destroy()
      outcome.resolve(await reading)
      return ''
    })
    const stream = client.request({ ':method': 'POST' })
    stream.write('half')
    expect(await outcome.promise).toBe('BodyError aborted')
  })

  it('discardBody closes the stream of a client that does not end it', async () => {
    const client = await start(async (message) => {
      discardBody(message, 0.2)
      return 'refused'
    })
    const stream = client.request({ ':method': 'POST' })
    stream.on('error', () => {}).resume()
    stream.write('half')
    await new Promise((resolve) => stream.once('close', resolve))
    expect(client.closed).toBe(false)
  })
})

describe('readBody refuses a body above the limit', () => {
  const limited = async (message: IncomingMessage) => String(await readBody(message, { ...OPTIONS, limitBytes: 100 }))
  const atLimit = 'x'.repeat(100)

  it.each([
    ['with Content-Length', (body: string) => withLength(body)],
    ['in one chunk', (body: string) => inChunks(body, 1000)],
    ['in chunks of one byte', (body: string) => inChunks(body, 1)],
  ])('one byte above, and not at the limit, when sent %s', async (_name, frame) => {
    const port = await serve(limited)
    expect((await new Wire(port).write(frame(atLimit)).answer()).body.toString()).toBe(atLimit)
    expect((await new Wire(port).write(frame(`${atLimit}x`)).answer()).body.toString()).toBe('BodyError body_too_large')
  })

  it('at once, before a byte is read, where Content-Length tells', async () => {
    const port = await serve((message) => {
      expect(() => readBody(message, { ...OPTIONS, limitBytes: 100 })).toThrow(BodyError)
      return `${message.readableDidRead} ${JSON.stringify(listeners(message))}`
    })
    const wire = new Wire(port).write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n')
    expect((await wire.answer()).body.toString()).toBe('false {}')
  })

  it('as soon as the count is above it, where the body has no end', async () => {
    const port = await serve(async (message) => {
      await expect(readBody(message, { ...OPTIONS, limitBytes: 100 })).rejects.toThrow('exceeds the limit')
      const { bytesRead } = message.socket
      await later()
      return `${message.complete} ${message.socket.bytesRead - bytesRead} ${JSON.stringify(listeners(message))}`
    })
    const wire = new Wire(port).write(chunkedHead(), chunk(atLimit), chunk('x'))
    expect((await wire.answer()).body.toString()).toBe('false 0 {}')
  })

  it('where the whole body came before it was asked for', async () => {
    const port = await serve(async (message) => {
      await until(() => message.complete)
      return limited(message)
    })
    const answer = await new Wire(port).write(inChunks(`${atLimit}x`, 10)).answer()
    expect(answer.body.toString()).toBe('BodyError body_too_large')
  })
})

describe('readBody refuses a body that does not come', () => {
  it.each([
    ['before its first byte', ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n']],
    ['within Content-Length', ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n', 'half']],
    ['between chunks', [chunkedHead(), chunk('half')]],
    ['before the first chunk', [chunkedHead()]],
  ])('as aborted when the client goes away %s', async (_name, parts) => {
    const outcome = deferred<string>()
    const port = await serve(async (message) => {
      const before = listeners(message)
      const reading = Promise.resolve(readBody(message, OPTIONS)).catch(describeError)
      await until(() => message.socket.bytesRead >= parts.join('').length)
      wire.socket.resetAndDestroy()
      const result = String(await reading)
      const after = listeners(message)
      await until(() => message.closed)
      outcome.resolve(`${result} ${JSON.stringify(before)} ${JSON.stringify(after)}`)
      return ''
    })
    const wire = new Wire(port).write(...parts)
    expect(await outcome.promise).toBe('BodyError aborted {} {}')
  })

  it('as aborted when the client was gone before it was asked for', async () => {
    const outcome = deferred<string>()
    const port = await serve(async (message) => {
      wire.socket.destroy()
      await until(() => message.destroyed)
      try {
        outcome.resolve(String(await readBody(message, OPTIONS)))
      } catch (error) {
        outcome.resolve(describeError(error))
      }
      return ''
    })
    const wire = new Wire(port).write(chunkedHead(), chunk('half'))
    expect(await outcome.promise).toBe('BodyError aborted')
  })

  it('as timed out when the last byte is late, though each byte before was in time', async () => {
    const port = await serve(async (message) => {
      const before = listeners(message)
      try {
        await readBody(message, { ...OPTIONS, timeoutSeconds: 0.2 })
        return 'read'
      } catch (error) {
        expect(listeners(message)).toEqual(before)
        return describeError(error)
      }
    })
    const wire = new Wire(port).write(chunkedHead())
    const trickle = setInterval(() => wire.write(chunk('x')), 20)
    onTestFinished(() => clearInterval(trickle))
    expect((await wire.answer()).body.toString()).toBe('BodyError body_timeout')
  })
})

describe('readBody tells the developer when the body is gone', () => {
  it.each<[string, (message: IncomingMessage) => unknown]>([
    ['has read it to the end', (message) => READERS['for await']?.(message)],
    ['has begun to read it', (message) => until(() => message.read(1) !== null)],
    ['lets it flow', (message) => message.resume()],
    ['listens to its data', (message) => message.on('data', () => {})],
    ['has it decoded to text', (message) => message.setEncoding('utf8')],
    [
      'has read it after us',
      async (message) => {
        await readBody(message, OPTIONS)
        await READERS['for await']?.(message)
      },
    ],
  ])('where somebody %s', async (_name, read) => {
    const port = await serve(async (message) => {
      await read(message)
      return String(readBody(message, OPTIONS))
    })
    const answer = await new Wire(port).write(withLength('hello')).answer()
    expect(answer.body.toString()).toBe('BodyAlreadyReadError')
  })

  it('where somebody takes it away from under us', async () => {
    const port = await serve(async (message) => {
      const reading = readBody(message, OPTIONS)
      message.on('readable', () => message.read())
      return String(await reading)
    })
    const wire = new Wire(port).write(chunkedHead(), chunk('hello'))
    await later()
    expect(['BodyAlreadyReadError', 'hello']).toContain((await wire.write(LAST_CHUNK).answer()).body.toString())
  })

  it('and the message says what to do', () => {
    expect(new BodyAlreadyReadError().message).toContain('mount countersign before body parsers')
  })

  it('but not where no body was announced', async () => {
    const port = await serve(async (message) => {
      await READERS['for await']?.(message)
      return String(readBody(message, OPTIONS))
    })
    expect((await new Wire(port).write('GET / HTTP/1.1\r\nHost: a\r\n\r\n').answer()).status).toBe(200)
  })
})

describe('readBody leaves nothing behind', () => {
  it.each([
    ['with Content-Length', withLength('hello')],
    ['in chunks', inChunks('hello', 1)],
    ['empty and chunked', inChunks('', 1)],
  ])('no listener and no timer after a body %s', async (_name, request) => {
    const started = vi.spyOn(globalThis, 'setTimeout')
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    onTestFinished(() => {
      started.mockRestore()
      cleared.mockRestore()
    })
    const port = await serve(async (message) => {
      const before = listeners(message)
      await readBody(message, { ...OPTIONS, timeoutSeconds: 77 })
      expect(listeners(message)).toEqual(before)
      expect(message.readableFlowing).toBe(null)
      return 'read'
    })
    expect((await new Wire(port).write(request).answer()).body.toString()).toBe('read')
    const ours = started.mock.calls.findIndex(([, milliseconds]) => milliseconds === 77_000)
    const timer = started.mock.results[ours]?.value
    expect(timer.hasRef()).toBe(false)
    expect(cleared).toHaveBeenCalledWith(timer)
  })
})

describe('discardBody', () => {
  const refuse = (seconds: number) => async (message: IncomingMessage) => {
    const before = message.socket.listenerCount('close')
    try {
      return String(await readBody(message, { ...OPTIONS, limitBytes: 4 }))
    } catch (error) {
      discardBody(message, seconds)
      const { socket } = message
      message.once('end', () => expect(socket.listenerCount('close')).toBe(before))
      return describeError(error)
    }
  }

  it.each([
    ['with Content-Length', withLength(LARGE)],
    ['in chunks', inChunks(LARGE, 5000)],
  ])('keeps the connection of a client whose refused body %s comes to its end', async (_name, request) => {
    const wire = new Wire(await serve(refuse(5)))
    const answer = await wire.write(request).answer()
    expect(answer.body.toString()).toBe('BodyError body_too_large')
    expect(answer.head).not.toMatch(/connection: close/i)
    expect((await wire.write(withLength('four')).answer()).body.toString()).toBe('four')
  })

  it.each([
    ['Content-Length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n', () => 'x'],
    ['chunks', `${chunkedHead()}5\r\nhello\r\n`, () => chunk('x')],
  ])('closes the connection of a client that trickles for ever in %s', async (_name, head, next) => {
    const wire = new Wire(await serve(refuse(0.3))).write(head)
    expect((await wire.answer()).body.toString()).toBe('BodyError body_too_large')
    const trickle = setInterval(() => wire.write(next()), 20)
    onTestFinished(() => clearInterval(trickle))
    await wire.closed
  })

  it('closes the connection of a client that sends at full speed for ever', async () => {
    const wire = new Wire(await serve(refuse(0.3))).write(chunkedHead())
    const bytes = chunk(Buffer.alloc(65_536))
    const pump = () => {
      while (!wire.socket.destroyed && wire.socket.write(bytes));
    }
    wire.socket.on('drain', pump)
    pump()
    expect((await wire.answer()).body.toString()).toBe('BodyError body_too_large')
    await wire.closed
  })

  it('stops its clock when the client leaves after the answer', async () => {
    const started = vi.spyOn(globalThis, 'setTimeout')
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    onTestFinished(() => {
      started.mockRestore()
      cleared.mockRestore()
    })
    const wire = new Wire(await serve(refuse(77))).write(chunkedHead(), chunk('xxxxx'))
    expect((await wire.answer()).body.toString()).toBe('BodyError body_too_large')
    const timer = started.mock.results[started.mock.calls.findIndex(([, delay]) => delay === 77_000)]?.value
    expect(timer.hasRef()).toBe(false)
    wire.socket.destroy()
    await until(() => cleared.mock.calls.some(([argument]) => argument === timer))
  })

  it('does nothing to a message that is complete', async () => {
    const port = await serve(async (message) => {
      await readBody(message, OPTIONS)
      discardBody(message, 0)
      await later()
      return `${await READERS['for await']?.(message)}`
    })
    expect((await new Wire(port).write(withLength('hello')).answer()).body.toString()).toBe('hello')
  })
})
