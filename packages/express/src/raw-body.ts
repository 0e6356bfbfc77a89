import type { Awaitable, BodyLimits } from '@countersign/core'
import { discardBody, readBody } from '@countersign/core/adapter'
import type { Request } from 'express'

/** The body as it travels, read off the raw message before any parser and put back for whoever reads next. */
export function readRawBody(req: Request, limits: BodyLimits): Awaitable<Buffer> {
  return readBody(req, limits)
}

export function discardRawBody(req: Request): void {
  discardBody(req)
}
