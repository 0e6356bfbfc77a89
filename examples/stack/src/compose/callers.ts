import { setTimeout as delay } from 'node:timers/promises'
import { createSigner } from '@countersign/client'
import type { DemoUser } from '@countersign-example/gateway'
import type { Stack } from './stack.js'

/** What came of a request. */
export interface Answer {
  readonly status: number
  /** The code of a problem document, where the body is one. */
  readonly code?: string
  readonly retryAfter: string | null
  readonly seconds: number
}

export interface Sent {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

const ANSWER_SECONDS = 10
const ROUNDS = 10

export async function send(sent: Sent): Promise<Answer> {
  const started = performance.now()
  const answer = await fetch(sent.url, {
    headers: { ...sent.headers, connection: 'close' },
    signal: AbortSignal.timeout(ANSWER_SECONDS * 1000),
  })
  const body = await answer.text()
  const code = /"code":"([a-z_]+)"/.exec(body)?.[1]
  return {
    status: answer.status,
    ...(code === undefined ? {} : { code }),
    retryAfter: answer.headers.get('retry-after'),
    seconds: (performance.now() - started) / 1000,
  }
}

/** Sends a request that should be let in, a new one each time, for as long as it is answered 503: a busy machine may need it. */
export async function sendPatiently(make: () => Sent): Promise<Answer & Sent> {
  for (let round = 1; ; round++) {
    const sent = make()
    const answer = await send(sent)
    if (answer.status !== 503 || round === ROUNDS) return { ...sent, ...answer }
    await delay(1000)
  }
}

/** Makes signed requests for `GET /orders` as the reporting service, with the secret that the stack made for it. */
export async function reporting(stack: Stack): Promise<(ordersUrl: string) => Sent> {
  const secret = await stack.exec('keys', ['cat', '/keys/clients/reporting-secret.hex'])
  const signer = createSigner({ keyId: 'reporting-1', secret: Buffer.from(secret, 'hex'), audience: 'orders' })
  return (ordersUrl) => ({
    url: `${ordersUrl}/orders`,
    headers: { ...signer.sign({ method: 'GET', url: '/orders', body: null }) },
  })
}

/**
 * Logs ada in and returns her token, as a header.
 *
 * @throws {Error} she is not let in
 */
export async function tokenOfAda(stack: Stack, gatewayUrl: string): Promise<Readonly<Record<string, string>>> {
  const users: readonly DemoUser[] = JSON.parse(await stack.exec('keys', ['cat', '/keys/clients/users.json']))
  const ada = users.find(({ name }) => name === 'ada')
  const answer = await fetch(`${gatewayUrl}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password: ada?.password }),
  })
  if (answer.status !== 200) throw new Error(`ada is answered ${answer.status}`)
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return { authorization: `Bearer ${token}` }
}
