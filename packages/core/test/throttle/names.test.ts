import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failureNames, network } from '../../src/throttle/names.js'
import { NAMES } from '../../src/throttle/throttle.js'

const claiming = (name: () => string | undefined) => ({
  scheme: 'hmac' as const,
  isBound: true,
  claimedName: name,
  authenticate: () => expect.unreachable(),
})

describe('the network of an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:2::', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['2001:db8:1:2::', '2001:db8:1:2'],
    ['2001:db8:1::5:6:7:8', '2001:db8:1:0'],
    ['::1', '0:0:0:0'],
    ['1::2:3:4:5:6:7', '1:0:2:3'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
    ['1:2:3::4:192.0.2.1', '1:2:3:0'],
    ['unknown', 'unknown'],
    ['', ''],
  ])('of %s is %s', (ip, expected) => {
    expect(network(ip)).toBe(expected)
  })

  it('is one for a /64 and another for the next, however either is spelt', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (left, right) => {
        // The parser of URLs knows the one spelling of an address.
        const groups = (ip: string) => {
          const [head = '', tail = ''] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split('::')
          const first = head === '' ? [] : head.split(':')
          const last = tail === '' ? [] : tail.split(':')
          return [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last].slice(0, 4).join(':')
        }
        fc.pre(![left, right].some((ip) => /^::ffff:[0-9.]+$/i.test(ip)))
        expect(network(left)).toBe(groups(left))
        expect(network(left) === network(right)).toBe(groups(left) === groups(right))
      }),
    )
  })
})

describe('the names of a failure', () => {
  it('are numbers of a fixed range, whatever was sent', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (ip, name) => {
        const { address, credentials } = failureNames(
          ip,
          claiming(() => name),
        )
        for (const folded of [address, credentials]) {
          expect(folded).toMatch(/^[0-9a-f]{4}$/)
          expect(Number.parseInt(folded as string, 16)).toBeLessThan(NAMES)
        }
      }),
    )
  })

  it('are the same for the same in every process', () => {
    expect(
      failureNames(
        '192.0.2.1',
        claiming(() => 'billing-1'),
      ),
    ).toEqual({ address: '2808', credentials: '3d07' })
  })

  it('spread: a thousand key ids rarely meet', () => {
    const folded = Array.from(
      { length: 1000 },
      (_, number) =>
        failureNames(
          '',
          claiming(() => `key-${number}`),
        ).credentials,
    )
    expect(new Set(folded).size).toBeGreaterThan(950)
  })

  it('leave out what is not known: no address, no credentials, none that say who they are of', () => {
    expect(failureNames(undefined, undefined)).toEqual({ address: undefined, credentials: undefined })
    expect(
      failureNames(
        undefined,
        claiming(() => undefined),
      ),
    ).toEqual({ address: undefined, credentials: undefined })
    const { credentials } = failureNames(
      undefined,
      claiming(() => {
        throw new Error('not readable')
      }),
    )
    expect(credentials).toBeUndefined()
  })
})
