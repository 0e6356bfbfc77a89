import type { FastifyReply } from 'fastify'

/** An error as a client reads it: the shape that Countersign gives its own (RFC 9457). */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly title: string
}

/** Answers with problem details: fixed texts, and nothing of the request but its id. */
export function sendProblem(reply: FastifyReply, { status, code, title }: Problem): FastifyReply {
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="gateway"')
  const body = { type: `urn:countersign:${code}`, title, status, code, requestId: reply.request.id }
  // Bytes, not a string: Fastify would add a charset to the content type of a string.
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .header('cache-control', 'no-store')
    .send(Buffer.from(JSON.stringify(body)))
}
