import assert from 'node:assert/strict'
import { allowed, refused } from '../expectation.js'
import { mint } from '../foreign/mint.js'
import { configurationProbe, type Probe, probe } from '../probe.js'
import { asUser, withToken } from '../requests.js'
import { es256Issuer, verifierOf } from './decide.js'

const MOST_TOKEN_BYTES = 8192

/** A good token of an exact length: a header parameter fills what a claim cannot, for base64url skips every fourth length. */
function tokenOf(length: number): string {
  for (let filler = 0; filler < 3; filler++) {
    const header = { x: 'x'.repeat(filler) }
    const least = mint({ pad: '' }, { header }).length
    const pad = Math.floor(((length - least) * 3) / 4)
    for (const characters of [pad - 1, pad, pad + 1, pad + 2]) {
      const token = mint({ pad: 'p'.repeat(characters) }, { header })
      if (token.length === length) return token
    }
  }
  throw new Error(`no token has ${length} characters`)
}

export const LIMITS: readonly Probe[] = [
  probe('L01', 'a token of 8192 bytes is accepted and one byte more is not', async (target) => {
    await target.send(withToken('/echo', tokenOf(MOST_TOKEN_BYTES)), allowed('user-1'))
    await target.send(withToken('/echo', tokenOf(MOST_TOKEN_BYTES + 1)), refused('token_too_large'))
  }),
  probe('L02', 'a token of nothing but dots is refused', async (target) => {
    await target.send(withToken('/echo', '.'.repeat(MOST_TOKEN_BYTES)), refused('token_malformed'))
    await target.send(withToken('/echo', '.'.repeat(MOST_TOKEN_BYTES + 1)), refused('token_too_large'))
  }),
  configurationProbe('L08', 'an issuer or audience that is no string stops the start', () => {
    for (const value of [/target/, /t/g, ['target'], () => true, {}, 1, true]) {
      const text = value as unknown as string
      assert.throws(() => verifierOf({ bearer: {}, options: { audience: text } }), { name: 'ConfigurationError' })
      assert.throws(() => verifierOf({ issuers: [es256Issuer({ issuer: text })] }), { name: 'ConfigurationError' })
      assert.throws(() => verifierOf({ issuers: [es256Issuer({ audience: text })] }), { name: 'ConfigurationError' })
    }
  }),
  probe('L10', 'lists as long as a token can carry are looked through', async (target) => {
    const many = Array.from({ length: 1000 }, (_, index) => index.toString(36))
    await target.send(asUser('/admin', { roles: many }), refused('role_missing'))
    await target.send(asUser('/admin', { roles: [...many.slice(0, 990), 'admin'] }), allowed('user-1'))
    await target.send(asUser('/echo', { aud: many }), refused('audience_invalid'))
    await target.send(asUser('/scoped', { scope: many.join(' ') }), refused('scope_missing'))
    await target.send(asUser('/scoped', { scope: ' '.repeat(5500) }), refused('scope_missing'))
  }),
]
