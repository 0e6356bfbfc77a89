import { describe, expect, it } from 'vitest'
import { denialReply } from '../../src/http/reply.js'
import { type DenyReason, REASONS } from '../../src/reason.js'

describe('denialReply', () => {
  it.each(Object.keys(REASONS) as DenyReason[])(
    'answers %s with problem details that agree with the status',
    (reason) => {
      const { status, headers, body } = denialReply(reason, [], 'request-1')
      const { code, title, kind } = REASONS[reason]
      expect(JSON.parse(body)).toEqual({ type: `urn:countersign:${code}`, title, status, code, requestId: 'request-1' })
      expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
      expect('retry-after' in headers).toBe(kind === 'dependency' || kind === 'throttle')
    },
  )

  it('sends one challenge as a field and several as several fields', () => {
    expect(denialReply('missing_credentials', ['A'], 'r').headers['www-authenticate']).toBe('A')
    expect(denialReply('missing_credentials', ['A', 'B'], 'r').headers['www-authenticate']).toEqual(['A', 'B'])
    expect(denialReply('internal', [], 'r').headers).not.toHaveProperty('www-authenticate')
  })

  it('says after how many seconds to try again: those of the throttle, else five', () => {
    expect(denialReply('throttled', [], 'r', 42).headers['retry-after']).toBe('42')
    expect(denialReply('keys_unavailable', [], 'r').headers['retry-after']).toBe('5')
  })

  it('keeps a request id from breaking out of the body', () => {
    expect(JSON.parse(denialReply('internal', [], '","code":"x').body)).toMatchObject({
      code: 'internal',
      requestId: '","code":"x',
    })
  })
})
