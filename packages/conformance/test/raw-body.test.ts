import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import formbody from '@fastify/formbody'
import multipart from '@fastify/multipart'
import express5 from 'express'
import fastify, { type FastifyInstance, type InjectOptions } from 'fastify'
import multer from 'multer'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BodyError, discardBody, readBody } from '../../core/src/body/read.js'
import {
  chunk,
  chunkedHead,
  describe as describeError,
  inChunks,
  LAST_CHUNK,
  later,
  listen,
  Wire,
  withLength,
} from '../../core/test/body/wire.js'

/** The alias has no types of its own; what is used here is the same in both. */
const express4: typeof express5 = createRequire(import.meta.url)('express4')

const LIMIT_BYTES = 4 * 1024 * 1024
const OPTIONS = { limitBytes: LIMIT_BYTES, timeoutSeconds: 10 }

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Reads the body before everything else and goes on late, as a verifier does that waits for a key. */
async function readFirst(message: IncomingMessage): Promise<string> {
  const body = await readBody(message, OPTIONS)
  await later()
  return sha256(body)
}

async function streamed(message: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of message) hash.update(bytes)
  return hash.digest('hex')
}

/** Starts an application whose routes answer what their parser saw; in a guarded one the reader runs first. */
type Start = (guarded: boolean) => Promise<number>

const startExpress =
  (express: typeof express5): Start =>
  (guarded) => {
    const app = express()
    if (guarded) {
      app.use(async (request, response, next) => {
        try {
          response.setHeader('x-read', await readFirst(request))
          next()
        } catch (error) {
          next(error)
        }
      })
    }
    const seen = new WeakMap<IncomingMessage, string>()
    const verify = (request: IncomingMessage, _response: unknown, bytes: Buffer) => {
      seen.set(request, sha256(bytes))
    }
    const answer: express5.RequestHandler = (request, response) => {
      const body = Buffer.isBuffer(request.body) ? sha256(request.body) : request.body
      const files = Array.isArray(request.files) ? request.files : []
      response.json({
        body,
        files: files.map(({ buffer, originalname }) => [originalname, sha256(buffer)]),
        seen: seen.get(request),
      })
    }
    app.use('/json', express.json({ limit: LIMIT_BYTES, verify }), answer)
    app.use('/urlencoded', express.urlencoded({ extended: true, limit: LIMIT_BYTES, verify }), answer)
    app.use('/raw', express.raw({ type: () => true, limit: LIMIT_BYTES, verify }), answer)
    app.use('/text', express.text({ type: 'text/*', limit: LIMIT_BYTES, verify }), answer)
    app.use('/multipart', multer({ storage: multer.memoryStorage() }).any(), answer)
    app.use('/stream', async (request, response) => {
      response.json({ body: await streamed(request) })
    })
    app.use('/unread', answer)
    return listen(createServer(app))
  }

function fastifyApplication(guarded: boolean): FastifyInstance {
  const app = fastify({ bodyLimit: LIMIT_BYTES })
  if (guarded) {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-read', await readFirst(request.raw))
    })
  }
  app.register(formbody)
  app.register(multipart, { limits: { fileSize: LIMIT_BYTES } })
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  app.addContentTypeParser('application/x-stream', (_request, _payload, done) => done(null))
  const answer = async ({ body }: { body: unknown }) => ({ body: Buffer.isBuffer(body) ? sha256(body) : body })
  for (const url of ['/json', '/urlencoded', '/raw', '/text'])
    app.route({ method: ['GET', 'POST'], url, handler: answer })
  app.post('/stream', async (request) => ({ body: await streamed(request.raw) }))
  app.post('/unread', async () => 'unread')
  app.post('/multipart', async (request) => {
    const parts: unknown[] = []
    for await (const part of request.parts()) {
      parts.push(part.type === 'file' ? [part.filename, sha256(await part.toBuffer())] : [part.fieldname, part.value])
    }
    return { parts }
  })
  onTestFinished(() => app.close())
  return app
}

const startFastify: Start = async (guarded) => {
  const app = fastifyApplication(guarded)
  await app.ready()
  return listen(app.server)
}

const APPLICATIONS: Readonly<Record<string, Start>> = {
  'Express 5': startExpress(express5),
  'Express 4': startExpress(express4),
  'Fastify 5': startFastify,
}

interface Sent {
  readonly what: string
  readonly target: string
  readonly headers: string
  readonly body: Buffer
  readonly method?: string
  /** Fastify has no parser that undoes a content coding. */
  readonly expressOnly?: true
}

const type = (value: string) => `Content-Type: ${value}\r\n`

const FILE = randomBytes(300_000)
const FORM = Buffer.concat([
  Buffer.from('--limit\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'),
  Buffer.from('--limit\r\nContent-Disposition: form-data; name="f"; filename="f.bin"\r\n'),
  Buffer.from('Content-Type: application/octet-stream\r\n\r\n'),
  FILE,
  Buffer.from('\r\n--limit--\r\n'),
])
const LARGE_JSON = JSON.stringify({ text: randomBytes(1_000_000).toString('hex') })
const OCTETS = randomBytes(2_500_000)

const JSON_TYPE = type('application/json')
const A_FORM: Sent = {
  what: 'a multipart form',
  target: '/multipart',
  headers: type('multipart/form-data; boundary=limit'),
  body: FORM,
}
const A_BUFFER: Sent = { what: 'octets', target: '/raw', headers: type('application/octet-stream'), body: OCTETS }
const A_STREAM: Sent = { what: 'a stream', target: '/stream', headers: type('application/x-stream'), body: OCTETS }

const SENT: readonly Sent[] = [
  A_FORM,
  A_BUFFER,
  A_STREAM,
  { ...A_BUFFER, what: 'no octets', body: Buffer.alloc(0) },
  { ...A_STREAM, what: 'an empty stream', body: Buffer.alloc(0) },
  { what: 'JSON', target: '/json', headers: JSON_TYPE, body: Buffer.from('{ "amount": 1, "é": "✓" }') },
  { what: '2 MB of JSON', target: '/json', headers: JSON_TYPE, body: Buffer.from(LARGE_JSON) },
  { what: 'JSON that does not parse', target: '/json', headers: JSON_TYPE, body: Buffer.from('{ "a') },
  { what: 'an empty JSON body', target: '/json', headers: JSON_TYPE, body: Buffer.alloc(0) },
  { what: 'JSON in a GET', target: '/json', headers: JSON_TYPE, body: Buffer.from('[1]'), method: 'GET' },
  {
    what: 'JSON with gzip content coding',
    target: '/json',
    headers: `${JSON_TYPE}Content-Encoding: gzip\r\n`,
    body: gzipSync(LARGE_JSON),
    expressOnly: true,
  },
  {
    what: 'a form',
    target: '/urlencoded',
    headers: type('application/x-www-form-urlencoded'),
    body: Buffer.from('a=1&b=%C3%A9+x'),
  },
  { what: 'text', target: '/text', headers: type('text/plain'), body: Buffer.from('hellø\r\n\r\n') },
]

const FRAMINGS: Readonly<Record<string, (sent: Sent) => Buffer>> = {
  'with Content-Length': ({ body, target, headers, method }) => withLength(body, target, headers, method),
  'in chunks': ({ body, target, headers, method }) => inChunks(body, 1013, target, headers, method),
}

const comparable = ({ status, body }: { status: number; body: Buffer }) => `${status} ${body}`

for (const [name, start] of Object.entries(APPLICATIONS)) {
  describe(`${name}, with the body read first, answers as without`, () => {
    const sentHere = SENT.filter(({ expressOnly }) => !(expressOnly && name.startsWith('Fastify')))
    const cases = sentHere.flatMap((sent) =>
      Object.entries(FRAMINGS).map(([framing, frame]) => [sent.what, framing, sent, frame] as const),
    )
    it.each(cases)('%s sent %s', async (_what, _framing, sent, frame) => {
      const plain = await new Wire(await start(false)).write(frame(sent)).answer()
      const wire = new Wire(await start(true))
      const guarded = await wire.write(frame(sent)).answer()
      expect(comparable(guarded)).toBe(comparable(plain))
      expect(guarded.head).toContain(`x-read: ${sha256(sent.body)}`)
      // Fastify closes the connection after a parser's error.
      if (/^connection: close/im.test(guarded.head)) return
      const again = await wire.write(frame(sent)).answer()
      expect(comparable(again)).toBe(comparable(plain))
    })

    it('a request without a body', async () => {
      const request = 'GET /json HTTP/1.1\r\nHost: a\r\n\r\n'
      const plain = await new Wire(await start(false)).write(request).answer()
      const guarded = await new Wire(await start(true)).write(request).answer()
      expect(comparable(guarded)).toBe(comparable(plain))
    })

    it('a body that no parser reads, and the connection goes on', async () => {
      const wire = new Wire(await start(true))
      const unread = inChunks(OCTETS, 60_000, '/unread', type('application/x-stream'))
      expect((await wire.write(unread).answer()).status).toBe(200)
      expect((await wire.write(withLength('[1]', '/json', JSON_TYPE)).answer()).status).toBe(200)
    })
  })

  describe(`${name}, with the body read first, gives exactly what was sent`, () => {
    it.each(Object.entries(FRAMINGS))('to a parser, a handler that streams and a form parser, %s', async (_, frame) => {
      const wire = new Wire(await start(true))
      const buffered = await wire.write(frame(A_BUFFER)).answer()
      expect(JSON.parse(buffered.body.toString()).body).toBe(sha256(OCTETS))
      const streaming = await wire.write(frame(A_STREAM)).answer()
      expect(JSON.parse(streaming.body.toString()).body).toBe(sha256(OCTETS))
      const form = await wire.write(frame(A_FORM)).answer()
      expect(form.body.toString()).toContain(JSON.stringify(['f.bin', sha256(FILE)]))
    })
  })
}

describe('Express inflates what was read as gzip', () => {
  it.each([
    ['Express 5', express5],
    ['Express 4', express4],
  ])('on %s', async (_name, express) => {
    const body = gzipSync(LARGE_JSON)
    const wire = new Wire(await startExpress(express)(true))
    const answer = await wire.write(withLength(body, '/json', `${JSON_TYPE}Content-Encoding: gzip\r\n`)).answer()
    expect(answer.head).toContain(`x-read: ${sha256(body)}`)
    expect(JSON.parse(answer.body.toString()).body).toEqual(JSON.parse(LARGE_JSON))
  })
})

describe('Fastify inject(), with the body read first, answers as without', () => {
  const headers = { 'content-type': 'application/json' }
  const chunked = { ...headers, 'transfer-encoding': 'chunked' }
  const stream = (...parts: string[]) => ({
    payload: Readable.from(parts.map((part) => Buffer.from(part))),
    headers: chunked,
  })
  /** A payload that has all its bytes and its end before anybody asks. */
  const ready = (text: string) => {
    const payload = new Readable({ read: () => {} })
    payload.push(text)
    payload.push(null)
    return { payload, headers: chunked }
  }
  const split = { end: true, split: true, error: false, close: false }

  it.each<[string, string, () => InjectOptions]>([
    ['an object', '{"amount":1}', () => ({ payload: { amount: 1 } })],
    ['a string', '[1]', () => ({ payload: '[1]', headers })],
    ['2 MB', LARGE_JSON, () => ({ payload: LARGE_JSON, headers })],
    ['a string in two pieces', '[1]', () => ({ payload: '[1]', headers, simulate: split })],
    ['a string said to be chunked', '[1]', () => ({ payload: '[1]', headers: chunked })],
    [
      'a string said to be chunked, in two pieces',
      '[1]',
      () => ({ payload: '[1]', headers: chunked, simulate: split }),
    ],
    ['nothing', '', () => ({})],
    ['nothing, said to be chunked', '', () => ({ headers: chunked })],
    ['an empty string', '', () => ({ payload: '', headers })],
    ['a stream', '[1,2]', () => stream('[1', ',', '2]')],
    ['a stream of one piece', '[1]', () => stream('[1]')],
    ['a stream that has ended', '[1]', () => ready('[1]')],
    ['a stream that is empty', '', () => stream()],
    ['a stream of 2 MB', LARGE_JSON, () => stream(...(LARGE_JSON.match(/.{1,50000}/g) ?? []))],
  ])('%s', async (_name, body, options) => {
    const inject = (guarded: boolean) =>
      fastifyApplication(guarded).inject({ method: 'POST', url: '/json', ...options() })
    const plain = await inject(false)
    const guarded = await inject(true)
    expect(`${guarded.statusCode} ${guarded.payload}`).toBe(`${plain.statusCode} ${plain.payload}`)
    expect(guarded.headers['x-read']).toBe(sha256(Buffer.from(body)))
  })

  it('a FormData', async () => {
    const form = new FormData()
    form.set('note', 'hello')
    form.set('f', new Blob([FILE]), 'f.bin')
    const answer = await fastifyApplication(true).inject({ method: 'POST', url: '/multipart', payload: form })
    expect(answer.json().parts).toEqual([
      ['note', 'hello'],
      ['f.bin', sha256(FILE)],
    ])
  })

  it('a handler that streams', async () => {
    const options = { payload: OCTETS, headers: { 'content-type': 'application/x-stream' } }
    const answer = await fastifyApplication(true).inject({ method: 'POST', url: '/stream', ...options })
    expect(answer.json().body).toBe(sha256(OCTETS))
  })

  it.each([
    ['longer than what comes', '9'],
    ['shorter than what comes', '2'],
    ['not a number', 'x'],
  ])('but refuses a Content-Length that is %s', async (_name, length) => {
    const options = { payload: '[1]', headers: { ...headers, 'content-length': length } }
    const answer = await fastifyApplication(true).inject({ method: 'POST', url: '/json', ...options })
    expect(answer.json().message).toBe(new BodyError('aborted').message)
  })

  it.each([
    ['closes', { end: false, split: false, error: false, close: true }],
    ['fails', { end: false, split: false, error: true, close: false }],
  ])('but refuses a simulated connection that %s', async (_name, simulate) => {
    const answer = await fastifyApplication(true).inject({ method: 'POST', url: '/json', headers: chunked, simulate })
    expect(answer.json().message).toBe(new BodyError('aborted').message)
  })
})

describe('the rest of a refused body', () => {
  const DISCARD_SECONDS = 0.3
  const read = async (message: IncomingMessage) => {
    try {
      return String(await readBody(message, { ...OPTIONS, limitBytes: 4 }))
    } catch (error) {
      discardBody(message, DISCARD_SECONDS)
      return describeError(error)
    }
  }
  const refusingExpress = (express: typeof express5) => () => {
    const app = express()
    app.use(async (request, response) => {
      response.send(await read(request))
    })
    return listen(createServer(app))
  }
  const refusingFastify = async () => {
    const app = fastify()
    app.addHook('onRequest', async (request, reply) => reply.send(await read(request.raw)))
    app.post('/', async () => 'not reached')
    onTestFinished(() => app.close())
    await app.ready()
    return listen(app.server)
  }

  describe.each([
    ['Express 5', refusingExpress(express5)],
    ['Express 4', refusingExpress(express4)],
    ['Fastify 5', refusingFastify],
  ])('on %s', (_name, start) => {
    it('leaves its connection to a client that sends it', async () => {
      const wire = new Wire(await start())
      for (const request of [inChunks(FILE, 1000), withLength(FILE)]) {
        const answer = await wire.write(request).answer()
        expect(answer.body.toString()).toBe('BodyError body_too_large')
        expect(answer.head).not.toMatch(/connection: close/i)
      }
      expect((await wire.write(withLength('four')).answer()).body.toString()).toBe('four')
    })

    it('leaves its connection, past the deadline, to a client that has sent it in time', async () => {
      const wire = new Wire(await start()).write(chunkedHead(), chunk('xxxxx'))
      expect((await wire.answer()).body.toString()).toBe('BodyError body_too_large')
      wire.write(LAST_CHUNK)
      await new Promise((resolve) => setTimeout(resolve, DISCARD_SECONDS * 1000 + 100))
      expect((await wire.write(withLength('four')).answer()).body.toString()).toBe('four')
    })

    it.each([
      ['chunks', chunkedHead(), () => chunk('xxxxx')],
      ['Content-Length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n', () => 'x'],
    ])('takes its connection from a client that trickles for ever in %s', async (_framing, head, next) => {
      const wire = new Wire(await start()).write(head)
      const trickle = setInterval(() => wire.write(next()), 20)
      onTestFinished(() => clearInterval(trickle))
      expect((await wire.answer()).body.toString()).toBe('BodyError body_too_large')
      await wire.closed
    })

    it('takes its connection from a client that sends at full speed for ever', async () => {
      const wire = new Wire(await start()).write(chunkedHead())
      const bytes = chunk(Buffer.alloc(65_536))
      const pump = () => {
        while (!wire.socket.destroyed && wire.socket.write(bytes));
      }
      wire.socket.on('drain', pump)
      pump()
      expect((await wire.answer()).body.toString()).toBe('BodyError body_too_large')
      await wire.closed
    })
  })
})
