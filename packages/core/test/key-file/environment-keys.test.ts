import { describe, expect, it } from 'vitest'
import { type EnvironmentKeysOptions, environmentKeys } from '../../src/index.js'
import { bearing, bench, issuer, now, optionOf, signed, token, word } from '../kit.js'
import { bytesOf, entry, file, KEK_TEXT, sealedEntry, signingEntry } from './kit.js'

const standOn = (options: EnvironmentKeysOptions) => {
  const keys = environmentKeys(options)
  return bench({ bearer: { issuers: [issuer({ keys: keys.verificationKeys })] }, hmac: { keys } })
}

describe('environmentKeys', () => {
  it('reads a key file out of a variable, at once', () => {
    const COUNTERSIGN_KEYS = JSON.stringify(file([entry('a')], [signingEntry('ES256'), signingEntry('RS256')]))
    const { verifier } = standOn({ environment: { COUNTERSIGN_KEYS } })
    const request = signed({ keyId: 'a', secret: bytesOf('a') })
    expect(word(now(verifier.verify(request, 'authenticated')))).toBe('allow')
    expect(word(now(verifier.verify(bearing(token()), 'authenticated')))).toBe('allow')
  })

  it('opens sealed secrets, from a variable of another name', () => {
    const environment = { KEYS: JSON.stringify(file([sealedEntry('a')], [signingEntry('ES256')])), KEK: KEK_TEXT }
    const { verifier } = standOn({ environment, variable: 'KEYS', kek: { id: 'main', environment: 'KEK' } })
    expect(word(now(verifier.verify(signed({ keyId: 'a', secret: bytesOf('a') }), 'authenticated')))).toBe('allow')
  })

  it.each<[string, string | undefined]>([
    ['COUNTERSIGN_KEYS', undefined],
    ['COUNTERSIGN_KEYS', ''],
    ['COUNTERSIGN_KEYS', '{'],
    ['COUNTERSIGN_KEYS', '{"version":1,"keys":[],"keys":[]}'],
    ['keys[0].client', '{"version":1,"keys":[{"id":"a","secret":{"base64url":"AAAA"}}]}'],
    ['keys[0].client', JSON.stringify(file([{ ...sealedEntry('a'), client: undefined } as never]))],
    ['keys[0].secret', JSON.stringify(file([sealedEntry('a')]))],
  ])('stops the service at start, naming %s: %#', (option, text) => {
    expect(optionOf(() => standOn({ environment: { COUNTERSIGN_KEYS: text } }))).toBe(option)
  })

  it('checks its options', () => {
    expect(optionOf(() => environmentKeys({ variable: '' }))).toBe('environmentKeys.variable')
    expect(optionOf(() => environmentKeys({ name: 'X' } as object))).toBe('environmentKeys.name')
    expect(optionOf(() => environmentKeys({ kek: { id: 'a' } as never }))).toBe('environmentKeys.kek[0]')
  })
})
