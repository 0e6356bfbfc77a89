import type { Awaitable, BodyLimits } from '@countersign/core'
import { discardBody, readBody } from '@countersign/core/adapter'
import type { FastifyRequest } from 'fastify'

/** The body as it travels, read off the raw message before any parser and put back for whoever reads next. */
export function readRawBody(request: FastifyRequest, limits: BodyLimits): Awaitable<Buffer> {
  return readBody(request.raw, limits)
}

export function discardRawBody(request: FastifyRequest): void {
  discardBody(request.raw)
}
