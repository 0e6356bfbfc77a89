import { randomUUID } from 'node:crypto'
import { METHODS } from 'node:http'
import countersign from '@countersign/fastify'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { notFound, serve, type TargetContext, type TargetHandler } from './echo.js'
import { isRoutable, KEEP_ALIVE_MILLISECONDS, refuseMessage, requestIdSent, type TargetServer } from './server.js'
import { tlsOptions } from './tls.js'

/** The target's routes on Fastify. */
export async function fastifyServer(context: TargetContext): Promise<TargetServer> {
  const { credentials } = context
  const app = fastify({
    ...(credentials === undefined ? {} : { https: tlsOptions(credentials) }),
    keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
    clientErrorHandler: refuseMessage,
    trustProxy: context.trustProxy ? 'loopback' : false,
    requestIdHeader: false,
    genReqId: (request) => requestIdSent(request) ?? randomUUID(),
    // Fastify answers a path that it cannot decode before any hook runs. The verifier still sees the target as sent.
    rewriteUrl: (request) => (isRoutable(request.url ?? '') ? (request.url as string) : '/unroutable'),
  })
  // The handler streams the body itself: what Fastify thinks of a media type must not decide what the target takes.
  const methods = METHODS.filter((method) => method !== 'CONNECT')
  for (const method of methods) app.addHttpMethod(method, { hasBody: false, overrideExisting: true })

  await app.register(countersign, { verifier: context.verifier })
  const handle = (handler: TargetHandler) => async (request: FastifyRequest, reply: FastifyReply) => {
    const { status, contentType, body } = await serve(handler, request.raw, request.originalUrl, request.auth, context)
    return reply.code(status).header('content-type', contentType).send(body)
  }
  for (const { path, policy, handler } of context.routes) {
    app.route({ method: methods, url: path, config: { auth: policy }, handler: handle(handler) })
  }
  app.setNotFoundHandler(handle(notFound))
  await app.ready()
  return { server: app.server, close: () => app.close() }
}
