import { readFileSync } from 'node:fs'

/** One test of a vector file: an id, what it is about, and the expected result. */
export interface Vector {
  readonly id: string
  readonly comment: string
  readonly result?: 'valid' | 'invalid'
  /** Of an invalid test: the reason, and others where the protocol does not say which check answers. */
  readonly reason?: string
  readonly alsoAcceptable?: readonly string[]
}

export interface CanonicalTextVector extends Vector {
  readonly keyId: string
  readonly timestamp: string
  readonly nonce: string
  readonly audience: string
  readonly method: string
  readonly target: string
  readonly contentType: string | null
  readonly authorization: string | null
  readonly bodyHex: string
  readonly expected: { readonly canonicalText: string; readonly contentSha256: string }
}

export interface HmacKeyVector {
  readonly id: string
  readonly client: string
  readonly secretHex: string
  readonly roles: readonly string[]
  readonly profile: 'request' | 'body-timestamp'
  readonly algorithm: 'sha256' | 'sha512'
  readonly notBefore?: number
  readonly notAfter?: number
}

export interface HmacVector extends Vector {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly bodyHex: string
  readonly audience: string
  readonly now: number
  readonly key: HmacKeyVector
  readonly sign?: { readonly keyId?: string; readonly timestamp: string; readonly nonce?: string }
  readonly expected?: { readonly headers: readonly (readonly [string, string])[] }
}

export interface BearerVector extends Vector {
  readonly token: string
  readonly expected?: { readonly sub: string; readonly roles: readonly string[]; readonly scopes: readonly string[] }
}

export interface JwtKeyVector {
  readonly issuer: string
  readonly algorithm: string
  readonly kid: string
  readonly publicJwk?: { readonly kty: string }
  readonly secretJwk?: { readonly kty: string }
}

export interface BearerGroup {
  readonly comment: string
  readonly audience: string
  readonly now: number
  readonly skewSeconds: number
  readonly issuers: readonly {
    readonly issuer: string
    readonly algorithms: readonly string[]
    readonly kids: readonly string[]
  }[]
  readonly tests: readonly BearerVector[]
}

interface File<G> {
  readonly numberOfTests: number
  readonly testGroups: readonly G[]
}

interface Group<T> {
  readonly type: string
  readonly tests: readonly T[]
}

export const VECTORS: URL = new URL('../', import.meta.url)

/** The cast is checked by schema.test.ts, against the schema of the file. */
function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), 'utf8')) as T
}

export const canonicalTexts = (): File<Group<CanonicalTextVector>> => read('canonical-text')
export const requestMacs = (): File<Group<HmacVector>> => read('request-mac')
export const bodyTimestamps = (): File<Group<HmacVector>> => read('body-timestamp')
export const bearerTokens = (): File<BearerGroup> & { readonly keys: readonly JwtKeyVector[] } => read('bearer')

/** Whether a verdict, `allow` or a reason, is one that the vector accepts. */
export function accepts(vector: Vector, verdict: string): boolean {
  if (vector.result === 'valid') return verdict === 'allow'
  return verdict === vector.reason || (vector.alsoAcceptable ?? []).includes(verdict)
}
