import { randomBytes } from 'node:crypto'
import { createSigner, type SignatureHeaders } from '@countersign/client'
import type { SecretInput } from '@countersign/core'
import type { TourKeys } from './target.js'
import type { Tokens } from './tokens.js'
import type { SignerName, TourRequest, TourSignature } from './tour.js'

/** What somebody signs with. */
export interface SigningKey {
  readonly keyId: string
  readonly secret: SecretInput
  readonly audience: string
  readonly profile: 'request' | 'body-timestamp'
}

export type SigningKeys = Readonly<Record<SignerName, SigningKey>>

export function signingKeys(keys: TourKeys): SigningKeys {
  const stranger = randomBytes(32).toString('base64url')
  return {
    gateway: { keyId: 'gateway-1', secret: keys.gatewaySecret, audience: 'orders', profile: 'request' },
    reporting: { keyId: 'reporting-1', secret: keys.reportingSecret, audience: 'orders', profile: 'request' },
    orders: { keyId: 'orders-1', secret: keys.ordersSecret, audience: 'inventory', profile: 'request' },
    warehouse: { keyId: 'warehouse-1', secret: keys.warehouseSecret, audience: 'inventory', profile: 'body-timestamp' },
    nobody: { keyId: 'nobody-1', secret: stranger, audience: 'orders', profile: 'request' },
  }
}

/** The signature headers of a request, made over what its row says was signed. */
export function signatureOf(
  request: TourRequest,
  signature: TourSignature,
  key: SigningKey,
  tokens: Tokens,
): SignatureHeaders {
  const { over = {}, secondsOff = 0, timestampPrefix = '' } = signature
  const signer = createSigner({
    ...key,
    audience: over.audience ?? key.audience,
    clock: () => Date.now() / 1000 + secondsOff,
  })
  const token = over.token ?? request.token
  const headers = signer.sign({
    method: request.method,
    url: over.path ?? request.path,
    headers: {
      ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
      ...(token === undefined ? {} : { authorization: `Bearer ${tokens[token]}` }),
    },
    body: over.body ?? request.body ?? null,
  })
  return { ...headers, 'x-hmac-timestamp': timestampPrefix + headers['x-hmac-timestamp'] }
}
