import type { Awaitable, BodyLimits } from '@countersign/core'
import { discardBody, readBody } from '@countersign/core/body'
import type { FastifyRequest } from 'fastify'

/** Seconds that the rest of a refused body is taken off the wire for, before the connection is closed. */
const DISCARD_SECONDS = 5

/** The body as it travels, read off the raw message before any parser and put back for whoever reads next. */
export function readRawBody(request: FastifyRequest, limits: BodyLimits): Awaitable<Buffer> {
  return readBody(request.raw, limits)
}

export function discardRawBody(request: FastifyRequest): void {
  discardBody(request.raw, DISCARD_SECONDS)
}
