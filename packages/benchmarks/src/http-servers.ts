import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bearer, createVerifier, hmac, keyRing, memoryReplayStore, staticKeys, type Verifier } from '@countersign/core'
import { countersign as expressCountersign } from '@countersign/express'
import { countersign as fastifyCountersign } from '@countersign/fastify'
import fastifyJwt from '@fastify/jwt'
import express, { type Express } from 'express'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import fastify, { type FastifyInstance } from 'fastify'
import { type HttpMaterial, SHARED_SECRET_ISSUER } from './http-material.js'
import { AUDIENCE, ISSUER } from './material.js'

/** Starts a server on a free port of the loopback interface and answers its port. */
export type StartServer = (material: HttpMaterial) => Promise<number>

function verifierOf({ publicPem, tokenSecret, macSecret }: HttpMaterial): Verifier {
  return createVerifier({
    audience: AUDIENCE,
    schemes: [
      bearer({
        issuers: [
          {
            issuer: ISSUER,
            algorithms: ['RS256'],
            keys: staticKeys([{ kid: 'key-1', algorithm: 'RS256', publicKey: publicPem }]),
          },
          {
            issuer: SHARED_SECRET_ISSUER,
            algorithms: ['HS256'],
            keys: staticKeys([{ kid: 'key-1', algorithm: 'HS256', secret: Buffer.from(tokenSecret, 'hex') }]),
          },
        ],
      }),
      hmac({
        keys: keyRing([{ id: 'billing-2026-11', client: 'billing', secret: Buffer.from(macSecret, 'hex') }]),
        replay: memoryReplayStore({ maxEntries: 10_000_000 }),
      }),
    ],
    audit: null,
  })
}

/** MACs by hand know no key id, no nonce and no time: one createHmac over the body and one comparison. */
function macByHand({ macSecret }: HttpMaterial): (body: Buffer) => boolean {
  const key = createSecretKey(macSecret, 'hex')
  return (body) => {
    const mac = createHmac('sha256', key).update(body).digest()
    // The load is signed in another profile: the comparison is made, and its outcome left aside.
    return timingSafeEqual(mac, mac)
  }
}

const ANSWER = { id: '4711' }

async function startFastify(prepare: (app: FastifyInstance) => Promise<void>): Promise<number> {
  const app = fastify()
  await prepare(app)
  app.get('/orders/:id', () => ANSWER)
  app.post('/orders', () => ANSWER)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

async function startFastifyJwt({ publicPem }: HttpMaterial, cache: boolean): Promise<number> {
  return startFastify(async (app) => {
    const verify = { algorithms: ['RS256' as const], allowedIss: ISSUER, allowedAud: AUDIENCE, cache }
    await app.register(fastifyJwt, { secret: { public: publicPem }, verify })
    app.addHook('onRequest', async (request) => {
      await request.jwtVerify()
    })
  })
}

async function startExpress(prepare: (app: Express, port: number) => void): Promise<number> {
  const app = express()
  const server: Server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  prepare(app, port)
  app.get('/orders/:id', (_req, res) => void res.json(ANSWER))
  app.post('/orders', express.json(), (_req, res) => void res.json(ANSWER))
  return port
}

export const SERVERS: Readonly<Record<string, StartServer>> = {
  fastify: () => startFastify(async () => {}),
  'fastify countersign': (material) => {
    return startFastify(
      async (app) => void (await app.register(fastifyCountersign, { verifier: verifierOf(material) })),
    )
  },
  'fastify @fastify/jwt': (material) => startFastifyJwt(material, false),
  'fastify @fastify/jwt cached': (material) => startFastifyJwt(material, true),
  'fastify by hand': (material) => {
    const isSigned = macByHand(material)
    return startFastify(async (app) => {
      app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
        if (isSigned(body)) done(null, JSON.parse(body.toString()))
        else done(new Error('refused'))
      })
    })
  },
  express: () => startExpress(() => {}),
  'express countersign': (material) => {
    const auth = expressCountersign({ verifier: verifierOf(material) })
    return startExpress((app) => app.use(auth()))
  },
  'express express-jwt': ({ publicPem }) => {
    const guard = expressjwt({ secret: publicPem, algorithms: ['RS256'], issuer: ISSUER, audience: AUDIENCE })
    return startExpress((app) => app.use(guard))
  },
  'express oauth2-jwt-bearer': ({ publicJwk }) => {
    return startExpress((app, port) => {
      app.get('/jwks', (_req, res) => void res.json({ keys: [publicJwk] }))
      app.use(
        auth({
          issuer: ISSUER,
          audience: AUDIENCE,
          jwksUri: `http://127.0.0.1:${port}/jwks`,
          tokenSigningAlg: 'RS256',
        }),
      )
    })
  },
  'express by hand': (material) => {
    const isSigned = macByHand(material)
    const verify = (_req: unknown, _res: unknown, body: Buffer) => {
      if (!isSigned(body)) throw new Error('refused')
    }
    return startExpress((app) => app.use(express.json({ verify })))
  },
}
