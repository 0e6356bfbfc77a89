import {
  bearer,
  createVerifier,
  hmac,
  keyRing,
  memoryReplayStore,
  type Policy,
  type VerificationKeySource,
} from '@countersign/core'
import { countersign } from '@countersign/fastify'
import { Front, type HttpLimits, healthReport, httpLimits, type Service } from '@countersign-example/kit'
import Fastify from 'fastify'
import { type Logger, pino } from 'pino'

export interface InventoryOptions {
  readonly port: number
  readonly host?: string
  /** What orders signs with. */
  readonly ordersSecret: string
  /** What the warehouse signs with, by the older profile. */
  readonly warehouseSecret: string
  /** Users, through the gateway. Absent: services only. */
  readonly users?: {
    /** `iss` of the tokens that are taken, and where the public keys come from that they are signed with. */
    readonly issuer: string
    readonly tokenKeys: VerificationKeySource
    /** What the gateway signs with. */
    readonly gatewaySecret: string
  }
  readonly log?: Logger
  /** How long a client may take. */
  readonly limits?: HttpLimits
}

/** Orders for itself, or the gateway on behalf of a user. */
const READ_STOCK: Policy = {
  anyOf: [
    { scheme: 'hmac', anyRole: ['stock:read'] },
    { scheme: 'bearer', actor: { anyRole: ['gateway'] } },
  ],
}

/**
 * Starts inventory: services only.
 *
 * @throws {Error} an option that Countersign refuses, a port that is taken
 */
export async function startInventory(options: InventoryOptions): Promise<Service> {
  const { users, log = pino({ name: 'inventory' }), limits = httpLimits({}) } = options

  const verifier = createVerifier({
    audience: 'inventory',
    schemes: [
      ...(users === undefined
        ? []
        : [bearer({ issuers: [{ issuer: users.issuer, algorithms: ['ES256'], keys: users.tokenKeys }] })]),
      hmac({
        keys: keyRing([
          ...(users === undefined
            ? []
            : [{ id: 'gateway-1', client: 'gateway', secret: users.gatewaySecret, roles: ['gateway'] }]),
          { id: 'orders-1', client: 'orders', secret: options.ordersSecret, roles: ['stock:read', 'stock:reserve'] },
          // This profile signs neither method nor path, so the key is good for one of each, and each signature once.
          {
            id: 'warehouse-1',
            client: 'warehouse',
            secret: options.warehouseSecret,
            roles: ['stock:deliver'],
            profile: 'body-timestamp',
            methods: ['POST'],
            paths: ['/deliveries'],
            refuseRepeats: true,
          },
        ]),
        replay: memoryReplayStore(),
      }),
    ],
    audit: log,
  })

  const stock = new Map([
    ['tea', 1000],
    ['coffee', 500],
  ])
  const app = Fastify({ loggerInstance: log, http: limits, requestTimeout: limits.requestTimeout })
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

  await verifier.warmup()
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
