import { hash, verify } from '@node-rs/argon2'

/** What the OWASP Password Storage Cheat Sheet asks of Argon2id: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const COST_PREFIX = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$`

/** How many may wait: beyond that a flood would only fill memory, and nobody would be answered in time. */
const MOST_PENDING = 64

export interface PasswordHasher {
  /** Argon2id in PHC form, with a salt of its own. */
  hash(password: string): Promise<string>
  /**
   * Whether the password is the one that was hashed. Without a hash it is not, after the same work: nobody learns from the time that an
   * answer takes who has an account.
   */
  verify(hashed: string | undefined, password: string): Promise<boolean>
  /** Whether more are being looked at than can be answered in time. */
  isBusy(): boolean
  /** Whether a hash was made at another cost than one made today. */
  isDated(hashed: string): boolean
}

/** The one spelling of a password that is hashed: keyboards differ in how they compose (NIST SP 800-63B-4 section 3.1.1.2). */
export function normalPassword(password: string): string {
  return password.normalize('NFKC')
}

/** @param pepper goes into every hash and stands outside the store */
export async function passwordHasher(pepper: Buffer): Promise<PasswordHasher> {
  const options = { ...COST, secret: pepper }
  const nobodys = await hash('nobody has this password', options)
  let pending = 0
  return {
    hash: (password) => hash(normalPassword(password), options),
    async verify(hashed, password) {
      pending++
      try {
        const equal = await verify(hashed ?? nobodys, normalPassword(password), options)
        return equal && hashed !== undefined
      } finally {
        pending--
      }
    },
    isBusy: () => pending >= MOST_PENDING,
    isDated: (hashed) => !hashed.startsWith(COST_PREFIX),
  }
}
