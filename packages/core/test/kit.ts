import { createHash, createHmac, createPrivateKey, type KeyObject, sign as signBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { vi } from 'vitest'
import {
  type AuditRecord,
  type Awaitable,
  type BearerOptions,
  bearer,
  createVerifier,
  type Decision,
  type HmacOptions,
  hmac,
  type IssuerOptions,
  type Jwk,
  type JwtAlgorithm,
  type KeyRingEntry,
  keyRing,
  memoryReplayStore,
  type Policy,
  type RequestView,
  staticJwks,
  type Verifier,
  type VerifierOptions,
} from '../src/index.js'

/** What every test here stands on: one moment, one audience, published keys, and signers that share no code with core. */

export const NOW = 1_700_000_000
export const AUDIENCE = 'orders'
export const ISSUER = 'https://id.example'
export const SECRET: Buffer = createHash('sha256').update('the secret of billing').digest()

export interface KeyPair {
  readonly privateJwk: Jwk & { readonly kid: string }
  readonly publicJwk: Jwk & { readonly kid: string }
  readonly privateKey: KeyObject
}

const KEYS: { readonly jwt: Readonly<Record<string, Jwk & { readonly kid: string }>> } = JSON.parse(
  readFileSync(new URL('../../vectors/keys.json', import.meta.url), 'utf8'),
)

/** A published key pair of an asymmetric algorithm. */
export function keyPair(algorithm: JwtAlgorithm): KeyPair {
  const privateJwk = KEYS.jwt[algorithm]
  if (privateJwk === undefined) throw new Error(`keys.json has no ${algorithm}`)
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...publicJwk } = privateJwk
  return {
    privateJwk,
    publicJwk: { ...publicJwk, kty: privateJwk.kty, kid: privateJwk.kid },
    privateKey: createPrivateKey({ key: { ...privateJwk }, format: 'jwk' }),
  }
}

export const claims = (more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'alice',
  exp: NOW + 600,
  ...more,
})

export const segment = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A compact JWS. A text in place of header or payload is taken as it stands. */
export function mint(
  key: KeyObject | Uint8Array,
  header: Readonly<Record<string, unknown>> | string,
  payload: unknown,
): string {
  const input = `${segment(header)}.${segment(payload)}`
  const alg = typeof header === 'string' ? String(JSON.parse(header).alg) : String(header['alg'])
  return `${input}.${signature(key, alg, input).toString('base64url')}`
}

function signature(key: KeyObject | Uint8Array, alg: string, input: string): Buffer {
  const hash = `sha${alg.slice(2)}`
  if (alg.startsWith('HS')) return createHmac(hash, key).update(input).digest()
  if (key instanceof Uint8Array) throw new Error('a secret signs with HS only')
  const data = Buffer.from(input)
  if (alg === 'EdDSA') return signBytes(null, data, key)
  if (alg.startsWith('ES')) return signBytes(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  if (alg.startsWith('PS')) return signBytes(hash, data, { key, padding: 6, saltLength: Number(alg.slice(2)) / 8 })
  return signBytes(hash, data, key)
}

const ES256 = keyPair('ES256')

/** A good ES256 token of {@link ISSUER}, with changes. */
export function token(
  more: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): string {
  return mint(ES256.privateKey, { alg: 'ES256', kid: ES256.publicJwk.kid, ...header }, claims(more))
}

export function issuer(more: Partial<IssuerOptions> = {}): IssuerOptions {
  return { issuer: ISSUER, algorithms: ['ES256'], keys: staticJwks({ keys: [ES256.publicJwk] }), ...more }
}

export interface ViewParts {
  readonly method?: string
  readonly target?: string
  /** Name and value in turn. */
  readonly headers?: readonly string[]
  readonly body?: string | Uint8Array
  readonly readBody?: RequestView['readBody']
}

export function view({
  method = 'GET',
  target = '/orders',
  headers = [],
  body = '',
  readBody,
}: ViewParts = {}): RequestView {
  return {
    method,
    target,
    rawHeaders: ['Host', 'orders.test', ...headers],
    readBody: readBody ?? (() => Buffer.from(body)),
    framework: 'test',
    route: '/orders',
    ip: '192.0.2.1',
    requestId: 'request-1',
  }
}

export const bearing = (compact: string, parts: ViewParts = {}): RequestView =>
  view({ ...parts, headers: ['Authorization', `Bearer ${compact}`, ...(parts.headers ?? [])] })

export interface SigningParts extends ViewParts {
  readonly keyId?: string
  readonly secret?: Uint8Array
  readonly algorithm?: 'sha256' | 'sha512'
  readonly timestamp?: number | string
  readonly nonce?: string
  readonly audience?: string
}

let nonces = 0
export const nextNonce = (): string => `nonce-${String(++nonces).padStart(16, '0')}`

/** The headers of the profile `request`, name and value in turn, computed from the protocol page. */
export function hmacHeaders(parts: SigningParts = {}): string[] {
  const { keyId = 'billing-1', secret = SECRET, algorithm = 'sha256', audience = AUDIENCE, headers = [] } = parts
  const timestamp = String(parts.timestamp ?? NOW)
  const nonce = parts.nonce ?? nextNonce()
  const field = (name: string) => {
    const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name)
    return at < 0 ? undefined : headers[at + 1]
  }
  const authorization = field('authorization')
  const digest = createHash('sha256')
    .update(parts.body ?? '')
    .digest('hex')
  const lines = [
    'countersign-hmac-v1',
    `key-id:${keyId}`,
    `timestamp:${timestamp}`,
    `nonce:${nonce}`,
    `audience:${audience}`,
    `method:${parts.method ?? 'GET'}`,
    `target:${parts.target ?? '/orders'}`,
    `content-type:${field('content-type') ?? ''}`,
    `authorization-sha256:${authorization === undefined ? '' : createHash('sha256').update(authorization, 'latin1').digest('hex')}`,
    `content-sha256:${digest}`,
  ]
  const mac = createHmac(algorithm, secret)
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex')
  return [
    ...['X-Hmac-Key-Id', keyId, 'X-Hmac-Timestamp', timestamp, 'X-Hmac-Nonce', nonce],
    ...['X-Hmac-Content-Sha256', digest, `X-Hmac-${algorithm === 'sha256' ? 'Sha256' : 'Sha512'}`, mac],
  ]
}

export const signed = (parts: SigningParts = {}): RequestView =>
  view({ ...parts, headers: [...(parts.headers ?? []), ...hmacHeaders(parts)] })

/** The same request with one header replaced, or taken out. */
export function withHeader(request: RequestView, name: string, value: string | undefined): RequestView {
  const { rawHeaders } = request
  const kept = rawHeaders.filter((_, index) => rawHeaders[index - (index % 2)]?.toLowerCase() !== name)
  return { ...request, rawHeaders: value === undefined ? kept : [...kept, name, value] }
}

export const billing = (more: Partial<KeyRingEntry> = {}): KeyRingEntry => ({
  id: 'billing-1',
  client: 'billing',
  secret: SECRET,
  roles: ['orders:write'],
  ...more,
})

/** An audit logger that keeps what it is given. */
export class Ledger {
  readonly lines: { readonly level: string; readonly record: AuditRecord; readonly message: string }[] = []
  readonly info = this.#keep('info')
  readonly warn = this.#keep('warn')
  readonly error = this.#keep('error')

  get records(): readonly AuditRecord[] {
    return this.lines.map(({ record }) => record)
  }

  get reasons(): readonly (string | undefined)[] {
    return this.records.map(({ reason }) => reason)
  }

  #keep(level: string) {
    return (record: object, message: string) => {
      this.lines.push({ level, record: record as AuditRecord, message })
    }
  }
}

export interface Bench {
  readonly verifier: Verifier
  readonly audit: Ledger
  /** To be set: the verifier's clock. */
  now: number
  /** Verifies, waits, and answers in one word: `allow` or the reason. */
  verdict(request: RequestView, policy?: Policy): Promise<string>
}

export interface BenchOptions {
  readonly bearer?: Partial<BearerOptions> | null
  readonly hmac?: Partial<HmacOptions> | null
  readonly verifier?: Partial<VerifierOptions>
}

/** A verifier with both schemes, at a clock that stands. */
export function bench(options: BenchOptions = {}): Bench {
  const audit = new Ledger()
  const self: Bench = {
    now: NOW,
    audit,
    verifier: createVerifier({
      audience: AUDIENCE,
      schemes: [
        ...(options.bearer === null ? [] : [bearer({ issuers: [issuer()], ...options.bearer })]),
        ...(options.hmac === null
          ? []
          : [hmac({ keys: keyRing([billing()]), replay: memoryReplayStore(), ...options.hmac })]),
      ],
      audit,
      clock: () => self.now,
      ...options.verifier,
    }),
    verdict: async (request, policy = 'authenticated') => word(await self.verifier.verify(request, policy)),
  }
  return self
}

export const word = (decision: Decision): string => (decision.outcome === 'allow' ? 'allow' : decision.reason)

/** What is here already; throws on a promise. */
export function now<T>(value: Awaitable<T>): T {
  if (value instanceof Promise) throw new Error('A promise, where nothing had to be waited for')
  return value
}

/** The reason with which `act` refuses; `undefined` where it does not. */
export function reasonOf(act: () => unknown): unknown {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof Error && 'reason' in error ? error.reason : error
  }
}

/** The option that a ConfigurationError names; `undefined` where none is thrown. */
export function optionOf(act: () => unknown): unknown {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof Error && 'option' in error ? error.option : error
  }
}

/** Keeps process warnings out of the output and collects them. */
export function caughtWarnings(): string[] {
  const warnings: string[] = []
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    warnings.push(String(warning))
  })
  return warnings
}
