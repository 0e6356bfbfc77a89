import type { TokenCacheHealth } from './bearer/token-cache.js'
import type { Awaitable } from './chain.js'
import type { Clock } from './clock.js'
import type { KeyHealth } from './key.js'
import type { StepUp } from './policy/step-up.js'
import type { Principal, SchemeName } from './principal.js'
import type { DenyReason } from './reason.js'
import type { RequestView } from './request-view.js'
import type { RevocationGuard } from './revocation/revocation.js'

/** What becomes known of an attempt on the way, for the audit record: verified or not, and never a secret. */
export interface AttemptFacts {
  scheme?: SchemeName | undefined
  issuer?: string | undefined
  keyId?: string | undefined
  kid?: string | undefined
  tokenId?: string | undefined
}

/** One request at one moment, as the schemes see it. */
export interface AttemptContext {
  readonly view: RequestView
  /** Read once, so that every check of one request agrees on the time. */
  readonly now: number
  readonly facts: AttemptFacts
}

/** Credentials that a request presents, well-formed but not verified. */
export interface Presented {
  readonly scheme: SchemeName
  /** `false`: nothing ties these credentials to others in the same request, so anybody may have put the two together. */
  readonly isBound: boolean
  /** Who the credentials say they are of, unverified: failures are counted by it. `undefined`, or a `CredentialError`: they do not say. */
  claimedName?(): string | undefined
  /** Verifies all that can be verified without remembering anything. Throws or rejects with `CredentialError`. */
  authenticate(): Awaitable<Principal>
  /** The rest, once everything else about the request holds: reads the body, remembers a nonce. */
  complete?(): Awaitable<void>
}

/** One way to prove who calls. Each scheme keeps the form of its credentials to itself. */
export interface Scheme {
  readonly name: SchemeName
  /** Takes the credentials of this scheme out of a request; `undefined` where there are none. Throws `CredentialError`. */
  present(context: AttemptContext): Presented | undefined
  /** How far the clock of those who issue its credentials may be from the clock here, where that is not this service's own matter. */
  readonly skewSeconds?: number
  /**
   * One challenge of `WWW-Authenticate`. `reason` absent: nothing was wrong with credentials of this scheme. `stepUp`: how a user has to
   * authenticate, where that is what is lacking.
   */
  challenge(realm: string, reason: DenyReason | undefined, scopes: readonly string[], stepUp?: StepUp): string
  warmup(): Awaitable<void>
  health(now: number): Awaitable<SchemeHealth>
  close(): Awaitable<void>
}

export interface SchemeHealth {
  readonly scheme: SchemeName
  readonly ready: boolean
  /** One for each set of keys, by issuer where there are issuers. */
  readonly keys: readonly (KeyHealth & { readonly issuer?: string })[]
  /** Absent where replay is not refused by this scheme. */
  readonly replayStore?: { readonly ready: boolean }
  /** Absent where the scheme remembers no verified tokens. */
  readonly tokenCache?: TokenCacheHealth
}

/** The client's certificate, as the connection or a trusted proxy tells it. */
export interface ClientCertificate {
  /** DER. */
  readonly raw: Uint8Array
  /** `x5t#S256`: base64url of the SHA-256 of the DER (RFC 8705 section 3.1). */
  readonly thumbprint: string
  /** Whether it was verified by TLS: here, or by the proxy. Where not, its holder has the key of it and that is all. */
  readonly isAuthorized: boolean
}

export interface ClientCertificates {
  /**
   * The certificate of whoever sent a request; `undefined` where they showed none.
   *
   * @throws {CredentialError} `malformed_credentials`, `duplicate_header`: `Client-Cert` from an address that may not send it, or of another
   *   form than RFC 9440 gives it
   */
  of(view: RequestView): ClientCertificate | undefined
}

export interface SchemeSetup {
  readonly clock: Clock
  /** The verifier's own name: `aud` of a token, the audience of a signed request. `null`: spoken opt-out. */
  readonly audience: string | null
  /** Where the scheme stands in the options, for messages. */
  readonly option: string
  /** The least time between two `countersign:key` events of one key. Absent: 60. */
  readonly keyReportSeconds?: number | undefined
  /** Asked of everything that was verified. Absent: nothing is ever revoked. */
  readonly revocation?: RevocationGuard | undefined
  /** Absent: nobody has a certificate. */
  readonly clientCertificates?: ClientCertificates | undefined
}

/** A scheme as configured. Opened once, by `createVerifier`. */
export interface SchemeOptions {
  open(setup: SchemeSetup): Scheme
}
