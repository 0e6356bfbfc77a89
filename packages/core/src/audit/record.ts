import type { Auth } from '../principal.js'
import { type DenyReason, REASONS } from '../reason.js'

export type AuditOutcome = 'allow' | 'deny' | 'error' | 'anonymous' | 'would_deny'

/**
 * One attempt, flat. Versioned: a key that is here keeps its name and meaning under one `v`. What came from outside is a value, never a
 * key, and is cut at 256 characters. There is no place here for a token, a MAC, a nonce or a header.
 */
export interface AuditRecord {
  readonly event: 'auth.attempt'
  readonly v: 1
  readonly outcome: AuditOutcome
  /** Absent where the request was allowed. */
  readonly reason?: DenyReason
  /** What a denial was answered with. Absent where the request was allowed: the handler decides then. */
  readonly status?: number
  /** Of the principal, or of the credentials that were refused. */
  readonly scheme?: string
  readonly principal?: string
  readonly actor?: string
  readonly issuer?: string
  /** `x-hmac-key-id`, as presented where it was refused; or the SHA-256 thumbprint of the client's certificate, in base64url. */
  readonly keyId?: string
  /** `kid` of the token; as presented where it was refused. */
  readonly kid?: string
  /** `jti` of a verified token. */
  readonly tokenId?: string
  /** The roles that the policy asks for. */
  readonly roles?: readonly string[]
  /** The route's pattern, never the path. */
  readonly route?: string
  readonly method: string
  readonly ip?: string
  readonly requestId: string
  readonly traceId?: string
  readonly framework: string
  readonly durationUs: number
  /** How many records of throttled attempts were left out before this one, which is of one too. */
  readonly suppressed?: number
  /** The class of an exception nobody expected; its text may hold anything and stays out. */
  readonly error?: string
}

/** What leaves a record beside the verification of a request: whoever logs users in and issues tokens writes it. */
export type AuthEventName =
  | 'auth.login'
  | 'auth.step_up'
  | 'auth.refresh'
  | 'auth.token'
  | 'auth.exchange'
  | 'auth.logout'
  | 'auth.revoke'

/** What a record says of the request that it came with. Texts from outside are cut to length. */
export type AuditedRequest = Partial<
  Pick<AuditRecord, 'route' | 'method' | 'ip' | 'requestId' | 'traceId' | 'framework'>
>

/** One such event, flat: the keys of an attempt with the meaning that they have there, and a few of its own. */
export interface AuthEventRecord
  extends AuditedRequest,
    Pick<
      AuditRecord,
      | 'v'
      | 'outcome'
      | 'status'
      | 'scheme'
      | 'principal'
      | 'actor'
      | 'issuer'
      | 'keyId'
      | 'kid'
      | 'tokenId'
      | 'roles'
      | 'durationUs'
      | 'suppressed'
      | 'error'
    > {
  readonly event: AuthEventName
  /** One word for one cause: those of whoever writes it. Absent where it was allowed. */
  readonly reason?: string
  /** `client_id`: who a token was issued to, or asked for one. */
  readonly client?: string
  /** `sid`. */
  readonly sessionId?: string
  /** Whom a token was issued for. */
  readonly audience?: readonly string[]
  /** Whether it was the repetition of an attempt whose answer was lost. */
  readonly retried?: boolean
  /** What came to an end with it. */
  readonly revoked?: 'session' | 'subject'
}

const MOST_CHARACTERS = 256

/** Cuts a value from outside to length. */
export function capped(value: string): string {
  return value.length <= MOST_CHARACTERS ? value : value.slice(0, MOST_CHARACTERS)
}

export function outcomeOf(reason: DenyReason | undefined, auth: Auth | null): AuditOutcome {
  if (reason === undefined) return auth === null ? 'anonymous' : 'allow'
  const { kind } = REASONS[reason]
  return kind === 'dependency' || kind === 'internal' ? 'error' : 'deny'
}
