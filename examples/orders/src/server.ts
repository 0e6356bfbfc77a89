import { once } from 'node:events'
import { createSigner, signedFetch } from '@countersign/client'
import {
  bearer,
  createVerifier,
  type HmacKeySource,
  hmac,
  memoryReplayStore,
  mutualTls,
  type Policy,
  type ReplayStore,
  type SecretInput,
  type VerificationKeySource,
  type Verifier,
} from '@countersign/core'
import { countersign } from '@countersign/express'
import {
  checkServiceUrl,
  createServiceServer,
  Front,
  fetchOver,
  type HttpLimits,
  healthReport,
  httpLimits,
  type LiveIdentity,
  type Service,
  urlOf,
  warmUp,
} from '@countersign-example/kit'
import express, { type ErrorRequestHandler } from 'express'
import { type Logger, pino } from 'pino'
import { CERTIFICATES } from './callers.js'

export interface OrdersOptions {
  readonly port: number
  readonly host?: string
  /** `iss` of the tokens that are taken, and where the public keys come from that they are signed with. */
  readonly issuer: string
  readonly tokenKeys: VerificationKeySource
  /** The keys of those who call with a signature, and their roles: `gateway`, `orders:read`. */
  readonly callers: HmacKeySource
  /** Where nonces are remembered. Default: in this process, which is enough as long as there is one. */
  readonly replay?: ReplayStore
  /** Scheme, host and port of inventory, without a slash at the end. */
  readonly inventoryUrl: string
  /** What requests to inventory are signed with. */
  readonly ordersSecret: SecretInput
  /** Told of the verifier before a request comes: metrics are made of it. */
  readonly observe?: (verifier: Verifier) => void
  readonly log?: Logger
  /** How long a client may take. */
  readonly limits?: HttpLimits
  /** Serve and call over mutual TLS, with this certificate. Absent: http. */
  readonly identity?: LiveIdentity | undefined
}

interface Order {
  readonly id: number
  readonly item: string
  readonly quantity: number
  /** Who bought, and which service said so. */
  readonly buyer: string
  readonly via: string
  refunded?: true
}

/** Money goes back only to who has just shown two factors (RFC 9470): the `acr` that the gateway writes, not older than five minutes. */
const REFUND = {
  scheme: 'bearer',
  anyRole: ['buyer'],
  actor: { anyRole: ['gateway'] },
  acr: ['urn:example:acr:two-factors'],
  maxAgeSeconds: 300,
} as const satisfies Policy

/**
 * Starts orders: users by token, services by signature, roles at the route.
 *
 * @throws {Error} an option that Countersign refuses, a port that is taken
 */
export async function startOrders(options: OrdersOptions): Promise<Service> {
  const { issuer, tokenKeys, inventoryUrl, identity, log = pino({ name: 'orders' }), limits = httpLimits({}) } = options
  checkServiceUrl('inventoryUrl', inventoryUrl, identity)

  const verifier = createVerifier({
    audience: 'orders',
    schemes: [
      bearer({ issuers: [{ issuer, algorithms: ['ES256'], keys: tokenKeys }] }),
      hmac({ keys: options.callers, replay: options.replay ?? memoryReplayStore() }),
      ...(identity === undefined ? [] : [mutualTls({ identity: 'spiffe', clients: CERTIFICATES })]),
    ],
    roleHierarchy: { admin: ['orders:read'] },
    audit: log,
  })
  const agent = identity?.agent()
  const callInventory = signedFetch({
    signer: createSigner({ keyId: 'orders-1', secret: options.ordersSecret, audience: 'inventory' }),
    ...(agent === undefined ? {} : { fetch: fetchOver(agent) }),
  })

  const orders: Order[] = []
  const auth = countersign({ verifier })
  const app = express()
  app.disable('x-powered-by')
  const server = createServiceServer(app, { limits, identity, log })
  const front = new Front(server, log)

  app.get('/health', async (_req, res) => {
    const { status, body } = await healthReport(verifier, front)
    res.status(status).json(body)
  })

  // Everything below is protected. The parser comes behind: it sees no byte that was not checked.
  app.use(auth())
  app.use(express.json())

  app.get('/orders', auth({ anyRole: ['orders:read'] }), (req, res) => {
    const { principal } = req.auth
    const own = principal.scheme === 'bearer' && !principal.roles.has('admin')
    res.json(own ? orders.filter(({ buyer }) => buyer === principal.id) : orders)
  })

  // A buyer buys through the gateway: the user is the principal, the service that signed the request the actor.
  const buyThroughGateway = auth({ scheme: 'bearer', anyRole: ['buyer'], actor: { anyRole: ['gateway'] } })
  app.post('/orders', buyThroughGateway, async (req, res) => {
    const wanted = readOrder(req.body)
    if (wanted === undefined) {
      res.status(400).json({ error: 'an order is { "item": text, "quantity": 1 to 100 }' })
      return
    }
    const { traceparent } = req.headers
    const reserved = await callInventory(`${inventoryUrl}/reservations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(typeof traceparent === 'string' ? { traceparent } : {}) },
      body: JSON.stringify(wanted),
      signal: AbortSignal.timeout(5_000),
    }).catch((error: unknown) => {
      log.error({ err: error }, 'inventory does not answer')
      return undefined
    })
    if (reserved?.status === 409) {
      res.status(409).json({ error: 'not that many in stock' })
      return
    }
    if (reserved?.status !== 201) {
      res.status(502).json({ error: 'inventory cannot be used' })
      return
    }
    const { principal, actor } = req.auth
    const order = { id: orders.length + 1, ...wanted, buyer: principal.id, via: actor?.id ?? '' }
    orders.push(order)
    res.status(201).json(order)
  })

  app.post('/orders/:id/refund', auth(REFUND), (req, res) => {
    const order = orders.find(({ id, buyer }) => String(id) === req.params['id'] && buyer === req.auth.principal.id)
    if (order === undefined) {
      res.status(404).json({ error: 'no such order' })
      return
    }
    if (order.refunded) {
      res.status(409).json({ error: 'refunded before' })
      return
    }
    order.refunded = true
    res.json(order)
  })

  const admin = auth.router()
  admin.get('/orders', { anyRole: ['admin'] }, (_req, res) => {
    res.json({ count: orders.length, orders })
  })
  app.use('/admin', admin)

  app.use((_req, res) => {
    res.status(404).json({ error: 'no such path' })
  })
  app.use(answerError(log))

  options.observe?.(verifier)
  await warmUp(verifier)
  server.listen(options.port, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  const url = urlOf(server)
  log.info({ url }, 'listening')
  return {
    url,
    leave: front.leave,
    async close() {
      await front.close(() => once(server.close(), 'close'))
      await Promise.all([verifier.close(), agent?.close()])
    },
  }
}

function readOrder(body: unknown): { readonly item: string; readonly quantity: number } | undefined {
  if (typeof body !== 'object' || body === null || !('item' in body) || !('quantity' in body)) return undefined
  const { item, quantity } = body
  if (typeof item !== 'string' || typeof quantity !== 'number') return undefined
  return Number.isInteger(quantity) && quantity >= 1 && quantity <= 100 ? { item, quantity } : undefined
}

/** Express would answer with a stack. */
function answerError(log: Logger): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (res.headersSent) {
      next(error)
      return
    }
    const status = typeof error?.status === 'number' && error.status < 500 ? error.status : 500
    if (status === 500) log.error({ err: error }, 'unexpected')
    res.status(status).json({ error: status === 500 ? 'unexpected' : 'the body cannot be read' })
  }
}
