import { randomUUID } from 'node:crypto'
import type { RequestView } from '../request-view.js'

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/

function firstField(rawHeaders: readonly string[], name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index] as string
    if (candidate.length === name.length && candidate.toLowerCase() === name) return rawHeaders[index + 1]
  }
  return undefined
}

/**
 * The id that the framework, else the client, else chance gave the request. For correlation only: it proves nothing. A framework may
 * have taken its id from the client as it came, so the grammar holds for it as well: nothing of any form or length is sent back.
 */
export function requestIdOf(view: RequestView): string {
  if (view.requestId !== undefined && REQUEST_ID.test(view.requestId)) return view.requestId
  const sent = firstField(view.rawHeaders, 'x-request-id')
  return sent !== undefined && REQUEST_ID.test(sent) ? sent : randomUUID()
}

/** The trace-id of a well-formed `traceparent` (W3C Trace Context section 3.2.2). */
export function traceIdOf(view: RequestView): string | undefined {
  const sent = firstField(view.rawHeaders, 'traceparent')
  return sent === undefined ? undefined : TRACEPARENT.exec(sent)?.[1]
}
