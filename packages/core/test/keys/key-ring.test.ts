import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.js'
import { type KeyRingEntry, keyRing } from '../../src/keys/key-ring.js'
import { billing, caughtWarnings, NOW, optionOf, SECRET } from '../kit.js'

const LONG = Buffer.alloc(100, 5)
const open = (...entries: KeyRingEntry[]) => keyRing(entries).open({ clock: systemClock, option: 'keys' })
const refused = (...entries: KeyRingEntry[]) => optionOf(() => keyRing(entries))
const other = (more: Partial<KeyRingEntry> = {}) => billing({ id: 'other', secret: Buffer.alloc(64, 9), ...more })
const weak = (id: string): KeyRingEntry => ({
  ...billing({ id, secret: `secret of ${id}`, allowWeakSecret: true }),
  profile: 'body-timestamp',
})

describe('keyRing', () => {
  it('finds a key by its id, and makes its client the principal', () => {
    const ring = open(billing({ scopes: ['a'] }), other())
    expect(ring.find('billing-1', NOW)).toMatchObject({
      id: 'billing-1',
      algorithm: 'sha256',
      profile: 'request',
      principal: { id: 'billing', scheme: 'hmac', keyId: 'billing-1' },
    })
    expect(ring.find('nobody', NOW)).toBeUndefined()
    expect(ring.find('__proto__', NOW)).toBeUndefined()
  })

  it('shows no secret where a key is printed, before its first use and after', () => {
    const key = open(billing()).find('billing-1', NOW)
    if (key === undefined || key instanceof Promise) throw new Error('no key')
    const shown = () => inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key)
    const before = shown()
    expect(key.secret.export()).toEqual(SECRET)
    for (const text of [before, shown()]) {
      for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const)
        expect(text).not.toContain(SECRET.toString(form))
      expect(text).not.toContain(inspect(SECRET).slice(8, 30))
    }
  })

  it('tells how many keys are active, at the edges of their periods', () => {
    const ring = open(billing({ notBefore: NOW }), other({ notAfter: new Date((NOW + 9) * 1000) }))
    expect([NOW - 1, NOW, NOW + 9, NOW + 10].map((now) => ring.health(now))).toMatchObject([
      { ready: true, keys: 2, activeKeys: 1 },
      { ready: true, keys: 2, activeKeys: 2 },
      { ready: true, keys: 2, activeKeys: 2 },
      { ready: true, keys: 2, activeKeys: 1 },
    ])
    expect(ring.isUsable(NOW)).toBe(true)
    expect(open(billing({ notAfter: NOW - 1 })).isUsable(NOW)).toBe(false)
  })

  it('keeps no way to change a key afterwards', () => {
    const key = open(billing()).find('billing-1', NOW)
    expect(Object.isFrozen(key)).toBe(true)
  })

  it('takes 32 bytes for sha256 and 64 for sha512, and not one less', () => {
    expect(refused(billing({ secret: 'x'.repeat(32) }))).toBeUndefined()
    expect(refused(billing({ secret: 'x'.repeat(31) }))).toBe('keys[0].secret')
    expect(refused(billing({ algorithm: 'sha512', secret: 'x'.repeat(64) }))).toBeUndefined()
    expect(refused(billing({ algorithm: 'sha512', secret: 'x'.repeat(63) }))).toBe('keys[0].secret')
  })

  it.each(['allowWeakSecret', 'refuseRepeats'] as const)(
    'takes no text for %s: it would not mean what it says',
    (name) => {
      const entry: object = { id: 'a', client: 'a', secret: 'x'.repeat(32), profile: 'body-timestamp', [name]: 'false' }
      expect(() => keyRing([entry as KeyRingEntry])).toThrow(`keys[0].${name} must be true or false`)
    },
  )

  it('takes a weak secret only where that is said, and warns without telling it', () => {
    const warnings = caughtWarnings()
    expect(refused(billing({ secret: 'hunter2', allowWeakSecret: true }))).toBeUndefined()
    expect(warnings).toEqual(['the secret of key billing-1 has fewer than 32 bytes: it may be guessed'])
  })

  it('warns of the profile body-timestamp', () => {
    const warnings = caughtWarnings()
    open({ ...billing(), profile: 'body-timestamp' })
    expect(warnings).toEqual([expect.stringContaining('key billing-1 uses the profile body-timestamp')])
  })

  it('holds at most four keys of the profile body-timestamp', () => {
    caughtWarnings()
    expect(open(weak('a'), weak('b'), weak('c'), weak('d'), billing()).bodyTimestampKeys(NOW)).toHaveLength(4)
    expect(refused(weak('a'), weak('b'), weak('c'), weak('d'), weak('e'))).toBe('keys')
  })

  it.each<[string, KeyRingEntry[]]>([
    ['keys', []],
    ['keys[0].id', [billing({ id: '' })]],
    ['keys[0].id', [billing({ id: 'a b' })]],
    ['keys[0].id', [billing({ id: 'x'.repeat(129) })]],
    ['keys[1].id', [billing(), other({ id: 'billing-1' })]],
    ['keys[0].client', [billing({ client: '' })]],
    ['keys[0].secret', [billing({ secret: '' })]],
    ['keys[0].secret', [billing({ secret: new Uint8Array(32) })]],
    ['keys[0].roles', [billing({ roles: ['a', 'a'] })]],
    ['keys[0].roles[0]', [billing({ roles: [''] })]],
    ['keys[0].scopes[0]', [billing({ scopes: [' '] })]],
    ['keys[0].notBefore', [billing({ notBefore: Number.NaN })]],
    ['keys[0].notAfter', [billing({ notAfter: -1 })]],
    ['keys[0].notAfter', [billing({ notAfter: NOW * 1000 })]],
    ['keys[0].methods', [billing({ methods: ['POST'] })]],
    ['keys[0].paths', [billing({ paths: ['/'] })]],
    ['keys[0].refuseRepeats', [billing({ refuseRepeats: true })]],
    ['keys[0].algorithm', [{ ...weak('a'), algorithm: 'sha512' }]],
    ['keys[0].methods', [{ ...weak('a'), methods: [] }]],
    // @ts-expect-error no such algorithm
    ['keys[0].algorithm', [billing({ algorithm: 'md5' })]],
    // @ts-expect-error no such profile
    ['keys[0].profile', [billing({ profile: 'webhook' })]],
    // @ts-expect-error a misspelt option does not compile
    ['keys[0].notafter', [billing({ notafter: NOW })]],
    // @ts-expect-error roles are a list
    ['keys[0].roles', [billing({ roles: 'admin' })]],
  ])('names %s', (option, entries) => {
    caughtWarnings()
    expect(refused(...entries)).toBe(option)
  })

  it.each([
    ['equal secrets', SECRET, SECRET],
    ['a secret and itself with a zero byte behind', SECRET, Buffer.concat([SECRET, Buffer.alloc(1)])],
    [
      'a long secret and its SHA-256, which is the same key to HMAC-SHA-256',
      LONG,
      createHash('sha256').update(LONG).digest(),
    ],
  ])('refuses two ids with %s', (_, left, right) => {
    expect(refused(billing({ secret: left }), other({ secret: right }))).toBe('keys[1].secret')
    expect(refused(billing({ secret: right }), other({ secret: left }))).toBe('keys[1].secret')
  })

  it('refuses a secret that would serve both profiles', () => {
    caughtWarnings()
    expect(refused(billing(), other({ secret: SECRET, profile: 'body-timestamp' }))).toBe('keys[1].secret')
  })
})
