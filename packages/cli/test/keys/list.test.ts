import { describe, expect, it } from 'vitest'
import { desk, NOW } from '../kit.js'

const at = desk()
const keys = ['--key-file', 'keys.json']

describe('keys list', () => {
  it('shows ids, clients, states, windows and thumbprints', async () => {
    await at.ok(['keys', 'create', 'a-1', '--client', 'a', '--not-after', '+1h', ...keys])
    await at.ok(['keys', 'create', 'a-2', '--client', 'a', '--not-before', '+1h', ...keys])
    await at.ok(['keys', 'create', 'main', '--algorithm', 'EdDSA', ...keys])
    await at.ok(['keys', 'create', 'old', '--algorithm', 'EdDSA', ...keys])
    await at.ok(['keys', 'retire', 'old', '--compromised', ...keys])
    const thumbprint = expect.stringMatching(/^[A-Za-z0-9_-]{43}$/)
    expect(await at.json(['keys', 'list', ...keys])).toEqual({
      keys: [
        {
          id: 'a-1',
          use: 'requests',
          algorithm: 'sha256',
          client: 'a',
          profile: 'request',
          state: 'active',
          notAfter: '2026-11-22T13:00:00Z',
          secret: 'in the clear',
        },
        {
          id: 'a-2',
          use: 'requests',
          algorithm: 'sha256',
          client: 'a',
          profile: 'request',
          state: 'pre-active',
          notBefore: '2026-11-22T13:00:00Z',
          secret: 'in the clear',
        },
        { id: 'main', use: 'tokens', algorithm: 'EdDSA', state: 'active', secret: 'in the clear', thumbprint },
        { id: 'old', use: 'tokens', algorithm: 'EdDSA', state: 'compromised', secret: 'in the clear', thumbprint },
      ],
    })
  })

  it('tells the state as of now: both ends are inside', async () => {
    const states = async (now: number) => {
      at.now = now
      const { keys: described } = (await at.json(['keys', 'list', ...keys])) as { keys: { state: string }[] }
      return described.slice(0, 2).map(({ state }) => state)
    }
    expect(await states(NOW + 3599)).toEqual(['active', 'pre-active'])
    expect(await states(NOW + 3600)).toEqual(['active', 'active'])
    expect(await states(NOW + 3601)).toEqual(['deactivated', 'active'])
    at.now = NOW
  })

  it('has colours on a terminal', async () => {
    const plain = await at.ok(['keys', 'list', ...keys])
    const coloured = await at.ok(['keys', 'list', ...keys], { isTty: true })
    expect(plain).not.toContain('\u001b')
    expect(coloured).toContain('\u001b[32mactive\u001b[39m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours.
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(plain)
  })

  it('says so where there are none', async () => {
    at.write('none.json', '{"version":1,"keys":[]}')
    expect(await at.ok(['keys', 'list', '--key-file', 'none.json'])).toBe('There are no keys.\n')
    expect(await at.json(['keys', 'list', '--key-file', 'none.json'])).toEqual({ keys: [] })
  })

  it.each([
    ['not JSON', '{"version":1,"keys":[{"id":"hunter2"', 'The key file is not accepted: key file is not JSON'],
    ['another version', '{"version":2,"keys":[]}', 'version must be 1'],
    [
      'a misspelt member',
      '{"version":1,"keys":[{"id":"a","client":"a","secret":{"base64url":"aHVudGVyMg"},"notafter":"hunter2"}]}',
      'notafter is not known',
    ],
  ])('refuses a file that is %s, and repeats no value of it', async (_, text, problem) => {
    at.write('bad.json', text)
    const { code, err } = await at.run(['keys', 'list', '--key-file', 'bad.json'])
    expect(code).toBe(1)
    expect(err).toContain(problem)
    expect(err).not.toMatch(/hunter2|aHVudGVyMg/)
  })

  it('refuses what is no file', async () => {
    expect(await at.run(['keys', 'list', '--key-file', '.'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('it is a folder'),
    })
  })
})
