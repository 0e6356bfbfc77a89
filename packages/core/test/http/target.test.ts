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

  it.each([
    ['http://orders.test;/a', 'orders.test;'],
    ["http://orders.test'/a", "orders.test'"],
    ['http://user@orders.test/a', 'user@orders.test'],
    ['http://orders.test\\a', 'orders.test\\a'],
    ['http://orders.test/a\\b', 'orders.test'],
    ['http://orders.test#/a', 'orders.test'],
    ['http:///a', ''],
  ])('refuses %j beside the same Host %j: routers find another path in it', (target, host) => {
    expect(reasonOf(() => pathAndQuery({ ...view({ target }), rawHeaders: ['Host', host] }))).toBe('target_invalid')
  })

  it.each(['127.0.0.1:8080', '[::1]:8080', 'a_b.test'])('takes %s for an authority', (host) => {
    expect(pathAndQuery({ ...view({ target: `http://${host}/a` }), rawHeaders: ['Host', host] })).toBe('/a')
  })

  it('refuses the absolute form with two Host fields or none', () => {
    const target = 'http://orders.test/a'
    expect(reasonOf(() => pathAndQuery(view({ target, headers: ['host', 'orders.test'] })))).toBe('duplicate_header')
    expect(reasonOf(() => pathAndQuery({ ...view({ target }), rawHeaders: [] }))).toBe('target_invalid')
  })
})
