import { describe, expect, it } from 'vitest'
import { ConfigurationError, CredentialError, refusal } from '../src/errors.js'

describe('refusal', () => {
  it('gives one prepared, frozen error per reason, without a stack', () => {
    const error = refusal('token_expired')
    expect(error).toBeInstanceOf(CredentialError)
    expect(refusal('token_expired')).toBe(error)
    expect(Object.isFrozen(error)).toBe(true)
    expect(error.stack).toBe('CredentialError: The token has expired')
  })
})

describe('CredentialError', () => {
  it('carries the reason, the fixed text and, for debuggers, a cause', () => {
    const cause = new Error('why')
    expect(new CredentialError('replayed', { cause })).toMatchObject({
      name: 'CredentialError',
      reason: 'replayed',
      message: 'The request was seen before',
      cause,
    })
  })
})

describe('ConfigurationError', () => {
  it('begins its message with the path of the option', () => {
    expect(new ConfigurationError('schemes[0].replay', 'is required')).toMatchObject({
      option: 'schemes[0].replay',
      message: 'schemes[0].replay is required',
    })
  })
})
