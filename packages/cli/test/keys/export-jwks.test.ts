import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { desk } from '../kit.js'

const at = desk()
const keys = ['--key-file', 'keys.json']

describe('keys export-jwks', () => {
  it('prints the public halves of keys that sign or will sign, and nothing else', async () => {
    await at.ok(['keys', 'create', 'billing-1', '--client', 'billing', ...keys])
    for (const [kid, algorithm] of [
      ['rsa', 'RS256'],
      ['pss', 'PS256'],
      ['ec', 'ES256'],
      ['ed', 'EdDSA'],
    ]) {
      await at.ok(['keys', 'create', kid ?? '', '--algorithm', algorithm ?? '', ...keys])
    }
    await at.ok(['keys', 'create', 'next', '--algorithm', 'ES256', '--not-before', '+1h', ...keys])
    await at.ok(['keys', 'create', 'ended', '--algorithm', 'ES256', ...keys])
    await at.ok(['keys', 'retire', 'ended', ...keys])
    const text = await at.ok(['keys', 'export-jwks', ...keys])
    const { keys: jwks } = JSON.parse(text) as { keys: (JsonWebKey & { kid: string; alg: string; use: string })[] }
    expect(jwks.map(({ kid, alg, use }) => [kid, alg, use])).toEqual([
      ['rsa', 'RS256', 'sig'],
      ['pss', 'PS256', 'sig'],
      ['ec', 'ES256', 'sig'],
      ['ed', 'EdDSA', 'sig'],
      ['next', 'ES256', 'sig'],
    ])
    for (const key of jwks) {
      expect(Object.keys(key).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(name))).toEqual([])
      expect(createPublicKey({ key, format: 'jwk' }).type).toBe('public')
    }
    expect(await at.json(['keys', 'export-jwks', ...keys])).toEqual({ keys: jwks })
  })

  it('prints an empty set where there is none', async () => {
    at.write('none.json', '{"version":1,"keys":[]}')
    expect(await at.json(['keys', 'export-jwks', '--key-file', 'none.json'])).toEqual({ keys: [] })
  })
})
