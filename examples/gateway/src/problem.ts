import type { FastifyInstance, FastifyReply } from 'fastify'

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

export const NOT_FOUND: Problem = { status: 404, code: 'not_found', title: 'There is no such path' }
const INTERNAL: Problem = { status: 500, code: 'internal', title: 'The request could not be answered' }

/** No error is answered in any other way, with its own text or with a stack. */
export function answerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, NOT_FOUND))
  app.setErrorHandler((error: Error, _request, reply) => answerError(error, reply))
}

export function answerError(error: Error & { readonly statusCode?: number }, reply: FastifyReply): FastifyReply {
  const { statusCode: status = 500 } = error
  if (status < 500) return sendProblem(reply, { status, code: 'malformed_request', title: 'The request is malformed' })
  reply.request.log.error({ error: error.name }, 'unexpected')
  return sendProblem(reply, INTERNAL)
}
