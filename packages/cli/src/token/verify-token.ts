import { bearer, ConfigurationError, createVerifier, type DenyReason, type Verifier } from '@countersign/core'
import { FailedError } from '../errors.js'
import type { TokenRules } from './check-token.js'
import type { Candidates, Wanted } from './verification-keys.js'

/** Has core decide about a token. `undefined`: it is accepted, as far as the rules go. */
export async function verifyToken(
  compact: string,
  wanted: Wanted,
  candidates: Candidates,
  rules: TokenRules,
  now: number,
): Promise<DenyReason | undefined> {
  if (rules.algorithms?.includes(wanted.algorithm) === false) return 'algorithm_not_allowed'
  const verifier = verifierOf(candidates, rules, now)
  const view = {
    method: 'GET',
    target: '/',
    rawHeaders: ['Host', 'localhost', 'Authorization', `Bearer ${compact}`],
    readBody: () => Buffer.alloc(0),
    framework: 'cli',
  }
  const decision = await verifier.verify(view, 'authenticated')
  await verifier.close()
  return decision.outcome === 'allow' ? undefined : decision.reason
}

function verifierOf({ keys, algorithms }: Candidates, rules: TokenRules, now: number): Verifier {
  const { issuer = null, audience = null, tokenType, skewSeconds, maxAgeSeconds } = rules
  try {
    return createVerifier({
      audience,
      schemes: [bearer({ issuers: [{ issuer, algorithms, keys, tokenType, maxAgeSeconds }], skewSeconds })],
      audit: null,
      clock: () => now,
    })
  } catch (error) {
    if (error instanceof ConfigurationError) {
      throw new FailedError(`The key cannot be used: ${error.message}`, 'Give the key that the token was signed with.')
    }
    throw error
  }
}
