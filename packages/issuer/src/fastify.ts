import type { FastifyPluginAsync } from 'fastify'
import { issuerDocuments } from './documents.js'
import type { TokenIssuer } from './issuer.js'

export interface IssuerRoutesOptions {
  readonly issuer: TokenIssuer
}

/**
 * Serves the JWK Set and the metadata of an issuer to anybody. Register it without a prefix: the issuer's own URL says where they are. On a server
 * that `@countersign/fastify` protects both routes are public.
 */
const issuerRoutes: FastifyPluginAsync<IssuerRoutesOptions> = async (app, { issuer }) => {
  for (const { path, read } of issuerDocuments(issuer)) {
    app.route({
      method: 'GET',
      url: path,
      // What @countersign/fastify reads; to a server without it, nothing.
      config: { auth: 'public' } as object,
      handler(_request, reply) {
        const { status, headers, body } = read()
        // As bytes: Fastify adds a charset to the content type of a text.
        return reply.code(status).headers(headers).send(Buffer.from(body))
      },
    })
  }
}

export default issuerRoutes
export { issuerRoutes }
