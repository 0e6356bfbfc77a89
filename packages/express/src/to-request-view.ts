import type { Awaitable, BodyLimits, PeerCertificate, RequestView } from '@countersign/core'
import { peerCertificateOf, withExternalPrefix } from '@countersign/core/adapter'
import type { Request } from 'express'
import { readRawBody } from './raw-body.js'

/** An Express request as core sees it. What only an audit record asks for is looked up when it is asked for. */
export class ExpressRequestView implements RequestView {
  readonly framework = 'express'
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
  readonly #req: Request

  constructor(req: Request, externalPrefix: string) {
    this.method = req.method
    // `originalUrl` keeps the prefix that a mounted router's `url` has lost.
    this.target = withExternalPrefix(externalPrefix, req.originalUrl)
    this.rawHeaders = req.rawHeaders
    this.#req = req
  }

  readBody(limits: BodyLimits): Awaitable<Buffer> {
    return readRawBody(this.#req, limits)
  }

  /** Known inside a route only: a guard in front of the routes runs before one is chosen. */
  get route(): string | undefined {
    const path: unknown = this.#req.route?.path
    return typeof path === 'string' ? this.#req.baseUrl + path : undefined
  }

  get ip(): string | undefined {
    return this.#req.ip
  }

  get remoteAddress(): string | undefined {
    return this.#req.socket.remoteAddress
  }

  get peerCertificate(): PeerCertificate | undefined {
    return peerCertificateOf(this.#req.socket)
  }

  /** As pino-http and its like set it. */
  get requestId(): string | undefined {
    const { id } = this.#req as { readonly id?: unknown }
    return typeof id === 'string' ? id : undefined
  }
}
