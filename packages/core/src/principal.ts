/** How somebody proved who they are. */
export type SchemeName = 'mtls' | 'hmac' | 'bearer'

/** In the order in which they are verified: what costs least first, and a user after the service that speaks for them. */
export const SCHEME_NAMES: readonly SchemeName[] = ['mtls', 'hmac', 'bearer']

/** Who was verified. Deeply frozen: it may be shared between requests. */
export interface Principal {
  /** `sub` of a token, or the client that an HMAC key or a certificate belongs to. Unique within its scheme and issuer only. */
  readonly id: string
  readonly scheme: SchemeName
  /** The roles that the credentials carry, as they carry them: the role hierarchy is not spelled out here. */
  readonly roles: ReadonlySet<string>
  readonly scopes: ReadonlySet<string>
  /** The whole Claims Set of a token (RFC 7519 section 4). */
  readonly claims?: Readonly<Record<string, unknown>>
  /** `kid` of the verification key, the id of the HMAC key, or the SHA-256 thumbprint of the certificate in base64url. */
  readonly keyId?: string
  readonly issuer?: string
  /** NumericDate after which these credentials are no longer good; absent where they do not end. */
  readonly expiresAt?: number
}

/**
 * Who calls. Where a service signs a request that carries a user's bearer token, or sends it over a connection of its own certificate,
 * the user is the principal and the service the actor (RFC 8693 section 1.1, section 4.1); a service alone is the principal.
 */
export interface Auth {
  readonly principal: Principal
  readonly actor?: Principal
}

/** A Set that stays as it was made: principals are shared by every request of the same token. */
export class FrozenSet<T> extends Set<T> {
  constructor(values: Iterable<T>) {
    super()
    for (const value of values) super.add(value)
  }

  override add(_value: T): this {
    throw new TypeError('This set is read-only')
  }

  override delete(_value: T): boolean {
    throw new TypeError('This set is read-only')
  }

  override clear(): void {
    throw new TypeError('This set is read-only')
  }
}

export const NO_NAMES: ReadonlySet<string> = new FrozenSet<string>([])
