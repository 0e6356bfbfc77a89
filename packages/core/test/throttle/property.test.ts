import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FailureThrottle, RequestView } from '../../src/index.js'
import { memoryThrottle } from '../../src/throttle/index.js'
import { bearing, bench, signed, token, view } from '../kit.js'

const WRONG = createHash('sha256').update('wrong').digest()
const ADDRESSES = ['192.0.2.1', '192.0.2.2', '2001:db8::1']

const failing = fc.oneof(
  fc.constantFrom('billing-1', 'nobody').map((keyId) => () => signed({ keyId, secret: WRONG })),
  fc.constantFrom('alice', 'bob').map((sub) => () => bearing(`${token({ sub }).slice(0, -6)}AAAAAA`)),
  fc.constant(() => bearing('a.b.c')),
  fc.constant(() => view()),
)
const good = fc.constantFrom<(() => RequestView)[]>(
  () => signed(),
  () => bearing(token()),
)
const step = fc.record({
  request: fc.oneof(
    failing.map((make) => ({ make, isGood: false })),
    good.map((make) => ({ make, isGood: true })),
  ),
  ip: fc.constantFrom(...ADDRESSES),
})
const throttle: fc.Arbitrary<() => FailureThrottle> = fc.oneof(
  fc
    .record({
      failuresPerAddress: fc.integer({ min: 1, max: 5 }),
      failuresPerCredentials: fc.integer({ min: 1, max: 5 }),
    })
    .map((limits) => () => memoryThrottle(limits)),
  fc.integer({ min: 0, max: 1e9 }).map((seconds) => () => ({ fail: () => seconds })),
)

it('refuses no valid credentials, whatever failed before, and lets no others in', async () => {
  await fc.assert(
    fc.asyncProperty(throttle, fc.array(step, { maxLength: 40 }), async (make, steps) => {
      const { verdict } = bench({ verifier: { throttle: make(), audit: null } })
      for (const { request, ip } of steps) {
        const answer = await verdict({ ...request.make(), ip })
        expect(answer === 'allow').toBe(request.isGood)
      }
    }),
  )
})
