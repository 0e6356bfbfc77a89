import type { AuditLogger, Awaitable, BodyLimits, PeerCertificate, RequestView } from '@countersign/core'
import { peerCertificateOf, withExternalPrefix } from '@countersign/core/adapter'
import type { FastifyRequest } from 'fastify'
import { readRawBody } from './raw-body.js'

/** A Fastify request as core sees it. What only an audit record asks for is looked up when it is asked for. */
export class FastifyRequestView implements RequestView {
  readonly framework = 'fastify'
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
  readonly route: string | undefined
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest, route: string | undefined, externalPrefix: string) {
    this.method = request.raw.method as string
    this.target = withExternalPrefix(externalPrefix, request.originalUrl)
    this.rawHeaders = request.raw.rawHeaders
    this.route = route
    this.#request = request
  }

  readBody(limits: BodyLimits): Awaitable<Buffer> {
    return readRawBody(this.#request, limits)
  }

  get ip(): string {
    return this.#request.ip
  }

  get remoteAddress(): string | undefined {
    return this.#request.raw.socket.remoteAddress
  }

  get peerCertificate(): PeerCertificate | undefined {
    return peerCertificateOf(this.#request.raw.socket)
  }

  get requestId(): string {
    return this.#request.id
  }

  /** Where Fastify's logger is off its stand-in has no level, and attempts would be lost. */
  get log(): AuditLogger | undefined {
    const { log } = this.#request
    return typeof log.level === 'string' ? log : undefined
  }
}
