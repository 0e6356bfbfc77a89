import { describe, expect, it } from 'vitest'
import { desk } from '../kit.js'

const at = desk()
let files = 0

async function prepared(): Promise<string[]> {
  const file = ['--key-file', `keys-${++files}.json`]
  await at.ok(['keys', 'create', 'a-1', '--client', 'a', ...file])
  await at.ok(['keys', 'create', 'a-2', '--client', 'a', ...file])
  await at.ok(['keys', 'create', 'b-1', '--client', 'b', ...file])
  await at.ok(['keys', 'create', 'main', '--algorithm', 'EdDSA', ...file])
  return file
}

const statuses = (file: readonly string[]) => at.keyFile(file[1]).keys.map(({ id, status }) => [id, status])

describe('keys retire', () => {
  it('ends a key at once, whatever its window', async () => {
    const file = await prepared()
    expect(await at.json(['keys', 'retire', 'a-1', ...file])).toMatchObject({
      retired: { id: 'a-1', state: 'deactivated' },
    })
    expect(statuses(file)).toEqual([
      ['a-1', 'deactivated'],
      ['a-2', undefined],
      ['b-1', undefined],
    ])
  })

  it('says that a key is compromised, and never takes that back', async () => {
    const file = await prepared()
    await at.ok(['keys', 'retire', 'a-1', '--compromised', ...file])
    await at.ok(['keys', 'retire', 'a-1', ...file])
    expect(statuses(file)[0]).toEqual(['a-1', 'compromised'])
  })

  it('takes a key out of the file where it is told to', async () => {
    const file = await prepared()
    expect(await at.json(['keys', 'retire', 'a-1', '--remove', ...file])).toMatchObject({ removed: { id: 'a-1' } })
    expect(statuses(file).map(([id]) => id)).toEqual(['a-2', 'b-1'])
    await at.ok(['keys', 'retire', 'main', '--remove', '--force', ...file])
    expect(at.keyFile(file[1]).signingKeys).toEqual([])
  })

  it.each([
    ['b-1', 'the last active key of b'],
    ['main', 'the last active signing key'],
  ])('refuses %s, %s, unless forced', async (id, problem) => {
    const file = await prepared()
    const before = at.read(file[1] ?? '')
    expect(await at.run(['keys', 'retire', id, ...file])).toMatchObject({
      code: 1,
      err: expect.stringContaining(problem),
    })
    expect(at.read(file[1] ?? '')).toBe(before)
    await at.ok(['keys', 'retire', id, '--force', ...file])
  })

  it('counts neither keys that wait nor keys that ended as active', async () => {
    const file = ['--key-file', `keys-${++files}.json`]
    await at.ok(['keys', 'create', 'a-1', '--client', 'a', ...file])
    await at.ok(['keys', 'create', 'a-2', '--client', 'a', '--not-before', '+1h', ...file])
    expect((await at.run(['keys', 'retire', 'a-1', ...file])).code).toBe(1)
    at.now += 3600
    await at.ok(['keys', 'retire', 'a-1', ...file])
    expect((await at.run(['keys', 'retire', 'a-2', ...file])).code).toBe(1)
    // The last one may be ended again: nothing gets worse.
    await at.ok(['keys', 'retire', 'a-1', ...file])
  })

  it('ends a compromised key even where it is the last', async () => {
    const file = await prepared()
    await at.ok(['keys', 'retire', 'b-1', '--compromised', ...file])
    expect(statuses(file)[2]).toEqual(['b-1', 'compromised'])
  })

  it('refuses an unknown id without repeating it, and --remove with --compromised', async () => {
    const file = await prepared()
    const unknown = await at.run(['keys', 'retire', 'hunter2', ...file])
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('It has: a-1, a-2, b-1, main.') })
    expect(unknown.err).not.toContain('hunter2')
    expect((await at.run(['keys', 'retire', 'a-1', '--remove', '--compromised', ...file])).code).toBe(2)
  })
})
