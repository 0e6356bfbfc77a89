import {
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
} from 'node:crypto'
import type { JwtAlgorithm, RequestView, StaticKey } from '@countersign/core'

export const ISSUER = 'https://issuer.test'
export const AUDIENCE = 'orders'

export type Algorithm = Extract<JwtAlgorithm, 'HS256' | 'RS256' | 'ES256' | 'EdDSA'>

/** A key pair, or the same secret twice. Made anew for each run. */
export interface TokenKey {
  readonly algorithm: Algorithm
  readonly signing: KeyObject
  readonly verifying: KeyObject
}

export function makeTokenKey(algorithm: Algorithm): TokenKey {
  if (algorithm === 'HS256') {
    const secret = createSecretKey(randomBytes(32))
    return { algorithm, signing: secret, verifying: secret }
  }
  const { privateKey, publicKey } = makePair(algorithm)
  return { algorithm, signing: privateKey, verifying: publicKey }
}

function makePair(algorithm: Algorithm) {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return generateKeyPairSync('ed25519')
}

export function toStaticKey({ algorithm, verifying }: TokenKey): StaticKey {
  return algorithm === 'HS256'
    ? { kid: 'key-1', algorithm, secret: verifying.export() }
    : { kid: 'key-1', algorithm, publicKey: verifying }
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token as an identity provider makes them: eight claims, two roles, three scopes. */
export function makeToken(key: TokenKey, claims: object = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const header = encode({ alg: key.algorithm, typ: 'JWT', kid: 'key-1' })
  const payload = encode({
    iss: ISSUER,
    aud: AUDIENCE,
    sub: `user-${randomUUID()}`,
    iat: now - 5,
    exp: now + 3600,
    jti: randomUUID(),
    roles: ['buyer', 'orders:read'],
    scope: 'openid profile orders:read',
    ...claims,
  })
  return `${header}.${payload}.${signatureOf(key, `${header}.${payload}`).toString('base64url')}`
}

function signatureOf({ algorithm, signing }: TokenKey, text: string): Buffer {
  const bytes = Buffer.from(text)
  if (algorithm === 'HS256') return createHmac('sha256', signing).update(bytes).digest()
  if (algorithm === 'EdDSA') return sign(null, bytes, signing)
  return sign('sha256', bytes, algorithm === 'ES256' ? { key: signing, dsaEncoding: 'ieee-p1363' } : signing)
}

/** The same token with one bit of its signature turned. */
export function withBadSignature(token: string): string {
  const signatureStart = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(signatureStart), 'base64url')
  signature.writeUInt8(signature.readUInt8(7) ^ 1, 7)
  return token.slice(0, signatureStart) + signature.toString('base64url')
}

/** Hands out texts one after the other, from the start again after the last: each a new flat string, as the network brings them. */
export class Pool {
  readonly #texts: readonly Buffer[]
  #next = 0

  constructor(texts: readonly string[]) {
    this.#texts = texts.map((text) => Buffer.from(text, 'latin1'))
  }

  next = (): string => {
    const bytes = this.#texts[this.#next] as Buffer
    this.#next = (this.#next + 1) % this.#texts.length
    return bytes.toString('latin1')
  }
}

const NO_BODY = Buffer.alloc(0)

/** A request as an adapter would show it, its body already here. */
export class View implements RequestView {
  readonly framework = 'benchmark'
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
  readonly route = '/orders/:id'
  readonly ip = '127.0.0.1'
  readonly requestId = 'req-1'
  readonly #body: Buffer

  constructor(method: string, target: string, rawHeaders: readonly string[], body: Buffer = NO_BODY) {
    this.method = method
    this.target = target
    this.rawHeaders = rawHeaders
    this.#body = body
  }

  readBody(): Buffer {
    return this.#body
  }
}

const CUSTOMARY = [
  ['Host', 'orders.example:8080'],
  ['User-Agent', 'benchmark/1.0'],
  ['Accept', 'application/json'],
  ['Connection', 'keep-alive'],
].flat()

export function viewOf(authorization?: string): View {
  const headers = authorization === undefined ? CUSTOMARY : [...CUSTOMARY, 'Authorization', authorization]
  return new View('GET', '/orders/4711', headers)
}

export function signedViewOf(signature: Readonly<Record<string, string>>, body: Buffer): View {
  const headers = [...CUSTOMARY, 'Content-Type', 'application/json', 'Content-Length', String(body.length)]
  for (const [name, value] of Object.entries(signature))
    headers.push(name, Buffer.from(value, 'latin1').toString('latin1'))
  return new View('POST', '/orders', headers, body)
}

/** A JSON text of exactly `length` bytes; nothing at all for 0. */
export function jsonOf(length: number): Buffer {
  if (length === 0) return NO_BODY
  const frame = '{"text":""}'
  return Buffer.from(`{"text":"${'x'.repeat(length - frame.length)}"}`)
}
