import type { KeyObject } from 'node:crypto'
import type { Awaitable } from './chain.js'
import type { Clock } from './clock.js'
import type { Principal } from './principal.js'

/** `alg` of RFC 7518 section 3.1 and RFC 8037 section 3.1, as far as they are safe to accept. */
export type JwtAlgorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

/** What is said of a key beside its window. `active`, and saying nothing, leave it to the window. */
export type KeyStatus = 'active' | 'deactivated' | 'compromised'

export const KEY_STATUSES: readonly KeyStatus[] = ['active', 'deactivated', 'compromised']

/** When a key may be used. Both ends are included. */
export interface KeyWindow {
  /** NumericDate. Absent: from always. */
  readonly notBefore?: number | undefined
  /** NumericDate. Absent: for ever. */
  readonly notAfter?: number | undefined
  readonly status?: KeyStatus | undefined
}

/** The states of NIST SP 800-57 part 1 section 7 that matter to a verifier. Only an active key verifies. */
export type KeyState = 'pre-active' | 'active' | 'deactivated' | 'compromised'

export function keyState(key: KeyWindow, now: number): KeyState {
  if (isWithdrawn(key)) return key.status
  if (key.notBefore !== undefined && now < key.notBefore) return 'pre-active'
  if (key.notAfter !== undefined && now > key.notAfter) return 'deactivated'
  return 'active'
}

/** Whether somebody ended the key by its status, whatever its window says. */
export function isWithdrawn<K extends KeyWindow>(
  key: K,
): key is K & { readonly status: 'deactivated' | 'compromised' } {
  return key.status === 'deactivated' || key.status === 'compromised'
}

/** When a key was last used: the one thing about it that changes. It is handed on when the key is loaded anew. */
export interface KeyUse {
  /** NumericDate of the last signature or MAC by it that held. NaN: none so far. */
  lastUsedAt: number
  /** NumericDate of the last `countersign:key` event. NaN: none so far. */
  reportedAt: number
  /** NumericDate of the last warning that it ends soon. NaN: none so far. */
  warnedAt: number
}

export function unused(): KeyUse {
  return { lastUsedAt: Number.NaN, reportedAt: Number.NaN, warnedAt: Number.NaN }
}

/** A key that tokens are verified with: made once, bound to one algorithm (RFC 8725 section 3.1). */
export interface VerificationKey extends KeyWindow {
  readonly kid: string | undefined
  readonly algorithm: JwtAlgorithm
  readonly key: KeyObject
  /** How many characters a signature by this key has in base64url. */
  readonly signatureLength: number
  /** Absent: its use is not followed. */
  readonly use?: KeyUse | undefined
}

export type HmacAlgorithm = 'sha256' | 'sha512'
/** The least secret, in bytes: the size of the hash. */
export const LEAST_SECRET_BYTES: Readonly<Record<HmacAlgorithm, number>> = { sha256: 32, sha512: 64 }
export type HmacProfile = 'request' | 'body-timestamp'

/** The grammar of `x-hmac-key-id`. */
export const HMAC_KEY_ID: RegExp = /^[A-Za-z0-9._:-]{1,128}$/

/** A shared secret of one client, bound to one algorithm and one profile. */
export interface HmacKey extends KeyWindow {
  readonly id: string
  readonly secret: KeyObject
  readonly algorithm: HmacAlgorithm
  readonly profile: HmacProfile
  /** Who a request signed with this key comes from. */
  readonly principal: Principal
  /** `body-timestamp` only: the methods that it is accepted for. Absent: every one. */
  readonly methods?: ReadonlySet<string> | undefined
  /** `body-timestamp` only: the raw paths that it is accepted for, a trailing `*` for a prefix. Absent: every one. */
  readonly paths?: readonly string[] | undefined
  /** `body-timestamp` only: refuse a MAC that was seen before. */
  readonly refuseRepeats?: boolean | undefined
  /** Absent: its use is not followed. */
  readonly use?: KeyUse | undefined
}

/** A key whose use is followed: a client's, by its id (the thumbprint of a certificate), or an issuer's. */
export type UsedKey = Pick<HmacKey, 'id' | 'principal' | 'use' | keyof KeyWindow> | VerificationKey

/** What can be told of one key. */
export interface KeyDetail {
  /** `x-hmac-key-id`, `kid`, or the thumbprint of a certificate. Absent: a verification key without one. */
  readonly id?: string
  /** Who an HMAC key or a certificate belongs to. */
  readonly client?: string
  readonly state: KeyState
  readonly notBefore?: number
  readonly notAfter?: number
  /** NumericDate. Absent: not used since the process started. */
  readonly lastUsedAt?: number
}

/** What can be told of a set of keys without telling a key. */
export interface KeyHealth {
  /** Whether a request could be verified now. */
  readonly ready: boolean
  readonly keys: number
  readonly activeKeys: number
  /** Seconds since the keys were last had from their source. Absent: they do not come from elsewhere. */
  readonly ageSeconds?: number
  /** Whether they are older than they should be, because their source cannot be had. */
  readonly stale?: boolean
  /** Seconds until they are asked for again. */
  readonly nextRefreshSeconds?: number
  /** Key by key, the first hundred. */
  readonly details?: readonly KeyDetail[]
  /** The keys beyond the first hundred, together. Absent: there are none. */
  readonly others?: { readonly keys: number; readonly lastUsedAt?: number }
}

/** What every holder of keys can do beside finding one. */
export interface KeyHolder {
  /** Resolves when the keys are there; rejects with a clear error where they cannot be had. */
  warmup(): Awaitable<void>
  health(now: number): KeyHealth
  /** Whether any key is active: cheap, for it is asked at each failure. */
  isUsable(now: number): boolean
  close(): Awaitable<void>
}

/** Finds the key that a token names. Throws `keys_unavailable` where no answer can be had. */
export interface VerificationKeyLookup extends KeyHolder {
  /** `kid` absent: the one key of that algorithm, or `undefined` where there is none or more than one. */
  find(kid: string | undefined, algorithm: JwtAlgorithm, now: number): Awaitable<VerificationKey | undefined>
}

/** Finds the secret that a request names. Throws `keys_unavailable` where no answer can be had. */
export interface HmacKeyLookup extends KeyHolder {
  find(keyId: string, now: number): Awaitable<HmacKey | undefined>
  /** The keys of the profile that names no key: at most four. */
  bodyTimestampKeys(now: number): Awaitable<readonly HmacKey[]>
}

export interface KeySourceContext {
  readonly clock: Clock
  /** Where the source stands in the options, for messages. */
  readonly option: string
}

export interface VerificationKeySourceContext extends KeySourceContext {
  /** What the issuer signs with: a key that says no algorithm of its own is bound to the one of these that fits. */
  readonly algorithms: readonly JwtAlgorithm[]
}

/** Where the keys of an issuer come from. Opened once, by `createVerifier`. */
export interface VerificationKeySource {
  open(context: VerificationKeySourceContext): VerificationKeyLookup
}

/** Where the secrets of clients come from. Opened once, by `createVerifier`. */
export interface HmacKeySource {
  open(context: KeySourceContext): HmacKeyLookup
}
