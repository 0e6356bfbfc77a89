import { toKeyRingEntry } from '@countersign/core/key-file'
import { describe, expect, it } from 'vitest'
import { desk, NOW } from '../kit.js'

const at = desk()
let files = 0

async function prepared(...args: readonly string[]): Promise<string[]> {
  const file = `keys-${++files}.json`
  await at.ok([
    'keys',
    'create',
    'billing-2026-11',
    '--client',
    'billing',
    '--role',
    'orders:write',
    '--key-file',
    file,
    ...args,
  ])
  return ['--key-file', file]
}

describe('keys rotate', () => {
  it('adds the successor from now on and lets the old key go on for a day', async () => {
    const file = await prepared()
    await at.ok(['keys', 'rotate', 'billing-2026-11', '--new-id', 'billing-2026-12', ...file])
    const [old, next] = at.keyFile(file[1]).keys
    expect(old).toMatchObject({ id: 'billing-2026-11', notAfter: '2026-11-23T12:00:00Z' })
    expect(next).toMatchObject({
      id: 'billing-2026-12',
      client: 'billing',
      roles: ['orders:write'],
      algorithm: 'sha256',
      notBefore: '2026-11-22T12:00:00Z',
    })
    expect(next).not.toHaveProperty('notAfter')
    expect(old && toKeyRingEntry(old).secret).not.toEqual(next && toKeyRingEntry(next).secret)
  })

  it('takes beginning, overlap and end from the options', async () => {
    const file = await prepared()
    await at.ok([
      'keys',
      'rotate',
      'billing-2026-11',
      '--at',
      '2026-12-01T12:00:00Z',
      '--overlap',
      '1h',
      '--not-after',
      '2027-01-01T00:00:00Z',
      '--secret-out',
      'next.hex',
      ...file,
    ])
    const [old, next] = at.keyFile(file[1]).keys
    expect(old?.notAfter).toBe('2026-12-01T13:00:00Z')
    expect(next).toMatchObject({
      id: 'billing-2026-12',
      notBefore: '2026-12-01T12:00:00Z',
      notAfter: '2027-01-01T00:00:00Z',
    })
    expect(next && Buffer.from(toKeyRingEntry(next).secret).toString('hex')).toBe(at.read('next.hex').trim())
  })

  it('never leaves a moment without an active key', async () => {
    const file = await prepared()
    await at.ok(['keys', 'rotate', 'billing-2026-11', '--at', '+1h', '--overlap', '0s', ...file])
    for (const now of [NOW, NOW + 3599, NOW + 3600, NOW + 3601]) {
      at.now = now
      const { keys } = (await at.json(['keys', 'list', ...file])) as { keys: { state: string }[] }
      expect(keys.some(({ state }) => state === 'active')).toBe(true)
    }
    at.now = NOW
  })

  it('keeps an earlier end of the old key, and refuses a gap before the successor', async () => {
    const file = await prepared('--not-after', '+2h')
    const gap = await at.run(['keys', 'rotate', 'billing-2026-11', '--at', '+3h', ...file])
    expect(gap).toMatchObject({
      code: 1,
      err: expect.stringMatching(/nothing would be accepted in between.*\n.*--at 2026-11-22T14:00:00Z/),
    })
    await at.ok(['keys', 'rotate', 'billing-2026-11', '--at', '+2h', '--overlap', '24h', ...file])
    expect(at.keyFile(file[1]).keys[0]?.notAfter).toBe('2026-11-22T14:00:00Z')
  })

  it('rotates a key pair: another key, the same algorithm', async () => {
    const file = `keys-${++files}.json`
    await at.ok(['keys', 'create', 'main-1', '--algorithm', 'PS256', '--key-file', file])
    const { successor, predecessor } = (await at.json(['keys', 'rotate', 'main-1', '--key-file', file])) as Record<
      string,
      Record<string, unknown>
    >
    expect(successor).toMatchObject({
      id: 'main-2',
      use: 'tokens',
      algorithm: 'PS256',
      state: 'active',
      notBefore: '2026-11-22T12:00:00Z',
    })
    expect(predecessor).toMatchObject({ id: 'main-1', state: 'active', notAfter: '2026-11-23T12:00:00Z' })
    expect(successor?.['thumbprint']).not.toBe(predecessor?.['thumbprint'])
  })

  it('leaves the other keys as they are', async () => {
    const file = await prepared()
    await at.ok(['keys', 'create', 'other', '--client', 'other', ...file])
    const before = at.keyFile(file[1]).keys[1]
    await at.ok(['keys', 'rotate', 'billing-2026-11', ...file])
    expect(at.keyFile(file[1]).keys[1]).toEqual(before)
  })

  it('does not carry a weak secret on', async () => {
    const file = [`--key-file`, `keys-${++files}.json`]
    await at.ok(
      [
        'keys',
        'import',
        'hook-1',
        '--client',
        'shop',
        '--profile',
        'body-timestamp',
        '--secret-stdin',
        '--allow-weak-secret',
        ...file,
      ],
      { stdin: 'clave-secreta' },
    )
    await at.ok(['keys', 'rotate', 'hook-1', ...file])
    const next = at.keyFile(file[1]).keys[1]
    expect(next).toMatchObject({ id: 'hook-2', profile: 'body-timestamp' })
    expect(next).not.toHaveProperty('allowWeakSecret')
    expect(next && toKeyRingEntry(next).secret).toHaveLength(32)
  })

  it.each([
    ['a key that is not there', ['unknown'], /no key of that id.*\n.*It has: billing-2026-11\./],
    ['an id that is taken', ['billing-2026-11', '--new-id', 'billing-2026-11'], /has a key of that id already/],
  ])('refuses %s', async (_, args, problem) => {
    const file = await prepared()
    const before = at.read(file[1] ?? '')
    expect(await at.run(['keys', 'rotate', ...args, ...file])).toMatchObject({
      code: 1,
      err: expect.stringMatching(problem),
    })
    expect(at.read(file[1] ?? '')).toBe(before)
  })

  it('refuses a key that is not active', async () => {
    const file = await prepared()
    await at.ok(['keys', 'retire', 'billing-2026-11', '--force', ...file])
    expect(await at.run(['keys', 'rotate', 'billing-2026-11', ...file])).toMatchObject({
      code: 1,
      err: expect.stringContaining('The key is deactivated'),
    })
  })

  it('refuses where there is no file', async () => {
    expect(await at.run(['keys', 'rotate', 'a', '--key-file', 'absent.json'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is none of that name'),
    })
  })
})
