import { Router } from 'express'
import { issuerDocuments } from './documents.js'
import type { TokenIssuer } from './issuer.js'

export interface IssuerRouterOptions {
  readonly issuer: TokenIssuer
}

/** Serves the JWK Set and the metadata of an issuer to anybody. Mount it at the root, before what protects: the issuer's own URL says where they are. */
export function issuerRouter({ issuer }: IssuerRouterOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  for (const { path, read } of issuerDocuments(issuer)) {
    router.get(path, (_req, res) => {
      const { status, headers, body } = read()
      res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
    })
  }
  return router
}
