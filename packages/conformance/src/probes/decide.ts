import {
  type AuditRecord,
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
  type SchemeOptions,
  staticJwks,
  type Verifier,
  type VerifierOptions,
} from '@countersign/core'
import { NOW, publicJwk } from '../foreign/mint.js'
import { hmacSecret } from '../foreign/sign.js'
import type { ProbeRequest } from '../subject/subject.js'
import { TARGET_KEYS } from '../target/keys.js'

/** What a verifier of a configuration probe is made of; what is absent is as in the target, or not there. */
export interface Setup {
  readonly issuers?: readonly IssuerOptions[]
  readonly bearer?: Omit<BearerOptions, 'issuers'>
  readonly hmac?: Partial<HmacOptions>
  readonly options?: Partial<VerifierOptions>
  readonly policy?: Policy
  readonly records?: AuditRecord[]
}

export interface Outcome {
  readonly outcome: Decision['outcome']
  readonly reason?: string
  readonly decision: Decision
}

export function issuerOf(
  options: { readonly algorithms: readonly JwtAlgorithm[]; readonly jwks: readonly object[] } & Partial<IssuerOptions>,
): IssuerOptions {
  const { jwks, ...rest } = options
  return { issuer: TARGET_KEYS.issuer, keys: staticJwks({ keys: jwks as readonly Jwk[] }), ...rest }
}

/** The issuer that signs with `issuer-es256`. */
export function es256Issuer(options: Partial<IssuerOptions> = {}): IssuerOptions {
  return { ...issuerOf({ algorithms: ['ES256'], jwks: [publicJwk('issuer-es256')] }), ...options }
}

export function billingKey(): KeyRingEntry {
  return { id: 'billing', client: 'billing', secret: hmacSecret('billing') }
}

export function verifierOf(setup: Setup): Verifier {
  const { records } = setup
  const write = (record: object) => void records?.push(record as AuditRecord)
  const schemes: SchemeOptions[] = []
  if (setup.issuers !== undefined || setup.bearer !== undefined) {
    schemes.push(bearer({ issuers: setup.issuers ?? [es256Issuer()], ...setup.bearer }))
  }
  if (setup.hmac !== undefined) {
    schemes.push(hmac({ keys: keyRing([billingKey()]), replay: memoryReplayStore(), ...setup.hmac }))
  }
  return createVerifier({
    audience: TARGET_KEYS.audience,
    schemes,
    audit: records === undefined ? null : { info: write, warn: write, error: write },
    clock: () => NOW,
    ...setup.options,
  })
}

/** Asks core about one request. */
export async function decide(setup: Setup | Verifier, request: ProbeRequest, policy?: Policy): Promise<Outcome> {
  const verifier = 'verify' in setup ? setup : verifierOf(setup)
  const asked = policy ?? ('policy' in setup ? setup.policy : undefined) ?? 'authenticated'
  const decision = await verifier.verify(viewOf(request), asked)
  return decision.outcome === 'deny'
    ? { outcome: 'deny', reason: decision.reason, decision }
    : { outcome: 'allow', decision }
}

export function viewOf({ method = 'GET', target, headers = [], body = '' }: ProbeRequest): RequestView {
  return {
    method,
    target,
    rawHeaders: ['Host', 'target.test', ...headers.flat()],
    framework: 'core',
    readBody: () => Buffer.from(body as Uint8Array),
  }
}
