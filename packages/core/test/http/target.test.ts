import { describe, expect, it } from 'vitest'
import { pathAndQuery } from '../../src/http/target.js'
import { reasonOf, view } from '../kit.js'

describe('pathAndQuery', () => {
  it.each(['/', '/a?b=c', '//a/../%2e%2E/b', '/a?b#c', '/%61', '*'])('leaves %s as it was sent', (target) => {
    expect(pathAndQuery(view({ target }))).toBe(target)
  })

  it.each([
    ['http://orders.test/a?b', '/a?b'],
    ['https://orders.test/a', '/a'],
    ['HTTP://ORDERS.TEST/A', '/A'],
    ['http://orders.test', '/'],
    ['http://orders.test?b', '/?b'],
    ['http://orders.test//a', '//a'],
  ])('takes path and query of %s, for its authority is the Host', (target, expected) => {
    expect(pathAndQuery(view({ target }))).toBe(expected)
  })

  it.each([
    'http://evil.test/a',
    'http://orders.test:80/a',
    'http://orders.test.evil.test/a',
    'http://user@orders.test/a',
    'http:///a',
    'ftp://orders.test/a',
    'orders.test:443',
    'a',
    '',
    '?a',
  ])('refuses %j beside Host: orders.test', (target) => {
    expect(reasonOf(() => pathAndQuery(view({ target })))).toBe('target_invalid')
  })

  it('refuses the absolute form with two Host fields or none', () => {
    const target = 'http://orders.test/a'
    expect(reasonOf(() => pathAndQuery(view({ target, headers: ['host', 'orders.test'] })))).toBe('duplicate_header')
    expect(reasonOf(() => pathAndQuery({ ...view({ target }), rawHeaders: [] }))).toBe('target_invalid')
  })
})
