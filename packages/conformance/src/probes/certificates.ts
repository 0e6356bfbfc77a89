import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type MutualTlsOptions, mutualTls } from '@countersign/core'
import { ANONYMOUS, allowed, refused, UNGUARDED } from '../expectation.js'
import {
  CERTIFICATE_NOT_AFTER,
  CERTIFICATE_NOT_BEFORE,
  certificates,
  type IdentityName,
} from '../foreign/certificates.js'
import { mint } from '../foreign/mint.js'
import { configurationProbe, type Probe, probe } from '../probe.js'
import { asService, asUser } from '../requests.js'
import type { ProbeTarget } from '../send.js'
import type { ProbeRequest } from '../subject/subject.js'
import type { TlsTarget } from '../target/tls.js'
import { throwsNaming, wrong } from './naming.js'

const withTls = (target: ProbeTarget, tls: TlsTarget = {}) => target.fresh({ tls })
const over = (certificate: IdentityName, request: ProbeRequest): ProbeRequest => ({ ...request, certificate })
const by = (certificate: IdentityName, target = '/echo') => over(certificate, { target })

async function thumbprintOf(name: IdentityName): Promise<string> {
  const { clients } = await certificates()
  return createHash('sha256').update(clients[name].raw).digest('base64url')
}

async function field(name: IdentityName): Promise<string> {
  const { clients } = await certificates()
  return `:${Buffer.from(clients[name].raw).toString('base64')}:`
}

const forwarding = (value: string, target = '/echo'): ProbeRequest => ({ target, headers: [['client-cert', value]] })

export const CERTIFICATES: readonly Probe[] = [
  probe('MTLS-01', 'the holder of a listed certificate is the principal', async (plain) => {
    const target = await withTls(plain)
    const answer = await target.send(by('billing', '/certificate'), allowed('billing'))
    assert.deepEqual(answer.json()['auth'], {
      principal: { id: 'billing', scheme: 'mtls', roles: ['orders:write'], scopes: [] },
      actor: null,
    })
    assert.equal(answer.record?.keyId, await thumbprintOf('billing'))
    await target.send(by('billing'), allowed('billing'))
    await target.send(by('billing', '/optional'), allowed('billing'))
    await target.send(by('billing', '/admin'), refused('role_missing'))
    await target.send(by('billing', '/user'), refused('scheme_required'))
  }),
  probe('MTLS-01', 'a certificate of nobody listed is refused, whoever issued it', async (plain) => {
    const target = await withTls(plain)
    await target.send(by('stranger'), refused('certificate_unknown'))
    await target.send(by('noName'), refused('certificate_invalid'))
    await target.send(by('authority'), refused('certificate_invalid'))
    await target.send(by('stranger', '/public'), UNGUARDED)
  }),
  probe('MTLS-02', 'a certificate that TLS did not accept is refused, also beside good credentials', async (plain) => {
    const target = await withTls(plain)
    for (const path of ['/echo', '/certificate', '/optional'])
      await target.send(by('foreign', path), refused('certificate_invalid'))
    await target.send(over('foreign', asUser('/echo')), refused('certificate_invalid'))
    await target.send(over('foreign', asService()), refused('certificate_invalid'))
  }),
  probe('MTLS-02', 'without a certificate a connection gives nobody', async (plain) => {
    const target = await withTls(plain)
    await target.send({ target: '/certificate' }, refused('missing_credentials'))
    await target.send({ target: '/optional' }, ANONYMOUS)
    await target.send(asUser('/echo'), allowed('user-1'))
    await target.send(asService(), allowed('billing'))
    await target.send(asUser('/certificate'), refused('scheme_required'))
  }),
  probe('MTLS-03', 'a certificate with two SPIFFE IDs is nobody’s', async (plain) => {
    const target = await withTls(plain)
    await target.send(by('twoNames'), refused('certificate_invalid'))
  }),
  probe('MTLS-04', 'a certificate is good in its first and its last second by the verifier’s clock', async (plain) => {
    for (const now of [CERTIFICATE_NOT_BEFORE, CERTIFICATE_NOT_AFTER]) {
      const target = await plain.fresh({ now, tls: {} })
      await target.send(by('billing'), allowed('billing'))
    }
    for (const now of [CERTIFICATE_NOT_BEFORE - 1, CERTIFICATE_NOT_AFTER + 1]) {
      const target = await plain.fresh({ now, tls: {} })
      await target.send(by('billing'), refused('certificate_inactive'))
    }
  }),
  probe(
    'MTLS-05',
    'a certificate whose thumbprint was revoked is refused, another of the same issuer is not',
    async (plain) => {
      const target = await withTls(plain, { revoked: [await thumbprintOf('billing')] })
      await target.send(by('billing'), refused('certificate_inactive'))
      await target.send(by('gateway'), allowed('gateway'))
    },
  ),
  probe('MTLS-06', 'Client-Cert from an address that is not listed is refused', async (plain) => {
    for (const tls of [{}, { tlsProxies: ['192.0.2.1'] }]) {
      const target = await withTls(plain, tls)
      const request = forwarding(await field('billing'))
      await target.send(request, refused('malformed_credentials'))
      await target.send(over('gateway', request), refused('malformed_credentials'))
      await target.send(
        { ...request, headers: [...(request.headers ?? []), ['x-forwarded-for', '192.0.2.1']] },
        refused('malformed_credentials'),
      )
      await target.send(forwarding('nonsense', '/public'), UNGUARDED)
    }
  }),
  probe('MTLS-06', 'Client-Cert from a listed address is the client, and the proxy is nobody', async (plain) => {
    const target = await withTls(plain, { tlsProxies: ['127.0.0.0/8'] })
    await target.send(forwarding(await field('billing'), '/certificate'), allowed('billing'))
    await target.send(over('gateway', forwarding(await field('billing'))), allowed('billing'))
    await target.send(by('gateway'), refused('missing_credentials'))
    await target.send(forwarding(await field('stranger')), refused('certificate_unknown'))
    await target.send(forwarding(await field('twoNames')), refused('certificate_invalid'))
  }),
  probe('MTLS-07', 'Client-Cert stands once and is one byte sequence', async (plain) => {
    const target = await withTls(plain, { tlsProxies: ['127.0.0.1'] })
    const good = await field('billing')
    const { clients } = await certificates()
    const twice: ProbeRequest = {
      target: '/echo',
      headers: [
        ['client-cert', good],
        ['Client-Cert', good],
      ],
    }
    await target.send(twice, refused('duplicate_header'))
    const base64 = good.slice(1, -1)
    const forms = [base64, `:${base64}`, `${good}, ${good}`, `${good};a=1`, `"${base64}"`, '::', ':=:', `:${base64}=:`]
    for (const form of [...forms, `:${base64.slice(0, 8)} ${base64.slice(8)}:`, `:${base64.replaceAll('+', '-')}_:`])
      await target.send(forwarding(form), refused('malformed_credentials'))
    const longer = Buffer.concat([clients.billing.raw, Buffer.from([0])]).toString('base64')
    const pem = Buffer.from(clients.billing.cert).toString('base64')
    for (const other of [longer, pem, 'AAAA'])
      await target.send(forwarding(`:${other}:`), refused('certificate_invalid'))
  }),
  probe('MTLS-08', 'a service whose connection carries a user token is the actor', async (plain) => {
    const target = await withTls(plain)
    const answer = await target.send(over('gateway', asUser('/on-behalf')), allowed('user-1', 'gateway'))
    assert.deepEqual((answer.json()['auth'] as { actor: object }).actor, {
      id: 'gateway',
      scheme: 'mtls',
      roles: ['gateway'],
      scopes: [],
    })
    await target.send(over('gateway', asUser('/both')), allowed('user-1', 'gateway'))
    await target.send(over('billing', asUser('/on-behalf')), refused('role_missing'))
    await target.send(asUser('/on-behalf', { roles: ['gateway'] }), refused('scheme_required'))
    await target.send(by('gateway', '/on-behalf'), refused('scheme_required'))
    await target.send(over('gateway', asUser('/on-behalf', { exp: 1 })), refused('token_expired'))
  }),
  probe('MTLS-09', 'a service that signs over a connection of its certificate is one service', async (plain) => {
    const target = await withTls(plain)
    await target.send(over('billing', asService()), allowed('billing'))
    await target.send(over('gateway', asService()), refused('binding_invalid'))
    const behalf = (certificate: IdentityName) => {
      return over(certificate, asService({ keyId: 'gateway', target: '/both', authorization: `Bearer ${mint()}` }))
    }
    await target.send(behalf('gateway'), allowed('user-1', 'gateway'))
    await target.send(behalf('billing'), refused('binding_invalid'))
  }),
  probe('MTLS-10', 'a 401 tells that a certificate would do, under a name of our own', async (plain) => {
    const target = await withTls(plain)
    const none = await target.send({ target: '/certificate' }, refused('missing_credentials'))
    assert.deepEqual(none.all('www-authenticate'), ['MutualTLS realm="target"'])
    const stranger = await target.send(by('stranger', '/certificate'), refused('certificate_unknown'))
    assert.deepEqual(stranger.all('www-authenticate'), ['MutualTLS realm="target", error="certificate_unknown"'])
    const any = await target.send({ target: '/echo' }, refused('missing_credentials'))
    assert.deepEqual(any.all('www-authenticate'), [
      'MutualTLS realm="target"',
      'HMAC realm="target"',
      'Bearer realm="target"',
    ])
  }),
  configurationProbe(
    'MTLS-11',
    'who may call is listed by names that a certificate can have, or the start stops',
    () => {
      const client = { name: 'spiffe://target.test/billing', client: 'billing' }
      const good: MutualTlsOptions = { identity: 'spiffe', clients: [client] }
      mutualTls(good)
      throwsNaming('identity', () => mutualTls(wrong({ clients: [client] })))
      throwsNaming('clients', () => mutualTls(wrong({ identity: 'spiffe' })))
      throwsNaming('clients', () => mutualTls({ ...good, clients: [] }))
      throwsNaming('name', () => mutualTls({ ...good, clients: [client, client] }))
      for (const name of ['', 'spiffe://target.test', 'spiffe://target.test/*', 'billing.target.test', 'CN=billing'])
        throwsNaming('name', () => mutualTls({ ...good, clients: [{ ...client, name }] }))
      throwsNaming('name', () => mutualTls({ identity: 'dns', clients: [{ ...client, name: '*.target.test' }] }))
      throwsNaming('role', () => mutualTls({ ...good, clients: [wrong({ ...client, role: 'admin' })] }))
    },
  ),
  probe('O05', 'a token bound to a certificate is good over connections of that certificate only', async (plain) => {
    const target = await withTls(plain)
    const cnf = { 'x5t#S256': await thumbprintOf('gateway') }
    await target.send(over('gateway', asUser('/echo', { cnf })), allowed('user-1', 'gateway'))
    await target.send(over('billing', asUser('/echo', { cnf })), refused('binding_invalid'))
    await target.send(asUser('/echo', { cnf }), refused('binding_invalid'))
    const token = asUser('/user', { cnf })
    await target.send(over('gateway', token), allowed('user-1', 'gateway'))
    await target.send(over('billing', token), refused('binding_invalid'))
    await target.send(token, refused('binding_invalid'))
  }),
  probe('O05', 'behind a listed proxy the forwarded certificate counts, and not that of the proxy', async (plain) => {
    const target = await withTls(plain, { tlsProxies: ['127.0.0.1'] })
    const token = asUser('/echo', { cnf: { 'x5t#S256': await thumbprintOf('gateway') } })
    const forwarded = async (name: IdentityName): Promise<ProbeRequest> => {
      return { ...token, headers: [...(token.headers ?? []), ['client-cert', await field(name)]] }
    }
    await target.send(await forwarded('gateway'), allowed('user-1', 'gateway'))
    await target.send(await forwarded('billing'), refused('binding_invalid'))
    await target.send(over('gateway', token), refused('binding_invalid'))
  }),
  probe('O05', 'without certificates a bound token is refused, however it is bound', async (target) => {
    const thumbprint = await thumbprintOf('billing')
    const good = { 'x5t#S256': thumbprint }
    for (const cnf of [
      good,
      { jkt: thumbprint },
      { ...good, jkt: thumbprint },
      { jwk: {} },
      {},
      null,
      thumbprint,
      [good],
    ])
      await target.send(asUser('/echo', { cnf }), refused('binding_invalid'))
    const request = asUser('/echo', { cnf: good })
    const smuggled: ProbeRequest = {
      ...request,
      headers: [...(request.headers ?? []), ['client-cert', await field('billing')]],
    }
    await target.send(smuggled, refused('malformed_credentials'))
  }),
]
