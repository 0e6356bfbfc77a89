import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { keyRing } from '@countersign/core'
import { countersign as expressAuth } from '@countersign/express'
import countersign from '@countersign/fastify'
import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import express from 'express'
import fastify from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { blocksOf } from '../../../.config/readme/blocks.js'
import { Scratch } from '../../../.config/readme/scratch.js'
import { bench, billing, hmacHeaders, token } from '../../core/test/kit.js'

const FOLDER = new URL('..', import.meta.url)
const scratch = new Scratch(FOLDER)
const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
let stop: () => void

beforeAll(async () => {
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const [recipe] = blocksOf(new URL('README.md', FOLDER).pathname, 'ts').filter((block) => block.includes('tracing.ts'))
  expect(await scratch.compile([recipe ?? ''])).toBe('')
  const { traceAttempts } = await import(pathToFileURL(`${scratch.folder}/tracing.js`).href)
  stop = traceAttempts()
})

beforeEach(() => exporter.reset())

afterAll(async () => {
  stop()
  scratch.remove()
  context.disable()
  trace.disable()
  await provider.shutdown()
})

type Start = (verifier: ReturnType<typeof bench>['verifier']) => Promise<string>

const startServerSpan = (): Span => provider.getTracer('server').startSpan('GET /orders')

const onFastify: Start = async (verifier) => {
  const app = fastify()
  onTestFinished(() => app.close())
  app.addHook('onRequest', (_request, reply, done) => {
    const span = startServerSpan()
    reply.raw.once('close', () => span.end())
    context.with(trace.setSpan(context.active(), span), done)
  })
  await app.register(countersign, { verifier })
  app.get('/orders', () => 'orders')
  return app.listen({ port: 0, host: '127.0.0.1' })
}

function onExpress(mount: (app: express.Express, auth: ReturnType<typeof expressAuth>) => void): Start {
  return async (verifier) => {
    const app = express()
    app.use((_req, res, next) => {
      const span = startServerSpan()
      res.once('close', () => span.end())
      context.with(trace.setSpan(context.active(), span), next)
    })
    mount(app, expressAuth({ verifier }))
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
}

const answer: express.RequestHandler = (_req, res) => {
  res.send('orders')
}

const SERVICES: readonly [string, string, Start][] = [
  ['Fastify', 'fastify', onFastify],
  ['Express, at the route', 'express', onExpress((app, auth) => app.get('/orders', auth(), answer))],
  ['Express, before all routes', 'express', onExpress((app, auth) => app.use(auth()).get('/orders', answer))],
]

describe.each(SERVICES)('the recipe for traces on %s', (_, framework, start) => {
  /** Sends a request and waits for both its spans. */
  async function spansOf(headers: Record<string, string>, self = bench({ verifier: { audit: null } })) {
    self.now = Date.now() / 1000
    const url = await start(self.verifier)
    const { status } = await fetch(`${url}/orders`, { headers })
    const spans = await vi.waitFor(() => {
      const finished = exporter.getFinishedSpans()
      expect(finished).toHaveLength(2)
      return finished
    })
    const [verify, server] = ['countersign.verify', 'GET /orders'].map((name) =>
      spans.find((span) => span.name === name),
    )
    return { status, verify: verify as ReadableSpan, server: server as ReadableSpan }
  }
  const exp = () => Math.floor(Date.now() / 1000) + 600
  const millis = ([seconds, nanos]: readonly [number, number]) => seconds * 1000 + nanos / 1e6

  it('makes a child of the active span for a request that is allowed, as long as verifying took', async () => {
    const before = Date.now()
    const { status, verify, server } = await spansOf({ authorization: `Bearer ${token({ exp: exp() })}` })
    expect(status).toBe(200)
    expect(verify.parentSpanContext?.spanId).toBe(server.spanContext().spanId)
    expect(verify.spanContext().traceId).toBe(server.spanContext().traceId)
    expect(verify.attributes).toMatchObject({
      'countersign.outcome': 'allow',
      'countersign.scheme': 'bearer',
      'countersign.framework': framework,
      'enduser.id': 'alice',
      'http.route': '/orders',
    })
    expect(verify.attributes).not.toHaveProperty('countersign.reason')
    expect(verify.status.code).toBe(SpanStatusCode.UNSET)
    expect(millis(verify.duration)).toBeGreaterThan(0.01)
    expect(millis(verify.startTime)).toBeGreaterThan(before - 1000)
    expect(millis(verify.endTime)).toBeLessThan(Date.now() + 1)
    expect(millis(verify.endTime) - millis(verify.startTime)).toBeCloseTo(millis(verify.duration), 2)
  })

  it('says why a request is refused, and does not call that an error', async () => {
    const { status, verify, server } = await spansOf({})
    expect(status).toBe(401)
    expect(verify.parentSpanContext?.spanId).toBe(server.spanContext().spanId)
    expect(verify.attributes).toMatchObject({
      'countersign.outcome': 'deny',
      'countersign.reason': 'missing_credentials',
    })
    expect(verify.status.code).toBe(SpanStatusCode.UNSET)
  })

  it('calls it an error where the fault is ours', async () => {
    const keys = keyRing([billing({ status: 'deactivated' })])
    const self = bench({ verifier: { audit: null }, bearer: null, hmac: { keys } })
    const timestamp = Math.floor(Date.now() / 1000)
    const list = hmacHeaders({ timestamp, keyId: 'another' })
    const headers = Object.fromEntries(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? '']] : [])))
    const { status, verify } = await spansOf(headers, self)
    expect(status).toBe(503)
    expect(verify.status).toEqual({ code: SpanStatusCode.ERROR, message: 'keys_unavailable' })
  })

  it('has nothing of the credentials in it', async () => {
    const compact = token({ exp: exp() })
    const { verify } = await spansOf({ authorization: `Bearer ${compact}` })
    const said = JSON.stringify([verify.name, verify.attributes, verify.status, verify.events])
    for (const part of compact.split('.')) expect(said).not.toContain(part)
  })
})
