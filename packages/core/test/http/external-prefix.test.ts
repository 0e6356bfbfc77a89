import { describe, expect, it } from 'vitest'
import { checkExternalPrefix, withExternalPrefix } from '../../src/http/external-prefix.js'

describe('checkExternalPrefix', () => {
  it('takes a path, and nothing at all for no prefix', () => {
    expect(['/api', '/a/b', '', undefined].map((prefix) => checkExternalPrefix(prefix))).toEqual([
      '/api',
      '/a/b',
      '',
      '',
    ])
  })

  it.each(['api', '/', '/api/', '/a b', '/a\n', '/ä'])('refuses %j, naming the option', (prefix) => {
    expect(() => checkExternalPrefix(prefix)).toThrow('externalPrefix must begin with a slash and not end in one')
  })
})

describe('withExternalPrefix', () => {
  it('puts the prefix before a path and its query', () => {
    expect(withExternalPrefix('/api', '/orders?limit=1')).toBe('/api/orders?limit=1')
  })

  it.each(['http://a.test/orders', '*'])('leaves %s as it is: only a path lost a prefix', (target) => {
    expect(withExternalPrefix('/api', target)).toBe(target)
  })
})
