import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { countersign } from '@countersign/express'
import express, { type RequestHandler } from 'express'
import { notFound, serve, type TargetContext, type TargetHandler } from './echo.js'
import { closeServer, KEEP_ALIVE_MILLISECONDS, refuseMessage, type TargetServer } from './server.js'
import { tlsOptions } from './tls.js'

/** The target's routes on Express: 5, or the one that is given. */
export async function expressServer(context: TargetContext, module: typeof express = express): Promise<TargetServer> {
  const app = module()
  app.disable('x-powered-by')
  // Routes are what they are on Fastify: `/Echo` and `/echo/` are other paths.
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.set('trust proxy', context.trustProxy ? 'loopback' : false)

  const auth = countersign({ verifier: context.verifier })
  const handle = (handler: TargetHandler): RequestHandler => {
    return async (req, res) => {
      const { status, contentType, body } = await serve(handler, req, req.originalUrl, req.auth, context)
      res.statusCode = status
      res.setHeader('content-type', contentType)
      res.setHeader('content-length', body.length)
      res.end(body)
    }
  }
  for (const { path, policy, handler } of context.routes) app.all(path, auth(policy), handle(handler))
  // A route, not a middleware: its record is written before the reply. An expression, for 4 and 5 spell a wildcard differently.
  app.all(/.*/, auth(), handle(notFound))

  const { credentials } = context
  const options = { keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }
  const server =
    credentials === undefined
      ? createServer(options, app)
      : createTlsServer({ ...options, ...tlsOptions(credentials) }, app)
  server.on('clientError', refuseMessage)
  return { server, close: () => closeServer(server) }
}
