import { describe, expect, it } from 'vitest'
import { addressGroup } from '../../src/login/address.js'

describe('what counts as one address', () => {
  it('is an IPv4 address, however it is written', () => {
    expect(addressGroup('203.0.113.7')).toBe('203.0.113.7')
    expect(addressGroup('::ffff:203.0.113.7')).toBe('203.0.113.7')
    expect(addressGroup('203.0.113.8')).not.toBe(addressGroup('203.0.113.7'))
  })

  it('is a /64 of IPv6: one customer has 2^64 addresses to guess from', () => {
    const group = '2001:db8:0:1::/64'
    expect(addressGroup('2001:db8:0:1::1')).toBe(group)
    expect(addressGroup('2001:DB8::1:aaaa:bbbb:cccc:dddd')).toBe(group)
    expect(addressGroup('2001:0db8:0000:0001:ffff:ffff:ffff:ffff')).toBe(group)
    expect(addressGroup('2001:db8:0:2::1')).toBe('2001:db8:0:2::/64')
    expect(addressGroup('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
    expect(addressGroup('::1')).toBe('0:0:0:0::/64')
  })
})
