import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { targetAtService } from '../../src/proxy/target.js'

const at = (target: string): string | undefined => targetAtService(target, '/api/orders', '/orders')

describe('the target at a service', () => {
  it('is the rest of the path, byte for byte', () => {
    expect(at('/api/orders')).toBe('/orders')
    expect(at('/api/orders?a=%20+&a')).toBe('/orders?a=%20+&a')
    expect(at('/api/orders/1%2f2/')).toBe('/orders/1%2f2/')
  })

  it('is below the prefix and one that no URL parser changes, or there is none', () => {
    const pieces = fc.constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2E%2e',
      '%2f',
      '\\',
      '//',
      '?',
      '#',
      'a',
      'é',
      ' ',
      '\t',
      '@',
      ':',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 8 }), (parts) => {
        const found = at(`/api/orders/${parts.join('')}`)
        if (found === undefined) return
        const { pathname, search, host } = new URL(found, 'http://service')
        expect([pathname + search, host]).toEqual([found, 'service'])
        expect(found).toBe(`/orders/${parts.join('')}`)
        expect(pathname.startsWith('/orders/')).toBe(true)
      }),
    )
  })
})
