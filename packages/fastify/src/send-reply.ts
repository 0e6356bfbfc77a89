import type { HttpReply } from '@countersign/core'
import type { FastifyReply } from 'fastify'

/** Bytes, not a string: Fastify would add a charset to the content type of a string. */
export function sendReply(reply: FastifyReply, { status, headers, body }: HttpReply): void {
  reply.code(status)
  for (const name in headers) reply.header(name, headers[name])
  reply.send(Buffer.from(body))
}
