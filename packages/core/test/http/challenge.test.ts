import { describe, expect, it } from 'vitest'
import { bearerChallenge, hmacChallenge } from '../../src/http/challenge.js'

describe('bearerChallenge', () => {
  it('is bare where no credentials were sent (RFC 6750 section 3.1)', () => {
    expect(bearerChallenge('orders', undefined, ['a'])).toBe('Bearer realm="orders"')
    expect(bearerChallenge('orders', 'missing_credentials', ['a'])).toBe('Bearer realm="orders"')
  })

  it('says what was wrong', () => {
    expect(bearerChallenge('orders', 'token_expired', ['a'])).toBe(
      'Bearer realm="orders", error="invalid_token", error_description="The token has expired"',
    )
  })

  it('names the scopes that are asked for with insufficient_scope only', () => {
    expect(bearerChallenge('orders', 'scope_missing', ['a', 'b'])).toBe(
      'Bearer realm="orders", error="insufficient_scope", error_description="A required scope is missing", scope="a b"',
    )
    expect(bearerChallenge('orders', 'role_missing', [])).not.toContain('scope=')
  })

  it('quotes, and lets nothing out of the quotes', () => {
    expect(bearerChallenge('a"b\\c', undefined, [])).toBe('Bearer realm="a\\"b\\\\c"')
    expect(bearerChallenge('a\r\nSet-Cookie: x=1é', undefined, [])).toBe('Bearer realm="a??Set-Cookie: x=1?"')
  })
})

describe('hmacChallenge', () => {
  it('is bare, or carries the public code', () => {
    expect(hmacChallenge('orders', undefined)).toBe('HMAC realm="orders"')
    expect(hmacChallenge('orders', 'key_unknown')).toBe('HMAC realm="orders", error="signature_invalid"')
  })
})
