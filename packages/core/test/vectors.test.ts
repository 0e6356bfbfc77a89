import { describe, expect, it } from 'vitest'
import {
  accepts,
  bearerTokens,
  bodyTimestamps,
  canonicalTexts,
  type HmacVector,
  requestMacs,
} from '../../vectors/test/vectors.js'
import { contentSha256 } from '../src/body/digest.js'
import { canonicalText } from '../src/hmac/canonical.js'
import { bearer, createVerifier, hmac, keyRing, memoryReplayStore, staticJwks } from '../src/index.js'
import { ALGORITHMS, JWT_ALGORITHMS } from '../src/keys/algorithms.js'
import { bearing, caughtWarnings, now, view, word } from './kit.js'

describe('canonical-text.json', () => {
  it.each(canonicalTexts().testGroups.flatMap(({ tests }) => tests))('$id: $comment', (vector) => {
    const digest = contentSha256(Buffer.from(vector.bodyHex, 'hex'))
    expect(digest).toBe(vector.expected.contentSha256)
    const { contentType, authorization } = vector
    const text = canonicalText({
      ...vector,
      contentType: contentType ?? '',
      authorization: authorization ?? undefined,
      contentSha256: digest,
    })
    expect(text).toBe(vector.expected.canonicalText)
  })
})

function verify({ key, audience, now: at, method, target, headers, bodyHex }: HmacVector): string {
  caughtWarnings()
  const { secretHex, ...entry } = key
  const verifier = createVerifier({
    audience,
    schemes: [
      hmac({
        keys: keyRing([
          { ...entry, secret: Buffer.from(secretHex, 'hex'), allowWeakSecret: key.profile === 'body-timestamp' },
        ]),
        replay: memoryReplayStore(),
      }),
    ],
    audit: null,
    clock: () => at,
  })
  return word(
    now(
      verifier.verify(
        view({ method, target, headers: headers.flat(), body: Buffer.from(bodyHex, 'hex') }),
        'authenticated',
      ),
    ),
  )
}

describe.each([
  ['request-mac.json', requestMacs()],
  ['body-timestamp.json', bodyTimestamps()],
] as const)('%s', (_, { testGroups }) => {
  it.each(testGroups.flatMap(({ tests }) => tests))('$id: $comment', (vector) => {
    const verdict = verify(vector)
    expect(accepts(vector, verdict), `${verdict}, where ${vector.reason ?? 'allow'} is expected`).toBe(true)
  })
})

const { keys, testGroups } = bearerTokens()

describe.each(testGroups)('bearer.json: $comment', ({ audience, now: at, skewSeconds, issuers, tests }) => {
  const verifier = createVerifier({
    audience,
    schemes: [
      bearer({
        skewSeconds,
        issuers: issuers.map(({ issuer, algorithms, kids }) => ({
          issuer,
          algorithms: JWT_ALGORITHMS.filter((name) => algorithms.includes(name)),
          keys: staticJwks({
            keys: keys
              .filter(({ kid }) => kids.includes(kid))
              .map(({ kid, algorithm, publicJwk, secretJwk }) => ({
                kty: 'oct',
                ...(publicJwk ?? secretJwk),
                kid,
                alg: algorithm,
              })),
          }),
        })),
      }),
    ],
    audit: null,
    clock: () => at,
  })

  it.each(tests)('$id: $comment', (vector) => {
    // Twice: what was remembered of a token must not change the answer.
    for (const decision of [1, 2].map(() => now(verifier.verify(bearing(vector.token), 'authenticated')))) {
      const verdict = word(decision)
      expect(accepts(vector, verdict), `${verdict}, where ${vector.reason ?? 'allow'} is expected`).toBe(true)
      if (decision.outcome === 'deny' || vector.expected === undefined) continue
      const { id, roles, scopes } = decision.auth?.principal ?? {}
      expect({ sub: id, roles: [...(roles ?? [])], scopes: [...(scopes ?? [])] }).toEqual(vector.expected)
    }
  })
})

it('bearer.json has a valid token of every algorithm', () => {
  const verified = testGroups.flatMap(({ tests }) => tests.filter(({ result }) => result === 'valid'))
  const used = verified.map(
    ({ token }) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).alg,
  )
  expect(new Set(used)).toEqual(new Set(Object.keys(ALGORITHMS)))
})
