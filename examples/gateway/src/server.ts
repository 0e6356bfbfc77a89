import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto'
import { createSigner, signedFetch } from '@countersign/client'
import {
  bearer,
  createVerifier,
  type Jwk,
  jwkThumbprint,
  type SecretInput,
  staticJwks,
  type Verifier,
} from '@countersign/core'
import { countersign } from '@countersign/fastify'
import { Front, type HttpLimits, healthReport, httpLimits, type Service } from '@countersign-example/kit'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import jwt from 'jsonwebtoken'
import { type Logger, pino } from 'pino'

export interface GatewayOptions {
  readonly port: number
  readonly host?: string
  /** `iss` of the tokens that are given out. */
  readonly issuer: string
  /** What tokens are signed with: a private key on P-256, for ES256. */
  readonly tokenKey: KeyObject
  /** Scheme, host and port of orders, without a slash at the end. */
  readonly ordersUrl: string
  /** What requests to orders are signed with. */
  readonly gatewaySecret: SecretInput
  /** Told of the verifier before a request comes: metrics are made of it. */
  readonly observe?: (verifier: Verifier) => void
  readonly log?: Logger
  /** How long a client may take. */
  readonly limits?: HttpLimits
}

/** Who may ask for a token, and with which roles. A real issuer asks for a password, or better. */
const DEMO_USERS: Readonly<Record<string, readonly string[]>> = {
  ada: ['buyer', 'orders:read'],
  rob: ['orders:read'],
  root: ['admin'],
}
const TOKEN_SECONDS = 300
const FORWARDED_HEADERS = ['authorization', 'content-type', 'content-encoding', 'traceparent']

/**
 * Starts the gateway: the one that users talk to.
 *
 * @throws {Error} a key of another kind, an option that Countersign refuses, a port that is taken
 */
export async function startGateway(options: GatewayOptions): Promise<Service> {
  const { issuer, tokenKey, ordersUrl, log = pino({ name: 'gateway' }), limits = httpLimits({}) } = options
  const jwks = publicJwks(tokenKey)

  const verifier = createVerifier({
    audience: 'gateway',
    schemes: [bearer({ issuers: [{ issuer, algorithms: ['ES256'], keys: staticJwks(jwks) }] })],
    audit: log,
  })
  const callOrders = signedFetch({
    signer: createSigner({ keyId: 'gateway-1', secret: options.gatewaySecret, audience: 'orders' }),
  })

  const app = Fastify({ loggerInstance: log, http: limits, requestTimeout: limits.requestTimeout })
  const front = new Front(app.server, log)
  await app.register(countersign, { verifier })

  app.get('/health', { config: { auth: 'public' } }, async (_request, reply) => {
    const { status, body } = await healthReport(verifier, front)
    return reply.code(status).send(body)
  })

  app.get('/.well-known/jwks.json', { config: { auth: 'public' } }, () => jwks)

  app.post<{ Body: { user: string } }>(
    '/token',
    { config: { auth: 'public' }, schema: { body: USER_SCHEMA } },
    (request, reply) => {
      const { user } = request.body
      const roles = Object.hasOwn(DEMO_USERS, user) ? DEMO_USERS[user] : undefined
      if (roles === undefined) return reply.code(404).send({ error: 'no such demo user: ada, rob or root' })
      const token = jwt.sign({ roles }, tokenKey, {
        algorithm: 'ES256',
        keyid: jwks.keys[0].kid,
        issuer,
        subject: user,
        audience: ['gateway', 'orders'],
        expiresIn: TOKEN_SECONDS,
        jwtid: randomUUID(),
      })
      return reply.send({ access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS })
    },
  )

  // Whoever is verified gets through; orders decides about roles. Bodies pass as the bytes they are.
  await app.register(async (proxy) => {
    proxy.removeAllContentTypeParsers()
    proxy.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

    const forward = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const url = new URL(ordersUrl + request.url)
      // `/orders/../admin` must not become another path on the way.
      if (url.pathname + url.search !== request.url) return reply.code(404).send({ error: 'no such path' })
      const headers = new Headers()
      for (const name of FORWARDED_HEADERS) {
        const value = request.headers[name]
        if (typeof value === 'string') headers.set(name, value)
      }
      const answer = await callOrders(url, {
        method: request.method,
        headers,
        body: request.body instanceof Buffer ? new Uint8Array(request.body) : null,
        signal: AbortSignal.timeout(10_000),
      }).catch((error: unknown) => {
        request.log.error({ err: error }, 'orders does not answer')
        return undefined
      })
      // The user's token was good here, so a 401 from orders is a matter between the two services.
      if (answer === undefined || answer.status === 401) return reply.code(502).send({ error: 'orders cannot be used' })
      return reply
        .code(answer.status)
        .type(answer.headers.get('content-type') ?? 'application/octet-stream')
        .send(Buffer.from(await answer.arrayBuffer()))
    }

    proxy.get('/orders', forward)
    proxy.post('/orders', forward)
    proxy.get('/orders/*', forward)
  })

  options.observe?.(verifier)
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

const USER_SCHEMA = {
  type: 'object',
  required: ['user'],
  properties: { user: { type: 'string', maxLength: 64 } },
}

/** The public half of a token key as a JWK Set; `kid` is its thumbprint (RFC 7638), so that a new key has a new name. */
export function publicJwks(tokenKey: KeyObject): { readonly keys: readonly [Jwk & { readonly kid: string }] } {
  const { kty = '', crv, x, y } = createPublicKey(tokenKey).export({ format: 'jwk' })
  const kid = jwkThumbprint({ kty, crv, x, y })
  return { keys: [{ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }] }
}
