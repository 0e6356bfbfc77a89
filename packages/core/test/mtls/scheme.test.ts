import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  bearer,
  createVerifier,
  hmac,
  KEY_CHANNEL,
  keyRing,
  type MutualTlsOptions,
  memoryReplayStore,
  memoryRevocation,
  mutualTls,
  type Policy,
  type RequestView,
  type VerifierOptions,
} from '../../src/index.js'
import {
  AUDIENCE,
  bearing,
  billing,
  hmacHeaders,
  issuer,
  Ledger,
  NOW,
  now,
  optionOf,
  token,
  view,
  word,
} from '../kit.js'
import {
  Authority,
  BASIC_CONSTRAINTS,
  extension,
  type Issued,
  KEY_USAGE,
  NOT_AFTER,
  NOT_BEFORE,
  type Wanted,
} from './certificates.js'

const BILLING = 'spiffe://example.org/billing'
const GATEWAY = 'spiffe://example.org/gateway'
const OPTIONS: MutualTlsOptions = {
  identity: 'spiffe',
  clients: [
    { name: BILLING, client: 'billing', roles: ['orders:write'], scopes: ['orders'] },
    { name: GATEWAY, client: 'gateway', roles: ['gateway'] },
  ],
}

let ca: Authority
let good: Issued
beforeAll(async () => {
  ca = await Authority.create('O=Example,CN=CA')
  good = await ca.issue({ uris: [BILLING] })
})

const thumbprint = ({ raw }: Issued) => createHash('sha256').update(raw).digest('base64url')

function over(issued: Issued | undefined, parts: Partial<RequestView> = {}, isAuthorized = true): RequestView {
  const peerCertificate = issued && { raw: issued.raw, isAuthorized }
  return { ...view(), remoteAddress: '192.0.2.9', ...(peerCertificate && { peerCertificate }), ...parts }
}

function setUp(options: Partial<MutualTlsOptions> = {}, more: Partial<VerifierOptions> = {}) {
  const audit = new Ledger()
  const clock = { now: NOW }
  const verifier = createVerifier({
    audience: AUDIENCE,
    schemes: [
      bearer({ issuers: [issuer()] }),
      hmac({ keys: keyRing([billing()]), replay: memoryReplayStore() }),
      mutualTls({ ...OPTIONS, ...options }),
    ],
    audit,
    clock: () => clock.now,
    ...more,
  })
  const verdict = async (request: RequestView, policy: Policy = 'authenticated') => {
    return word(await verifier.verify(request, policy))
  }
  return { verifier, audit, clock, verdict }
}

const verdictOn = async (wanted: Wanted, options: Partial<MutualTlsOptions> = {}) => {
  return setUp(options).verdict(over(await ca.issue(wanted)))
}

describe('a client certificate', () => {
  it('makes its holder the principal, with the roles of the list', () => {
    const { verifier, audit } = setUp()
    const decision = now(
      verifier.verify(over(good), { scheme: 'mtls', anyRole: ['orders:write'], anyScope: ['orders'] }),
    )
    expect(decision).toMatchObject({
      outcome: 'allow',
      auth: { principal: { id: 'billing', scheme: 'mtls', keyId: thumbprint(good), expiresAt: NOT_AFTER } },
    })
    expect(audit.records).toMatchObject([
      { outcome: 'allow', scheme: 'mtls', principal: 'billing', keyId: thumbprint(good) },
    ])
  })

  it('is no credential where there is none', async () => {
    const { verdict } = setUp()
    expect(await verdict(over(undefined))).toBe('missing_credentials')
    expect(await verdict(over(undefined), 'optional')).toBe('allow')
  })

  it('that TLS did not accept is refused, whoever it names, and not taken for none', async () => {
    const { verdict, audit } = setUp()
    expect(await verdict(over(good, {}, false))).toBe('certificate_invalid')
    expect(await verdict(over(good, {}, false), 'optional')).toBe('certificate_invalid')
    expect(await verdict(over(good, { rawHeaders: bearing(token()).rawHeaders }, false))).toBe('certificate_invalid')
    expect(await verdict(over(good))).toBe('allow')
    expect(audit.records[0]).toMatchObject({ scheme: 'mtls', keyId: thumbprint(good), reason: 'certificate_invalid' })
  })

  it('of nobody on the list is refused, and so is one without a name of the kind asked for', async () => {
    expect(await verdictOn({ uris: ['spiffe://example.org/stranger'] })).toBe('certificate_unknown')
    expect(await verdictOn({ dnsNames: ['billing.example.org'] })).toBe('certificate_invalid')
    expect(await verdictOn({ subject: `CN=${BILLING}` })).toBe('certificate_invalid')
  })

  it('is good in its first and its last second by the clock here, and not beyond', async () => {
    const { verdict, clock } = setUp()
    const at = (moment: number) => {
      clock.now = moment
      return verdict(over(good))
    }
    expect([await at(NOT_BEFORE), await at(NOT_AFTER)]).toEqual(['allow', 'allow'])
    expect([await at(NOT_BEFORE - 1), await at(NOT_AFTER + 1)]).toEqual([
      'certificate_inactive',
      'certificate_inactive',
    ])
  })

  it('can be revoked by its thumbprint, and by its issuer and serial number', async () => {
    const other = await ca.issue({ uris: [BILLING], serialNumber: '77' })
    const revocation = memoryRevocation()
    const { verdict } = setUp({}, { revocation })
    expect([await verdict(over(good)), await verdict(over(other))]).toEqual(['allow', 'allow'])
    revocation.revoke({ scheme: 'mtls', keyId: thumbprint(good) })
    expect([await verdict(over(good)), await verdict(over(other))]).toEqual(['certificate_inactive', 'allow'])
    revocation.revoke({ issuer: 'CN=Another', tokenId: '77', expiresAt: NOT_AFTER })
    expect(await verdict(over(other))).toBe('allow')
    revocation.revoke({ issuer: 'CN=CA,O=Example', tokenId: '77', expiresAt: NOT_AFTER })
    expect(await verdict(over(other))).toBe('certificate_inactive')
  })

  it('is refused with 503 while nobody can say whether it was revoked', async () => {
    const isRevoked = () => Promise.reject(new Error('down'))
    expect(await setUp({}, { revocation: { isRevoked } }).verdict(over(good))).toBe('revocation_unavailable')
  })

  it('is told of when it is used, and warned of near its end', async () => {
    const events: unknown[] = []
    const listen = (event: unknown) => void events.push(event)
    subscribe(KEY_CHANNEL, listen)
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    onTestFinished(() => {
      unsubscribe(KEY_CHANNEL, listen)
      warnings.mockRestore()
    })
    const { verdict, clock } = setUp()
    await verdict(over(good))
    expect(events).toMatchObject([{ event: 'key.used', id: thumbprint(good), client: 'billing', state: 'active' }])
    expect(warnings).not.toHaveBeenCalled()
    clock.now = NOT_AFTER - 3600
    await verdict(over(good))
    clock.now = NOT_AFTER + 1
    await verdict(over(good))
    expect(events.slice(1)).toMatchObject([{ state: 'active' }, { state: 'deactivated' }])
    expect(warnings.mock.calls.map(([text]) => text)).toEqual([
      `key ${thumbprint(good)} of billing is still used and ends in 60 minutes`,
    ])
  })

  it('is not that of a CA, nor of a key that vouches for others', async () => {
    const caBit = extension(BASIC_CONSTRAINTS, '30030101ff', true)
    expect(await verdictOn({ uris: [BILLING], extensions: [caBit] })).toBe('certificate_invalid')
    const signsCertificates = extension(KEY_USAGE, '03020204', true)
    expect(await verdictOn({ uris: [BILLING], extensions: [signsCertificates] })).toBe('certificate_invalid')
    const leaf = [extension(BASIC_CONSTRAINTS, '3000', true), extension(KEY_USAGE, '03020780', true)]
    expect(await verdictOn({ uris: [BILLING], extensions: leaf })).toBe('allow')
  })

  it.each<[string, (raw: Buffer) => Uint8Array]>([
    ['with bytes behind it', (raw) => Buffer.concat([raw, Buffer.from([0])])],
    ['twice', (raw) => Buffer.concat([raw, raw])],
    ['in PEM', () => Buffer.from(good.cert)],
    ['cut short', (raw) => raw.subarray(0, -1)],
    ['empty', () => Buffer.alloc(0)],
    ['that is none', () => Buffer.from('no certificate')],
  ])('%s is refused', async (_, change) => {
    const peerCertificate = { raw: change(good.raw), isAuthorized: true }
    expect(await setUp().verdict(over(good, { peerCertificate }))).toBe('certificate_invalid')
  })
})

describe('by SPIFFE ID', () => {
  it.each<[string, readonly string[], string]>([
    ['one URI', [BILLING], 'allow'],
    ['two SPIFFE IDs (X509-SVID section 5.2)', [BILLING, GATEWAY], 'certificate_invalid'],
    ['the same one twice', [BILLING, BILLING], 'certificate_invalid'],
    ['another URI beside it', [BILLING, 'https://example.org/'], 'certificate_invalid'],
    ['a URI of another kind', ['https://example.org/billing'], 'certificate_invalid'],
    ['another path', [`${BILLING}/x`], 'certificate_unknown'],
    ['a path in another case', ['spiffe://example.org/Billing'], 'certificate_unknown'],
    ['a trust domain that begins like ours', ['spiffe://example.org.evil/billing'], 'certificate_unknown'],
    ['an empty segment', ['spiffe://example.org//billing'], 'certificate_invalid'],
    ['a slash at the end', [`${BILLING}/`], 'certificate_invalid'],
    ['dots', ['spiffe://example.org/x/../billing'], 'certificate_invalid'],
    ['a port', ['spiffe://example.org:443/billing'], 'certificate_invalid'],
    ['user info', ['spiffe://a@example.org/billing'], 'certificate_invalid'],
    ['a query', [`${BILLING}?a`], 'certificate_invalid'],
    ['a fragment', [`${BILLING}#a`], 'certificate_invalid'],
    ['percent-encoding', ['spiffe://example.org/%62illing'], 'certificate_invalid'],
    ['the scheme in upper case', ['SPIFFE://example.org/billing'], 'certificate_invalid'],
    ['no path', ['spiffe://example.org'], 'certificate_invalid'],
  ])('%s', async (_, uris, expected) => {
    expect(await verdictOn({ uris })).toBe(expected)
  })

  it('a DNS name beside it does not matter', async () => {
    expect(await verdictOn({ uris: [BILLING], dnsNames: ['gateway.example.org'] })).toBe('allow')
  })
})

describe('by DNS name', () => {
  const options: MutualTlsOptions = {
    identity: 'dns',
    clients: [
      { name: 'billing.example.org', client: 'billing' },
      { name: 'billing.internal', client: 'billing' },
      { name: 'gateway.example.org', client: 'gateway' },
    ],
  }

  it.each<[string, readonly string[], string]>([
    ['the listed name', ['billing.example.org'], 'allow'],
    ['case does not matter', ['Billing.EXAMPLE.org'], 'allow'],
    ['the listed name among others', ['other.example.org', 'billing.example.org'], 'allow'],
    ['one name twice', ['billing.example.org', 'billing.example.org'], 'allow'],
    ['names of two entries', ['billing.example.org', 'gateway.example.org'], 'certificate_invalid'],
    ['a wildcard stands for nobody', ['*.example.org'], 'certificate_unknown'],
    ['a longer name', ['billing.example.org.evil.example'], 'certificate_unknown'],
    ['a dot at the end', ['billing.example.org.'], 'certificate_unknown'],
  ])('%s: %j', async (_, dnsNames, expected) => {
    expect(await verdictOn({ dnsNames }, options)).toBe(expected)
  })

  it('the common name is no DNS name', async () => {
    expect(await verdictOn({ subject: 'CN=billing.example.org' }, options)).toBe('certificate_invalid')
  })
})

describe('by subject', () => {
  const by = (name: string): MutualTlsOptions => ({ identity: 'subject', clients: [{ name, client: 'billing' }] })

  it.each<[string, string, string, string]>([
    ['the whole name, the most special first', 'O=Example,CN=billing', 'CN=billing,O=Example', 'allow'],
    ['another order is another name', 'CN=billing,O=Example', 'CN=billing,O=Example', 'certificate_unknown'],
    ['a part is another name', 'O=Example,CN=billing', 'CN=billing', 'certificate_unknown'],
    ['what looks like more is escaped', 'CN=billing\\,O\\=Example', 'CN=billing,O=Example', 'certificate_unknown'],
    ['and can be listed so', 'CN=billing\\, Ltd', 'CN=billing\\, Ltd', 'allow'],
    ['two attributes in one place have no one spelling', 'CN=billing+OU=a', 'CN=billing+OU=a', 'certificate_invalid'],
  ])('%s', async (_, subject, name, expected) => {
    expect(await verdictOn({ subject }, by(name))).toBe(expected)
  })
})

describe('beside other credentials', () => {
  const user = (issued: Issued | undefined, headers: readonly string[] = []) => {
    return over(issued, { rawHeaders: [...bearing(token()).rawHeaders, ...headers] })
  }

  it('a user token makes the user the principal, and the service of the connection the actor', async () => {
    const { verifier, verdict } = setUp()
    const gateway = await ca.issue({ uris: [GATEWAY] })
    const policy: Policy = { scheme: 'bearer', actor: { scheme: 'mtls', anyRole: ['gateway'] } }
    expect(now(verifier.verify(user(gateway), policy))).toMatchObject({
      outcome: 'allow',
      auth: { principal: { id: 'alice', scheme: 'bearer' }, actor: { id: 'gateway', scheme: 'mtls' } },
    })
    expect(await verdict(user(good), policy)).toBe('role_missing')
    expect(await verdict(user(undefined), policy)).toBe('scheme_required')
    expect(await verdict(over(gateway), policy)).toBe('scheme_required')
  })

  it('a certificate that is refused makes a good token no better', async () => {
    const { verdict } = setUp()
    expect(await verdict(user(await ca.issue({ uris: ['spiffe://example.org/x'] })))).toBe('certificate_unknown')
    expect(await verdict(over(good, { rawHeaders: bearing(token({ exp: 1 })).rawHeaders }))).toBe('token_expired')
  })

  it('a signature must be that of the same service', async () => {
    const { verifier, verdict } = setUp()
    const signed = (issued: Issued, headers: string[] = []) => {
      return over(issued, { rawHeaders: ['Host', 'orders.test', ...headers, ...hmacHeaders({ headers })] })
    }
    const gateway = await ca.issue({ uris: [GATEWAY] })
    expect(await verifier.verify(signed(good), 'authenticated')).toMatchObject({
      auth: { principal: { id: 'billing', scheme: 'hmac' } },
    })
    expect(await verdict(signed(gateway))).toBe('binding_invalid')
    const authorization = ['Authorization', `Bearer ${token()}`]
    expect(await verifier.verify(signed(good, authorization), 'authenticated')).toMatchObject({
      auth: { principal: { id: 'alice' }, actor: { id: 'billing', scheme: 'hmac' } },
    })
    expect(await verdict(signed(gateway, authorization))).toBe('binding_invalid')
  })
})

describe('behind a proxy', () => {
  const PROXY = '10.0.0.7'
  const field = (bytes: Uint8Array) => `:${Buffer.from(bytes).toString('base64')}:`
  const forwarded = (
    value: string | undefined,
    remoteAddress: string | undefined = PROXY,
    more: Partial<RequestView> = {},
  ) =>
    over(undefined, {
      rawHeaders: ['Host', 'orders.test', ...(value === undefined ? [] : ['Client-Cert', value])],
      remoteAddress,
      ...more,
    })
  const behind = (tlsProxies: readonly string[] = [PROXY]) => setUp({}, { tlsProxies })

  it('the certificate that a listed address forwards is the client (RFC 9440)', async () => {
    expect(await behind().verdict(forwarded(field(good.raw)))).toBe('allow')
    expect(await behind(['10.0.0.0/8']).verdict(forwarded(field(good.raw), '::ffff:10.1.2.3'))).toBe('allow')
    expect(await behind(['fd00::/8']).verdict(forwarded(field(good.raw), 'fd00::1'))).toBe('allow')
  })

  it.each([
    ['another address', '10.0.0.8'],
    ['the address as the framework understands it', '127.0.0.1'],
    ['no address', undefined],
    ['what is no address', 'localhost'],
  ])('from %s it is refused, with a good certificate of its own too', async (_, remoteAddress) => {
    const { verdict } = behind()
    const request = { ...forwarded(field(good.raw)), remoteAddress, ip: PROXY }
    expect(await verdict(request)).toBe('malformed_credentials')
    const peerCertificate = { raw: good.raw, isAuthorized: true }
    expect(await verdict({ ...request, peerCertificate })).toBe('malformed_credentials')
    expect(await verdict({ ...request, peerCertificate, rawHeaders: ['Host', 'orders.test'] })).toBe('allow')
  })

  it('is refused where no proxy is listed', async () => {
    expect(await setUp().verdict(forwarded(field(good.raw)))).toBe('malformed_credentials')
  })

  it('the certificate of the proxy itself is nobody’s behind it', async () => {
    const peerCertificate = { raw: good.raw, isAuthorized: true }
    expect(await behind().verdict(forwarded(undefined, PROXY, { peerCertificate }))).toBe('missing_credentials')
    const gateway = await ca.issue({ uris: [GATEWAY] })
    const decision = await behind().verifier.verify(
      forwarded(field(gateway.raw), PROXY, { peerCertificate }),
      'authenticated',
    )
    expect(decision).toMatchObject({ auth: { principal: { id: 'gateway' } } })
  })

  it.each<[string, (base64: string) => string, string]>([
    ['without colons', (text) => text, 'malformed_credentials'],
    ['with one colon', (text) => `:${text}`, 'malformed_credentials'],
    ['with a parameter', (text) => `:${text}:;a=1`, 'malformed_credentials'],
    ['as a list of two', (text) => `:${text}:, :${text}:`, 'malformed_credentials'],
    ['with a space inside', (text) => `:${text.slice(0, 40)} ${text.slice(40)}:`, 'malformed_credentials'],
    ['in base64url', (text) => `:${text.replaceAll('+', '-').replaceAll('/', '_')}_-:`, 'malformed_credentials'],
    ['with padding that is not needed', (text) => `:${text.replace(/=*$/, '')}====:`, 'malformed_credentials'],
    ['empty', () => '::', 'malformed_credentials'],
    ['as a string', (text) => `"${text}"`, 'malformed_credentials'],
    ['too long', () => `:${'A'.repeat(16_384)}:`, 'malformed_credentials'],
    ['as PEM', () => `:${Buffer.from(good.cert).toString('base64')}:`, 'certificate_invalid'],
    ['followed by another', () => `:${Buffer.concat([good.raw, good.raw]).toString('base64')}:`, 'certificate_invalid'],
  ])('a certificate %s is refused', async (_, write, expected) => {
    expect(await behind().verdict(forwarded(write(good.raw.toString('base64'))))).toBe(expected)
  })

  it('spare bits and lacking padding are no other spelling', async () => {
    const { verdict } = behind()
    for (const length of [1, 2]) {
      // Cut so that the base64 ends in padding; the bytes are no certificate, which is told later.
      const most = good.raw.length - 1
      const raw = good.raw.subarray(0, most - ((most - length) % 3))
      const base64 = raw.toString('base64')
      expect(base64).toContain('=')
      expect(await verdict(forwarded(`:${base64}:`))).toBe('certificate_invalid')
      expect(await verdict(forwarded(`:${base64.replace(/=+$/, '')}:`))).toBe('malformed_credentials')
      const last = base64.replace(/=+$/, '').slice(-1)
      const next = String.fromCharCode(last.charCodeAt(0) + 1)
      expect(
        await verdict(forwarded(`:${base64.replace(new RegExp(`${last === '+' ? '\\+' : last}(=+)$`), `${next}$1`)}:`)),
      ).toBe('malformed_credentials')
    }
  })

  it('the field twice is refused', async () => {
    const rawHeaders = ['Client-Cert', field(good.raw), 'client-cert', field(good.raw)]
    expect(await behind().verdict(over(undefined, { rawHeaders, remoteAddress: PROXY }))).toBe('duplicate_header')
  })

  it('public routes do not look', async () => {
    expect(await setUp().verdict(forwarded('nonsense', '192.0.2.1'), 'public')).toBe('allow')
  })

  it.each<[string, unknown]>([
    ['tlsProxies', []],
    ['tlsProxies', '10.0.0.7'],
    ['tlsProxies[0]', ['proxy.internal']],
    ['tlsProxies[0]', ['10.0.0']],
    ['tlsProxies[0]', ['10.0.0.0/']],
    ['tlsProxies[0]', ['10.0.0.0/33']],
    ['tlsProxies[0]', ['0.0.0.0/0']],
    ['tlsProxies[0]', ['::/0']],
    ['tlsProxies[0]', ['fd00::/129']],
    ['tlsProxies[0]', ['10.0.0.0/8/8']],
    ['tlsProxies[0]', ['10.0.0.0/08']],
    ['tlsProxies[1]', ['10.0.0.7', ' 10.0.0.8']],
  ])('%s stops the start where it is %j', (option, tlsProxies) => {
    expect(optionOf(() => behind(tlsProxies as string[]))).toBe(option)
  })
})

describe('challenges', () => {
  const challenges = async (policy: Policy, request: RequestView) => {
    const decision = await setUp().verifier.verify(request, policy)
    return decision.outcome === 'deny' ? decision.reply.headers['www-authenticate'] : undefined
  }

  it('name what TLS would have to bring, for a 401 has a challenge (RFC 9110 section 15.5.2)', async () => {
    expect(await challenges({ scheme: 'mtls' }, over(undefined))).toBe('MutualTLS realm="orders"')
    const stranger = await ca.issue({ uris: ['spiffe://example.org/x'] })
    expect(await challenges({ scheme: 'mtls' }, over(stranger))).toBe(
      'MutualTLS realm="orders", error="certificate_unknown"',
    )
  })

  it('stand beside those of the other schemes', async () => {
    expect(await challenges('authenticated', over(undefined))).toEqual([
      'MutualTLS realm="orders"',
      'HMAC realm="orders"',
      'Bearer realm="orders"',
    ])
  })
})

describe('the options', () => {
  const one = { name: BILLING, client: 'billing' }

  it.each<[string, object]>([
    ['mutualTls.identity', { clients: [one] }],
    ['mutualTls.identity', { identity: 'cn', clients: [one] }],
    ['mutualTls.clients', { identity: 'spiffe' }],
    ['mutualTls.clients', { identity: 'spiffe', clients: [] }],
    ['mutualTls.clients[0].name', { identity: 'spiffe', clients: [{ client: 'billing' }] }],
    ['mutualTls.clients[0].name', { identity: 'spiffe', clients: [{ ...one, name: 'spiffe://example.org' }] }],
    ['mutualTls.clients[0].name', { identity: 'spiffe', clients: [{ ...one, name: 'spiffe://example.org/*' }] }],
    ['mutualTls.clients[0].name', { identity: 'dns', clients: [one] }],
    ['mutualTls.clients[0].name', { identity: 'dns', clients: [{ ...one, name: '*.example.org' }] }],
    ['mutualTls.clients[0].name', { identity: 'dns', clients: [{ ...one, name: 'Billing.example.org' }] }],
    ['mutualTls.clients[0].name', { identity: 'subject', clients: [{ ...one, name: 'billing' }] }],
    ['mutualTls.clients[1].name', { identity: 'spiffe', clients: [one, { ...one, client: 'other' }] }],
    ['mutualTls.clients[0].client', { identity: 'spiffe', clients: [{ name: BILLING }] }],
    ['mutualTls.clients[0].client', { identity: 'spiffe', clients: [{ ...one, client: '' }] }],
    ['mutualTls.clients[0].roles', { identity: 'spiffe', clients: [{ ...one, roles: 'admin' }] }],
    ['mutualTls.clients[0].role', { identity: 'spiffe', clients: [{ ...one, role: ['admin'] }] }],
    ['mutualTls.ca', { identity: 'spiffe', clients: [one], ca: '' }],
  ])('name %s', (option, options) => {
    expect(optionOf(() => mutualTls(options as MutualTlsOptions))).toBe(option)
  })

  it('are ready as soon as they are right: TLS has the keys', async () => {
    const { verifier } = setUp()
    await verifier.warmup()
    expect((await verifier.health()).schemes[0]).toEqual({ scheme: 'mtls', ready: true, keys: [] })
  })
})
