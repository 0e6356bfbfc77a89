import { createHash, createHmac, randomBytes } from 'node:crypto'
import { TARGET_KEYS } from '../target/keys.js'
import { NOW } from './mint.js'

/*
 * A second implementation of the HMAC profiles (DESIGN section 5), made of node:crypto alone.
 */

export type Header = readonly [name: string, value: string]

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function nextNonce(): string {
  return randomBytes(18).toString('base64url')
}

export function hmacSecret(keyId: string): Buffer {
  const key = TARGET_KEYS.hmac.find(({ id }) => id === keyId)
  if (key === undefined) throw new Error(`target.json has no secret ${keyId}`)
  return Buffer.from(key.secretHex, 'hex')
}

export interface Covered {
  readonly method: string
  readonly target: string
  readonly body?: string | Uint8Array | undefined
  readonly contentType?: string | undefined
  readonly authorization?: string | undefined
}

export interface SignOptions {
  /** Default `billing`. */
  readonly keyId?: string
  /** Default: that of the key. */
  readonly secret?: Uint8Array
  readonly algorithm?: 'sha256' | 'sha512'
  readonly timestamp?: string
  readonly nonce?: string
  readonly audience?: string
}

/** The five headers of the profile `request`. */
export function signRequest(covered: Covered, options: SignOptions = {}): readonly Header[] {
  const { keyId = 'billing', algorithm = 'sha256', timestamp = String(NOW), nonce = nextNonce() } = options
  const digest = sha256(covered.body ?? '')
  const bound = covered.authorization === undefined ? '' : sha256(Buffer.from(covered.authorization, 'latin1'))
  const lines = [
    'countersign-hmac-v1',
    `key-id:${keyId}`,
    `timestamp:${timestamp}`,
    `nonce:${nonce}`,
    `audience:${options.audience ?? TARGET_KEYS.audience}`,
    `method:${covered.method}`,
    `target:${covered.target}`,
    `content-type:${covered.contentType ?? ''}`,
    `authorization-sha256:${bound}`,
    `content-sha256:${digest}`,
  ]
  const text = lines.map((line) => `${line}\n`).join('')
  const mac = createHmac(algorithm, options.secret ?? hmacSecret(keyId))
    .update(text, 'utf8')
    .digest('hex')
  return [
    ['x-hmac-key-id', keyId],
    ['x-hmac-timestamp', timestamp],
    ['x-hmac-nonce', nonce],
    ['x-hmac-content-sha256', digest],
    [`x-hmac-${algorithm}`, mac],
  ]
}

/** The two headers of the profile `body-timestamp`. */
export function signBody(
  body: string | Uint8Array,
  timestamp: string = String(NOW),
  keyId = 'webhook',
): readonly Header[] {
  const mac = createHmac('sha256', hmacSecret(keyId)).update(body).update(timestamp, 'ascii').digest('hex')
  return [
    ['x-hmac-timestamp', timestamp],
    ['x-hmac-sha256', mac],
  ]
}
