import { createHash, createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto'

/*
 * Credentials as somebody makes them who has read no source, only the wire format: nothing here is imported from the packages.
 */

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** The JWK Set of an issuer that signs with RS256. */
export const ISSUER_JWKS: string = JSON.stringify({
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'main', alg: 'RS256', use: 'sig' }],
})

/** A token of that issuer, good for five minutes. */
export function mintToken(claims: Readonly<Record<string, unknown>>): string {
  const now = Math.floor(Date.now() / 1000)
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encode({ alg: 'RS256', kid: 'main', typ: 'JWT' })}.${encode({ iat: now, exp: now + 300, ...claims })}`
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
}

/** 32 random bytes, as the README's environment variable holds them. */
export const SECRET_HEX: string = createHash('sha256').update(randomUUID()).digest('hex')

/** The five headers of the profile `request`, and the content type that they cover. */
export function signedHeaders(keyId: string, audience: string, method: string, target: string, body: string) {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const nonce = randomUUID()
  const digest = createHash('sha256').update(body).digest('hex')
  const text = [
    'countersign-hmac-v1',
    `key-id:${keyId}`,
    `timestamp:${timestamp}`,
    `nonce:${nonce}`,
    `audience:${audience}`,
    `method:${method}`,
    `target:${target}`,
    'content-type:application/json',
    'authorization-sha256:',
    `content-sha256:${digest}`,
    '',
  ].join('\n')
  return {
    'content-type': 'application/json',
    'x-hmac-key-id': keyId,
    'x-hmac-timestamp': timestamp,
    'x-hmac-nonce': nonce,
    'x-hmac-content-sha256': digest,
    'x-hmac-sha256': createHmac('sha256', Buffer.from(SECRET_HEX, 'hex')).update(text).digest('hex'),
  }
}
