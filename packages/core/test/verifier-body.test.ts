import { describe, expect, it } from 'vitest'
import { BodyAlreadyReadError, BodyError } from '../src/body/read.js'
import { bench, now, signed } from './kit.js'

describe('a body that cannot be had', () => {
  it.each([
    ['body_too_large', 413],
    ['body_timeout', 408],
    ['aborted', 400],
  ] as const)('denies with %s, %i, and records it as a warning', async (failure, status) => {
    const { verifier, audit } = bench()
    const decision = await verifier.verify(
      signed({ readBody: () => Promise.reject(new BodyError(failure)) }),
      'authenticated',
    )
    expect(decision).toMatchObject({ outcome: 'deny', reason: failure, kind: 'credential', status })
    expect(audit.lines).toMatchObject([{ level: 'warn', record: { outcome: 'deny', reason: failure, status } }])
  })

  it('denies with internal where somebody read it before, and names the class of the error only', () => {
    const { verifier, audit } = bench()
    const readBody = () => {
      throw new BodyAlreadyReadError()
    }
    expect(now(verifier.verify(signed({ readBody }), 'authenticated'))).toMatchObject({
      reason: 'internal',
      status: 500,
    })
    expect(audit.lines).toMatchObject([{ level: 'error', record: { outcome: 'error', error: 'BodyAlreadyReadError' } }])
  })
})
