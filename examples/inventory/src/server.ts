import {
  bearer,
  createVerifier,
  type HmacKeySource,
  hmac,
  memoryReplayStore,
  mutualTls,
  type Policy,
  type ReplayStore,
  type VerificationKeySource,
  type Verifier,
} from '@countersign/core'
import { countersign } from '@countersign/fastify'
import {
  Front,
  followTls,
  type HttpLimits,
  healthReport,
  httpLimits,
  type LiveIdentity,
  mutualTlsOptions,
  type Service,
  warmUp,
} from '@countersign-example/kit'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { type Logger, pino } from 'pino'
import { CERTIFICATES } from './callers.js'

export interface InventoryOptions {
  readonly port: number
  readonly host?: string
  /** The keys of those who call, and their roles: `stock:read`, `stock:reserve`, `stock:deliver`, `gateway`. */
  readonly callers: HmacKeySource
  /** Where nonces are remembered. Default: in this process, which is enough as long as there is one. */
  readonly replay?: ReplayStore
  /** Told of the verifier before a request comes: metrics are made of it. */
  readonly observe?: (verifier: Verifier) => void
  /** Users, through the gateway: `iss` of their tokens, and where the public keys come from. Absent: services only. */
  readonly users?: { readonly issuer: string; readonly tokenKeys: VerificationKeySource }
  readonly log?: Logger
  /** How long a client may take. */
  readonly limits?: HttpLimits
  /** Serve over mutual TLS, with this certificate. Absent: http. */
  readonly identity?: LiveIdentity | undefined
}

/** Orders for itself, or the gateway on behalf of a user. */
const READ_STOCK: Policy = {
  anyOf: [
    { scheme: 'hmac', anyRole: ['stock:read'] },
    { scheme: 'bearer', actor: { anyRole: ['gateway'] } },
  ],
}

/**
 * Starts inventory: services, and users who look at the stock through the gateway.
 *
 * @throws {Error} an option that Countersign refuses, a port that is taken
 */
export async function startInventory(options: InventoryOptions): Promise<Service> {
  const { users, identity, log = pino({ name: 'inventory' }), limits = httpLimits({}) } = options

  const verifier = createVerifier({
    audience: 'inventory',
    schemes: [
      ...(users === undefined
        ? []
        : [bearer({ issuers: [{ issuer: users.issuer, algorithms: ['ES256'], keys: users.tokenKeys }] })]),
      hmac({ keys: options.callers, replay: options.replay ?? memoryReplayStore() }),
      ...(identity === undefined ? [] : [mutualTls({ identity: 'spiffe', clients: CERTIFICATES })]),
    ],
    audit: log,
  })

  const stock = new Map([
    ['tea', 1000],
    ['coffee', 500],
  ])
  const app = emptyServer(log, limits, identity)
  const front = new Front(app.server, log)
  await app.register(countersign, { verifier })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(body.toString())))
  })

  app.get('/health', { config: { auth: 'public' } }, async (_request, reply) => {
    const { status, body } = await healthReport(verifier, front)
    return reply.code(status).send(body)
  })

  app.get('/stock', { config: { auth: users === undefined ? { anyRole: ['stock:read'] } : READ_STOCK } }, () =>
    Object.fromEntries(stock),
  )

  app.post<{ Body: Movement }>(
    '/reservations',
    { config: { auth: { anyRole: ['stock:reserve'] } }, schema: { body: MOVEMENT_SCHEMA } },
    (request, reply) => {
      const { item, quantity } = request.body
      const left = (stock.get(item) ?? 0) - quantity
      if (left < 0) return reply.code(409).send({ error: 'not that many in stock' })
      stock.set(item, left)
      return reply.code(201).send({ item, quantity, left, for: request.auth.principal.id })
    },
  )

  app.post<{ Body: Movement }>(
    '/deliveries',
    { config: { auth: { anyRole: ['stock:deliver'] } }, schema: { body: MOVEMENT_SCHEMA } },
    (request, reply) => {
      const { item, quantity } = request.body
      const total = (stock.get(item) ?? 0) + quantity
      stock.set(item, total)
      return reply.code(201).send({ item, quantity, total, from: request.auth.principal.id })
    },
  )

  options.observe?.(verifier)
  await warmUp(verifier)
  const url = await app.listen({ port: options.port, host: options.host ?? '127.0.0.1' })
  return {
    url,
    leave: front.leave,
    async close() {
      await front.close(() => app.close())
      await verifier.close()
    },
  }
}

function emptyServer(log: Logger, limits: HttpLimits, identity: LiveIdentity | undefined): FastifyInstance {
  const common = { loggerInstance: log as FastifyBaseLogger, requestTimeout: limits.requestTimeout }
  if (identity === undefined) return Fastify({ ...common, http: limits })
  const app = Fastify({ ...common, https: mutualTlsOptions(identity, limits) })
  followTls(app.server, identity, log)
  // A server of https is one of http, to whom it serves.
  return app as unknown as FastifyInstance
}

interface Movement {
  readonly item: string
  readonly quantity: number
}

const MOVEMENT_SCHEMA = {
  type: 'object',
  required: ['item', 'quantity'],
  properties: {
    item: { type: 'string', enum: ['tea', 'coffee'] },
    quantity: { type: 'integer', minimum: 1, maximum: 10_000 },
  },
}
