/** The second factor of a user: RFC 6238, SHA-1, six digits, thirty seconds, as authenticator apps know it. */
export interface SecondFactor {
  /** Base32, 160 bits. */
  readonly secret: string
  /** Whether every login asks for a code. Otherwise a code may be given, at the login or later to step up. */
  readonly atEveryLogin: boolean
}

export interface User {
  /** Also `sub` of the tokens: never given to somebody else later. */
  readonly name: string
  /** Argon2id in PHC form. */
  readonly passwordHash: string
  readonly roles: readonly string[]
  readonly secondFactor?: SecondFactor
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** Services have these, and tokens name both: no user may look like one (RFC 9700 section 4.15). */
const RESERVED = ['gateway', 'orders', 'inventory', 'reporting', 'warehouse']

/** One spelling for each name, whatever was typed; `undefined` where no user can have it. */
export function canonicalName(typed: string): string | undefined {
  const name = typed.normalize('NFKC').toLowerCase()
  return NAME.test(name) && !RESERVED.includes(name) ? name : undefined
}
