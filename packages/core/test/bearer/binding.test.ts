import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RequestView } from '../../src/index.js'
import { bearing, bench, issuer, optionOf, token, view } from '../kit.js'

/** Not looked into where a token is bound to it. */
const CERTIFICATE = Buffer.from('a certificate')
const THUMBPRINT = createHash('sha256').update(CERTIFICATE).digest('base64url')
const bound = { cnf: { 'x5t#S256': THUMBPRINT } }

function over(claims: object, raw?: Uint8Array, more: Partial<RequestView> = {}): RequestView {
  const request = bearing(token({ ...claims }))
  return raw === undefined
    ? { ...request, ...more }
    : { ...request, peerCertificate: { raw, isAuthorized: false }, ...more }
}

describe('a token bound to a certificate (RFC 8705 section 3)', () => {
  it('is good over a connection of that certificate, whoever issued it', async () => {
    const { verdict } = bench()
    expect(await verdict(over(bound, CERTIFICATE))).toBe('allow')
  })

  it('is refused without it, and with another, also where no certificates are asked for', async () => {
    const { verdict, audit } = bench()
    expect(await verdict(over(bound))).toBe('binding_invalid')
    expect(await verdict(over(bound, Buffer.from('another')))).toBe('binding_invalid')
    expect(audit.records[0]).toMatchObject({ scheme: 'bearer', reason: 'binding_invalid', status: 401 })
  })

  it('is looked at anew at each use: what was verified over one connection is not verified over the next', async () => {
    const { verdict } = bench()
    for (const expected of ['allow', 'binding_invalid', 'allow', 'binding_invalid'])
      expect(await verdict(over(bound, expected === 'allow' ? CERTIFICATE : undefined))).toBe(expected)
  })

  it('says so as a Bearer error', async () => {
    const { verifier } = bench({ hmac: null })
    const decision = await verifier.verify(over(bound), 'authenticated')
    expect(decision).toMatchObject({
      reply: { headers: { 'www-authenticate': expect.stringContaining('invalid_token') } },
    })
  })

  it('takes what a listed proxy forwards, and refuses the field from others', async () => {
    const { verdict } = bench({ verifier: { tlsProxies: ['10.0.0.7'] } })
    const forwarding = (remoteAddress: string, claims: object = bound) => {
      const { rawHeaders } = over(claims)
      const field = `:${CERTIFICATE.toString('base64')}:`
      return { ...view(), remoteAddress, rawHeaders: [...rawHeaders, 'Client-Cert', field] }
    }
    expect(await verdict(forwarding('10.0.0.7'))).toBe('allow')
    expect(await verdict(forwarding('10.0.0.8'))).toBe('malformed_credentials')
    expect(await verdict({ ...over(bound, CERTIFICATE), remoteAddress: '10.0.0.7' })).toBe('binding_invalid')
    // Of a token that is bound to nothing nobody looks at certificates.
    expect(await verdict(forwarding('10.0.0.8', {}))).toBe('allow')
  })

  it('the binding is told only of a token that holds otherwise', async () => {
    const { verdict } = bench()
    expect(await verdict(bearing(`${token(bound).slice(0, -4)}AAAA`))).toBe('signature_invalid')
    expect(await verdict(over({ ...bound, exp: 1 }))).toBe('token_expired')
  })
})

describe('a token bound to what cannot be checked here', () => {
  it.each<[string, unknown]>([
    ['a DPoP key, sent as Bearer (RFC 9449 section 7.2)', { jkt: THUMBPRINT }],
    ['a DPoP key beside the certificate', { 'x5t#S256': THUMBPRINT, jkt: THUMBPRINT }],
    ['a key', { jwk: { kty: 'EC' } }],
    ['a key id', { kid: 'a' }],
    ['a SHA-1 thumbprint', { x5t: THUMBPRINT }],
    ['nothing that is named', {}],
    ['null', null],
    ['a text', THUMBPRINT],
    ['a list', [THUMBPRINT]],
    ['false', false],
    ['a thumbprint that is no text', { 'x5t#S256': [THUMBPRINT] }],
    ['an empty thumbprint', { 'x5t#S256': '' }],
    ['a thumbprint with padding', { 'x5t#S256': `${THUMBPRINT}=` }],
    ['a thumbprint in hexadecimal', { 'x5t#S256': createHash('sha256').update(CERTIFICATE).digest('hex') }],
  ])('is refused: %s', async (_, cnf) => {
    expect(await bench().verdict(over({ cnf }, CERTIFICATE))).toBe('binding_invalid')
  })

  it('whatever cnf is, only the thumbprint of the connection will do', async () => {
    const { verdict } = bench({ bearer: { tokenCacheEntries: 0 } })
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (cnf) => {
        // A token may not have certain names at all.
        const refused = expect.stringMatching(/^(?:binding_invalid|token_malformed)$/)
        expect(await verdict(over({ cnf }, CERTIFICATE))).toEqual(refused)
        expect(await verdict(over({ cnf: { 'x5t#S256': cnf } }, CERTIFICATE))).toEqual(refused)
      }),
    )
  })
})

describe('certificateBinding', () => {
  const required = bench({ bearer: { issuers: [issuer({ certificateBinding: 'required' })] } })

  it('required refuses a token that is bound to nothing', async () => {
    expect(await required.verdict(over({}, CERTIFICATE))).toBe('binding_invalid')
    expect(await required.verdict(over(bound, CERTIFICATE))).toBe('allow')
    expect(await required.verdict(over(bound))).toBe('binding_invalid')
  })

  it.each([[true], [null], ['none'], ['']])('%j is none', (certificateBinding) => {
    const issuers = [issuer({ certificateBinding: certificateBinding as 'required' })]
    expect(optionOf(() => bench({ bearer: { issuers } }))).toMatch(/certificateBinding$/)
  })
})
