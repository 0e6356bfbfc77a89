import type { Awaitable, BodyLimits } from '@countersign/core'
import { discardBody, readBody } from '@countersign/core/body'
import type { Request } from 'express'

/** Seconds that the rest of a refused body is taken off the wire for, before the connection is closed. */
const DISCARD_SECONDS = 5

/** The body as it travels, read off the raw message before any parser and put back for whoever reads next. */
export function readRawBody(req: Request, limits: BodyLimits): Awaitable<Buffer> {
  return readBody(req, limits)
}

export function discardRawBody(req: Request): void {
  discardBody(req, DISCARD_SECONDS)
}
