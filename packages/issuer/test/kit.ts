import {
  type AuthEventRecord,
  bearer,
  createVerifier,
  type Decision,
  type DenyReason,
  type MemoryRevocation,
  memoryRevocation,
  type Policy,
  type RequestView,
  type Verifier,
} from '@countersign/core'
import {
  createTokenIssuer,
  memoryRefreshStore,
  memorySigningKeys,
  type TokenIssuer,
  type TokenIssuerOptions,
} from '../src/index.js'

export const ISSUER = 'https://id.example'
/** Sunday noon. */
export const NOW = 1_795_348_800

/** A clock that stands still until it is set. */
export class TestClock {
  now = NOW
  readonly read = (): number => this.now
}

/** Takes records in, at whatever level. */
export class Records {
  readonly records: AuthEventRecord[] = []
  readonly #take = (record: object): void => {
    this.records.push(record as AuthEventRecord)
  }
  readonly info = this.#take
  readonly warn = this.#take
  readonly error = this.#take

  get last(): AuthEventRecord | undefined {
    return this.records.at(-1)
  }
}

export interface Bench {
  readonly clock: TestClock
  readonly revocation: MemoryRevocation
  readonly audit: Records
  readonly issuer: TokenIssuer
}

/** An issuer with sessions in memory, and what belongs to it. */
export async function bench(options: Partial<TokenIssuerOptions> = {}): Promise<Bench> {
  const clock = new TestClock()
  const revocation = memoryRevocation()
  const audit = new Records()
  const issuer = createTokenIssuer({
    issuer: ISSUER,
    audiences: ['orders', 'inventory', 'billing'],
    keys: memorySigningKeys(),
    refresh: { store: memoryRefreshStore() },
    revocation,
    audit,
    clock: clock.read,
    ...options,
  })
  await issuer.warmup()
  return { clock, revocation, audit, issuer }
}

export const ALICE = {
  subject: 'alice',
  clientId: 'web',
  audience: ['orders', 'inventory'],
  roles: ['orders:read', 'orders:write'],
  scopes: ['read', 'write'],
  authTime: NOW,
  acr: 'aal2',
  amr: ['pwd', 'otp', 'mfa'],
}

/** A service that takes the issuer's tokens, and no other. */
export function serviceOf({ issuer, clock, revocation }: Bench, audience = 'orders'): Verifier {
  return createVerifier({
    audience,
    schemes: [
      bearer({
        issuers: [{ issuer: ISSUER, algorithms: ['EdDSA'], keys: issuer.verificationKeys, tokenType: 'at+jwt' }],
        skewSeconds: 0,
      }),
    ],
    revocation,
    audit: null,
    clock: clock.read,
  })
}

export function bearing(token: string): RequestView {
  return {
    method: 'GET',
    target: '/',
    rawHeaders: ['authorization', `Bearer ${token}`],
    framework: 'test',
    readBody: () => Buffer.alloc(0),
  }
}

export async function decide(verifier: Verifier, token: string, policy: Policy = 'authenticated'): Promise<Decision> {
  return verifier.verify(bearing(token), policy)
}

/** `allow`, or why not. */
export async function wordOf(verifier: Verifier, token: string): Promise<'allow' | DenyReason> {
  const decision = await decide(verifier, token)
  return decision.outcome === 'allow' ? 'allow' : decision.reason
}

/** The header and the claims of a token, unverified. */
export function partsOf(token: string): readonly [header: Record<string, unknown>, claims: Record<string, unknown>] {
  const [header = '', claims = ''] = token.split('.')
  const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return [parse(header), parse(claims)]
}
