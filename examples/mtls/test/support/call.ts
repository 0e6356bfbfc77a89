import { once } from 'node:events'
import { type Agent, request } from 'node:https'
import { json } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** A GET over the agent's certificate. */
export async function call(agent: Agent, url: string | URL): Promise<Answer> {
  const message = request(url, { agent }).end()
  const [response] = await once(message, 'response')
  return { status: response.statusCode, body: await json(response) }
}
