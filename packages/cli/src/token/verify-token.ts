import {
  bearer,
  createVerifier,
  type DenyReason,
  type JwtAlgorithm,
  type VerificationKeySource,
} from '@countersign/core'
import type { TokenRules } from './check-token.js'

/** Has core decide about a token. `undefined`: it is accepted, as far as the rules go. */
export async function verifyToken(
  compact: string,
  algorithm: JwtAlgorithm,
  keys: VerificationKeySource,
  { issuer, audience, algorithms, tokenType, skewSeconds, maxAgeSeconds }: TokenRules,
  now: number,
): Promise<DenyReason | undefined> {
  if (algorithms?.includes(algorithm) === false) return 'algorithm_not_allowed'
  const verifier = createVerifier({
    audience: audience ?? null,
    schemes: [
      bearer({
        issuers: [{ issuer: issuer ?? null, algorithms: [algorithm], keys, tokenType, maxAgeSeconds }],
        skewSeconds,
      }),
    ],
    audit: null,
    clock: () => now,
  })
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
