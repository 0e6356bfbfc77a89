import assert from 'node:assert/strict'
import { type AuditRecord, type FailureNames, type FailureThrottle, memoryRevocation } from '@countersign/core'
import { memoryThrottle } from '@countersign/core/throttle'
import { allowed, type Expectation, refused } from '../expectation.js'
import { mint, NOW } from '../foreign/mint.js'
import { configurationProbe, type Probe, probe, wireProbe } from '../probe.js'
import { asService, asUser, withHeader, withToken } from '../requests.js'
import type { ProbeTarget } from '../send.js'
import type { ProbeRequest } from '../subject/subject.js'
import { decide, verifierOf } from './decide.js'

const WRONG = Buffer.alloc(32, 'w')
const WINDOW_SECONDS = 3600
const misSigned = (keyId = 'billing') => asService({ keyId, secret: WRONG })
const forged = (sub = 'user-1') => withToken('/echo', `${mint({ sub }).slice(0, -6)}AAAAAA`)

/** Not compared: how many seconds are left of a window depends on when it is asked. */
const THROTTLED: Expectation = { ...refused('throttled'), compared: false }

const limits = (failuresPerAddress: number | null, failuresPerCredentials: number | null) =>
  memoryThrottle({ failuresPerAddress, failuresPerCredentials, windowSeconds: WINDOW_SECONDS })

/** A throttle of somebody's own, which asks everybody to wait and keeps whom it was asked about. */
function strict(seconds = 7) {
  const asked: FailureNames[] = []
  const throttle: FailureThrottle = {
    fail(names) {
      asked.push(names)
      return seconds
    },
  }
  return { throttle, asked }
}

async function through(target: ProbeTarget, address: string, expected: Expectation): Promise<void> {
  const request = misSigned()
  await target.send({ ...request, headers: [...(request.headers ?? []), ['x-forwarded-for', address]] }, expected)
}

export const THROTTLE: readonly Probe[] = [
  probe('THR-01', 'the failure at the limit is told what it is, the next one to wait', async (target) => {
    const limited = await target.fresh({ throttle: limits(3, null) })
    await limited.send(misSigned(), refused('signature_invalid'))
    await limited.send(forged(), refused('signature_invalid'))
    await limited.send(misSigned('nobody'), refused('key_unknown'))
    const answer = await limited.send(misSigned(), THROTTLED)
    const seconds = Number(answer.all('retry-after')[0])
    assert.ok(Number.isInteger(seconds) && seconds > WINDOW_SECONDS - 60 && seconds <= WINDOW_SECONDS)
    assert.deepEqual(answer.all('www-authenticate'), [])
  }),
  probe('THR-01', 'the seconds that a throttle says are in Retry-After, in whole ones', async (target) => {
    for (const [seconds, said] of [
      [0.1, '1'],
      [42, '42'],
    ] as const) {
      const { throttle } = strict(seconds)
      const answer = await (await target.fresh({ throttle })).send(misSigned(), refused('throttled'))
      assert.deepEqual(answer.all('retry-after'), [said])
    }
  }),
  probe('THR-02', 'good credentials are served from where, and of whom, too many have failed', async (target) => {
    const limited = await target.fresh({ throttle: limits(1, 1) })
    await limited.send(misSigned(), refused('signature_invalid'))
    for (let time = 0; time < 3; time++) {
      await limited.send(misSigned(), THROTTLED)
      await limited.send(asService(), allowed('billing'))
      await limited.send(forged(), THROTTLED)
      await limited.send(asUser('/echo'), allowed('user-1'))
    }
  }),
  probe('THR-03', 'what is no attempt to get in is answered as it is, however many fail', async (target) => {
    const { throttle, asked } = strict()
    const limited = await target.fresh({ throttle, replayEntries: 1 })
    await limited.send({ target: '/echo' }, refused('missing_credentials'))
    await limited.send(asUser('/echo', { exp: NOW - 31 }), refused('token_expired'))
    await limited.send(asUser('/echo', { nbf: NOW + 31 }), refused('token_not_yet_valid'))
    await limited.send(asUser('/admin'), refused('role_missing'))
    await limited.send(asUser('/service'), refused('scheme_required'))
    await limited.send(asService(), allowed('billing'))
    await limited.send(asService(), refused('replay_store_unavailable'))
    await limited.send(asService({ body: Buffer.alloc(1_048_577) }), refused('body_too_large'))
    assert.deepEqual(asked, [])
  }),
  probe('THR-03', 'every attempt to get in that fails counts once', async (target) => {
    const { throttle, asked } = strict()
    const limited = await target.fresh({ throttle })
    const replayed = asService()
    await limited.send(replayed, allowed('billing'))
    const failures: readonly ProbeRequest[] = [
      replayed,
      misSigned(),
      forged(),
      asService({ timestamp: String(NOW - 301) }),
      withHeader(asService(), 'x-hmac-nonce', 'short'),
      asUser('/echo', { aud: 'others' }),
      withToken('/echo', 'a.b.c'),
    ]
    for (const [index, request] of failures.entries()) {
      await limited.send(request, refused('throttled'))
      assert.equal(asked.length, index + 1)
    }
  }),
  configurationProbe('THR-03', 'a token that was revoked is told so: whoever holds it must renew', async () => {
    const revocation = memoryRevocation()
    revocation.revoke({ subject: 'user-1', issuedBefore: NOW + 1, expiresAt: NOW + 600 })
    const { throttle, asked } = strict()
    assert.equal(
      (await decide({ bearer: {}, options: { throttle, revocation } }, asUser('/echo'))).reason,
      'token_revoked',
    )
    assert.deepEqual(asked, [])
  }),
  wireProbe('THR-04', 'X-Forwarded-For of a peer that is no trusted proxy changes no count', async (target) => {
    const limited = await target.fresh({ throttle: limits(2, null) })
    await through(limited, '192.0.2.1', refused('signature_invalid'))
    await through(limited, '192.0.2.2', refused('signature_invalid'))
    await through(limited, '192.0.2.3', THROTTLED)
  }),
  wireProbe('THR-04', 'X-Forwarded-For of a trusted proxy names the client, the last one it saw', async (target) => {
    const limited = await target.fresh({ throttle: limits(1, null), trustProxy: true })
    await through(limited, '192.0.2.1', refused('signature_invalid'))
    await through(limited, '192.0.2.1', THROTTLED)
    await through(limited, '192.0.2.2', refused('signature_invalid'))
    // What the client itself sent stands before it.
    await through(limited, '192.0.2.9, 192.0.2.2', THROTTLED)
  }),
  wireProbe('THR-04', 'an IPv6 client is its /64', async (target) => {
    const limited = await target.fresh({ throttle: limits(1, null), trustProxy: true })
    await through(limited, '2001:db8:1:2::1', refused('signature_invalid'))
    await through(limited, '2001:db8:1:2:ffff::', THROTTLED)
    await through(limited, '2001:db8:1:3::1', refused('signature_invalid'))
  }),
  probe('THR-05', 'known, ended and unknown key ids are counted alike, and by their own names', async (target) => {
    for (const [keyId, reason] of [
      ['billing', 'signature_invalid'],
      ['retired', 'key_inactive'],
      ['nobody', 'key_unknown'],
    ] as const) {
      const limited = await target.fresh({ throttle: limits(null, 2) })
      for (let time = 0; time < 2; time++) await limited.send(misSigned(keyId), refused(reason))
      await limited.send(misSigned(keyId), THROTTLED)
      await limited.send(misSigned('another'), refused('key_unknown'))
    }
  }),
  probe('THR-05', 'issuer and subject of a forged token are counted by their own name', async (target) => {
    const limited = await target.fresh({ throttle: limits(null, 1) })
    await limited.send(forged('user-1'), refused('signature_invalid'))
    await limited.send(forged('user-1'), THROTTLED)
    await limited.send(forged('user-2'), refused('signature_invalid'))
    await limited.send(asUser('/echo', { sub: 'user-1' }), allowed('user-1'))
  }),
  probe(['THR-06', 'M10'], 'of 100 throttled attempts in one second at most ten are written', async (target) => {
    const limited = await target.fresh({ throttle: strict().throttle })
    const records = await limited.race(misSigned(), 100)
    // Nine at once, then one for each second that the race takes: the verifier's clock stands still.
    assert.ok(records.length >= 9 && records.length < 20)
    assert.ok(records.every(({ reason, status }) => reason === 'throttled' && status === 429))
    // Each probe is on the ledger with something.
    await limited.send(asUser('/echo'), allowed('user-1'))
  }),
  configurationProbe('THR-06', 'of 10 000 throttled attempts every one is accounted for', async () => {
    const records: AuditRecord[] = []
    let now = NOW
    const verifier = verifierOf({ hmac: {}, records, options: { throttle: strict().throttle, clock: () => now } })
    for (let number = 1; number <= 10_000; number++) {
      await decide(verifier, misSigned())
      if (number % 1000 === 0) now++
    }
    await verifier.close()
    assert.equal(records.length, 100)
    assert.equal(
      records.reduce((sum, { suppressed = 0 }) => sum + 1 + suppressed, 0),
      10_000,
    )
  }),
  probe('THR-07', 'a throttle that fails leaves the refusal as it was', async (target) => {
    const failing: readonly FailureThrottle['fail'][] = [
      () => {
        throw new Error('store')
      },
      () => Promise.reject(new Error('store')),
      () => Number.NaN,
      () => -1,
      () => 'soon' as unknown as number,
    ]
    for (const fail of failing) {
      const limited = await target.fresh({ throttle: { fail } })
      await limited.send(misSigned(), refused('signature_invalid'))
      await limited.send(asService(), allowed('billing'))
    }
  }),
  configurationProbe('THR-08', 'a flood of random key ids has a fixed number of names', async () => {
    const { throttle, asked } = strict(0)
    const verifier = verifierOf({ hmac: {}, options: { throttle } })
    for (let number = 0; number < 20_000; number++) {
      await decide(verifier, withHeader(asService({ timestamp: '1000000000' }), 'x-hmac-key-id', `key-${number}`))
    }
    const names = new Set(asked.map(({ credentials }) => credentials))
    assert.ok(names.size <= 16_384 && [...names].every((name) => /^[0-9a-f]{4}$/.test(name ?? '')))
  }),
]
