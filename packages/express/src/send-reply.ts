import type { HttpReply } from '@countersign/core'
import type { Response } from 'express'

export function sendReply(res: Response, { status, headers, body }: HttpReply): void {
  // Somebody gave up waiting and answered: a time limit in front of us.
  if (res.headersSent) return
  res.statusCode = status
  for (const name in headers) res.setHeader(name, headers[name] as string | readonly string[])
  res.setHeader('content-length', Buffer.byteLength(body))
  res.end(body)
}
