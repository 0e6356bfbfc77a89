import { createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto'
import { sign as octokitSign, verify as octokitVerify } from '@octokit/webhooks-methods'
import { client, server } from 'hawk'
import { Webhook } from 'standardwebhooks'
import { asyncContender, type Contender, contender } from '../rounds.js'

const nothing = (): undefined => undefined

/** What no verifier can do without: one createHmac over the body with a prepared key, one comparison. */
export function limit(secret: Buffer, body: Buffer): Contender {
  const key = createSecretKey(secret)
  const expected = createHmac('sha256', key).update(body).digest()
  return contender('limit: createHmac over the body + timingSafeEqual', nothing, () => {
    return timingSafeEqual(createHmac('sha256', key).update(body).digest(), expected)
  })
}

/** The cryptography of the profile `request`: the body's digest, and the MAC of a text of the usual length. */
export function profileLimit(secret: Buffer, body: Buffer): Contender {
  const key = createSecretKey(secret)
  const text = 'countersign-hmac-v1\n'.padEnd(360, 'x')
  const digest = hash('sha256', body, 'hex')
  const expected = createHmac('sha256', key).update(text).digest()
  return contender('bare cryptography of the profile: SHA-256 of the body + createHmac over the text', nothing, () => {
    if (hash('sha256', body, 'hex') !== digest) return false
    return timingSafeEqual(createHmac('sha256', key).update(text).digest(), expected)
  })
}

/** With a nonce check of the cheapest kind. */
export function hawk(secret: Buffer, body: Buffer): Contender {
  const credentials = { id: 'billing', key: secret.toString('hex'), algorithm: 'sha256' } as const
  const payload = body.toString()
  const options = { credentials, payload, contentType: 'application/json' }
  const seen = new Set<string>()
  const nonceFunc = async (_key: string, nonce: string, timestamp: string) => {
    const id = `${timestamp} ${nonce}`
    if (seen.has(id)) throw new Error('seen')
    seen.add(id)
  }
  // Signed once: its nonces have six characters, too few for every request of a run to have one of its own.
  const { header } = client.header('http://orders.example:8080/orders', 'POST', options)
  const request = {
    method: 'POST',
    url: '/orders',
    host: 'orders.example',
    port: 8080,
    authorization: header,
    contentType: 'application/json',
  }
  return asyncContender('hawk', nothing, async () => {
    seen.clear()
    return (
      (await server.authenticate(request, async () => credentials, { payload, nonceFunc })).credentials === credentials
    )
  })
}

/** Knows no nonce. Parses the body unless told not to. */
export function standardWebhooks(secret: Buffer, body: Buffer): Contender {
  const webhook = new Webhook(secret.toString('base64'))
  const text = body.toString()
  const now = new Date()
  const headers = {
    'webhook-id': 'message-1',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': webhook.sign('message-1', now, text),
  }
  return contender('standardwebhooks', nothing, () => webhook.verify(text, headers, { jsonParse: false }) !== null)
}

/** Knows neither nonce nor time. */
export async function octokit(secret: Buffer, body: Buffer): Promise<Contender> {
  const key = secret.toString('hex')
  const text = body.toString()
  const signature = await octokitSign(key, text)
  return asyncContender('@octokit/webhooks-methods', nothing, () => octokitVerify(key, text, signature))
}
