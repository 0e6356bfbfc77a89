import { describe, expect, it } from 'vitest'
import { httpLimits } from '../src/http-limits.js'

describe('httpLimits', () => {
  it('gives headers 10 seconds and a whole request 30 where nothing is set', () => {
    expect(httpLimits({})).toMatchObject({ headersTimeout: 10_000, requestTimeout: 30_000 })
  })

  it('takes 1 to 3600 seconds', () => {
    expect(httpLimits({ HEADERS_TIMEOUT_SECONDS: '1', REQUEST_TIMEOUT_SECONDS: '3600' })).toMatchObject({
      headersTimeout: 1000,
      requestTimeout: 3_600_000,
    })
  })

  it.each(['0', '3601', '-1', '1.5', '', 'never'])('refuses %j', (seconds) => {
    expect(() => httpLimits({ REQUEST_TIMEOUT_SECONDS: seconds })).toThrow(
      'settings: REQUEST_TIMEOUT_SECONDS must be a whole number from 1 to 3600',
    )
  })

  it('refuses less time for a whole request than for its headers, and takes as much', () => {
    expect(() => httpLimits({ REQUEST_TIMEOUT_SECONDS: '9' })).toThrow('less than HEADERS_TIMEOUT_SECONDS')
    expect(httpLimits({ REQUEST_TIMEOUT_SECONDS: '10' }).requestTimeout).toBe(10_000)
  })
})
