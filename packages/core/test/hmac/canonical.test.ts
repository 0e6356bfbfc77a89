import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalText, type SignedFields } from '../../src/hmac/canonical.js'

const sha256 = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex')

/** Values as the grammar checks let them through: no line feed, and few letters, so that collisions are tried in earnest. */
const text = fc.string({ unit: fc.constantFrom(...'01:a /?-', 'nonce:', 'target:', 'audience:', '\t'), maxLength: 6 })
const fields: fc.Arbitrary<SignedFields> = fc.record({
  keyId: text,
  timestamp: text,
  nonce: text,
  audience: text,
  method: text,
  target: text,
  contentType: text,
  authorization: fc.option(text, { nil: undefined }),
  contentSha256: text,
})

describe('canonicalText', () => {
  it('is the text of the protocol page', () => {
    expect(
      canonicalText({
        keyId: 'billing-1',
        timestamp: '1700000000',
        nonce: 'n-0123456789abcdef',
        audience: 'orders',
        method: 'POST',
        target: '/orders?a=b',
        contentType: 'application/json',
        authorization: 'Bearer x',
        contentSha256: sha256(''),
      }),
    ).toBe(
      [
        'countersign-hmac-v1',
        'key-id:billing-1',
        'timestamp:1700000000',
        'nonce:n-0123456789abcdef',
        'audience:orders',
        'method:POST',
        'target:/orders?a=b',
        'content-type:application/json',
        `authorization-sha256:${sha256('Bearer x')}`,
        `content-sha256:${sha256('')}`,
        '',
      ].join('\n'),
    )
  })

  it('gives different requests different texts', () => {
    fc.assert(
      fc.property(fields, fields, (left, right) => {
        const same = JSON.stringify(left) === JSON.stringify(right)
        expect(canonicalText(left) === canonicalText(right)).toBe(same)
      }),
      { numRuns: 1000 },
    )
  })

  it('changes with each single field', () => {
    fc.assert(
      fc.property(
        fields,
        fc.constantFrom<keyof SignedFields>(
          'keyId',
          'timestamp',
          'nonce',
          'audience',
          'method',
          'target',
          'contentType',
          'authorization',
          'contentSha256',
        ),
        text,
        (before, field, value) => {
          fc.pre(before[field] !== value)
          expect(canonicalText({ ...before, [field]: value })).not.toBe(canonicalText(before))
        },
      ),
    )
  })

  it('tells an empty Authorization value from an absent one', () => {
    const base = {
      keyId: '',
      timestamp: '',
      nonce: '',
      audience: '',
      method: '',
      target: '',
      contentType: '',
      contentSha256: '',
    }
    expect(canonicalText(base)).toContain('\nauthorization-sha256:\n')
    expect(canonicalText({ ...base, authorization: '' })).toContain(`\nauthorization-sha256:${sha256('')}\n`)
  })

  it('takes the Authorization value byte by byte, as Node hands it over (latin-1)', () => {
    const base = {
      keyId: '',
      timestamp: '',
      nonce: '',
      audience: '',
      method: '',
      target: '',
      contentType: '',
      contentSha256: '',
    }
    expect(canonicalText({ ...base, authorization: 'Bearer é' })).toContain(sha256('Bearer é'))
  })

  it('ends in a line feed, a body-timestamp text in a digit: neither can be the other', () => {
    fc.assert(fc.property(fields, (value) => canonicalText(value).endsWith('\n')))
  })
})
