import assert from 'node:assert/strict'
import type { Policy } from '@countersign/core'
import { ANONYMOUS, allowed, refused } from '../expectation.js'
import { mint, NOW } from '../foreign/mint.js'
import { configurationProbe, type Probe, probe } from '../probe.js'
import { asService, asUser, withAuthorization, withHeader } from '../requests.js'
import { decide } from './decide.js'

const both = (keyId: string, target = '/both', claims = {}) => {
  return asService({ keyId, target, authorization: `Bearer ${mint(claims)}` })
}

export const POLICY: readonly Probe[] = [
  probe('POL-06', 'a user alone is the principal, a service alone is the principal', async (target) => {
    const user = await target.send(asUser('/echo', { roles: ['r'] }), allowed('user-1'))
    assert.deepEqual(user.json()['auth'], {
      principal: { id: 'user-1', scheme: 'bearer', roles: ['r'], scopes: [] },
      actor: null,
    })
    const service = await target.send(asService({ target: '/echo' }), allowed('billing'))
    assert.deepEqual(service.json()['auth'], {
      principal: { id: 'billing', scheme: 'hmac', roles: ['orders:write'], scopes: [] },
      actor: null,
    })
  }),
  probe(
    'POL-07',
    'a service that signs a request with a user token is the actor, the user the principal',
    async (target) => {
      const answer = await target.send(both('gateway'), allowed('user-1', 'gateway'))
      assert.deepEqual(answer.json()['auth'], {
        principal: { id: 'user-1', scheme: 'bearer', roles: [], scopes: [] },
        actor: { id: 'gateway', scheme: 'hmac', roles: ['gateway'], scopes: [] },
      })
      await target.send(both('billing', '/echo'), allowed('user-1', 'billing'))
    },
  ),
  probe('POL-08', 'roles of the actor are not those of the principal, nor the reverse', async (target) => {
    await target.send(both('billing'), refused('role_missing'))
    await target.send(both('billing', '/both', { roles: ['gateway'] }), refused('role_missing'))
    await target.send(asUser('/both', { roles: ['gateway'] }), refused('scheme_required'))
    await target.send(both('ledger', '/orders'), refused('signature_invalid'))
    const ledger = asService({
      keyId: 'ledger',
      algorithm: 'sha512',
      target: '/orders',
      authorization: `Bearer ${mint()}`,
    })
    await target.send(ledger, refused('role_missing'))
  }),
  probe('POL-09', 'credentials of another scheme than the one asked for are not enough', async (target) => {
    const service = await target.send(asService({ target: '/user' }), refused('scheme_required'))
    assert.deepEqual(service.all('www-authenticate'), ['Bearer realm="target"'])
    const user = await target.send(asUser('/service'), refused('scheme_required'))
    assert.deepEqual(user.all('www-authenticate'), ['HMAC realm="target"'])
    await target.send(asService({ keyId: 'gateway', target: '/both' }), refused('scheme_required'))
    await target.send(both('gateway', '/service'), refused('scheme_required'))
    await target.send(both('gateway', '/user'), allowed('user-1', 'gateway'))
  }),
  probe(['POL-10', 'REG-08'], 'an optional route lets nobody in as nobody, and refuses what is bad', async (target) => {
    await target.send({ target: '/optional' }, ANONYMOUS)
    await target.send(asUser('/optional'), allowed('user-1'))
    await target.send(asService({ target: '/optional' }), allowed('billing'))
    await target.send(asUser('/optional', { exp: NOW - 999 }), refused('token_expired'))
    await target.send(withAuthorization('/optional', 'Bearer garbage'), refused('token_malformed'))
    await target.send(withAuthorization('/optional', 'Bearer  x'), refused('malformed_credentials'))
    await target.send(withAuthorization('/optional', 'Bearer'), refused('malformed_credentials'))
    await target.send(withAuthorization('/optional', 'Basic eDp5'), refused('missing_credentials'))
    await target.send(
      withHeader(asService({ target: '/optional' }), 'x-hmac-sha256', '0'),
      refused('signature_invalid'),
    )
    await target.send({ target: '/optional', headers: [['x-hmac-sha256', '0']] }, refused('malformed_credentials'))
  }),
  probe(['N05', 'POL-11'], 'bad credentials beside good ones are refused, whichever is bad', async (target) => {
    for (const path of ['/echo', '/user', '/service', '/optional', '/both']) {
      const request = both('gateway', path)
      await target.send(withHeader(request, 'x-hmac-sha256', '0'.repeat(64)), refused('signature_invalid'))
      await target.send(withHeader(request, 'x-hmac-nonce', undefined), refused('malformed_credentials'))
      await target.send(both('gateway', path, { exp: NOW - 999 }), refused('token_expired'))
      const garbage = asService({ keyId: 'gateway', target: path, authorization: 'Bearer garbage' })
      await target.send(garbage, refused('token_malformed'))
    }
    const stale = asService({ keyId: 'gateway', timestamp: String(NOW - 301), authorization: `Bearer ${mint()}` })
    await target.send(stale, refused('timestamp_out_of_range'))
  }),
  probe(
    'POL-12',
    'an Authorization of a scheme nobody configured is covered by a signature and gives nobody',
    async (target) => {
      const basic = asService({ authorization: 'Basic eDp5eDp5eDp5' })
      await target.send(basic, allowed('billing'))
      const other = asService({ authorization: 'Basic eDp5eDp5eDp5' })
      await target.send(withHeader(other, 'authorization', 'Basic eDp6eDp6eDp6'), refused('signature_invalid'))
    },
  ),
  probe('REG-16', 'the failure of the credentials in use is told, not the absence of others', async (target) => {
    const expired = await target.send(asUser('/echo', { exp: NOW - 999 }), refused('token_expired'))
    assert.deepEqual(expired.all('www-authenticate'), [
      'HMAC realm="target"',
      'Bearer realm="target", error="invalid_token", error_description="The token has expired"',
    ])
    const forged = await target.send(
      withHeader(asService({ target: '/echo' }), 'x-hmac-sha256', '0'),
      refused('signature_invalid'),
    )
    assert.deepEqual(forged.all('www-authenticate'), [
      'HMAC realm="target", error="signature_invalid"',
      'Bearer realm="target"',
    ])
  }),
  configurationProbe(
    'REG-16',
    'of several policies the one that the credentials came furthest with says why',
    async () => {
      const policy: Policy = { anyOf: [{ scheme: 'hmac' }, { scheme: 'bearer', anyRole: ['admin'] }] }
      assert.equal((await decide({ bearer: {}, hmac: {}, policy }, asUser('/'))).reason, 'role_missing')
      assert.equal((await decide({ bearer: {}, hmac: {}, policy }, asUser('/', { roles: ['admin'] }))).outcome, 'allow')
      assert.equal((await decide({ bearer: {}, hmac: {}, policy }, asService({ target: '/' }))).outcome, 'allow')
      assert.equal((await decide({ bearer: {}, hmac: {}, policy }, asUser('/', { exp: 1 }))).reason, 'token_expired')
    },
  ),
  configurationProbe(
    'POL-13',
    'a check that does not say true denies, one that throws is an internal error',
    async () => {
      const reason = async (check: () => unknown) => {
        return (await decide({ bearer: {}, policy: { check: check as () => boolean } }, asUser('/'))).reason
      }
      assert.equal(await reason(() => true), undefined)
      assert.equal(await reason(async () => true), undefined)
      for (const answer of [false, undefined, null, 1, 'true', {}])
        assert.equal(await reason(() => answer), 'policy_denied')
      const fail = () => {
        throw new Error('database is down')
      }
      assert.equal(await reason(fail), 'internal')
      assert.equal(await reason(async () => fail()), 'internal')
    },
  ),
]
