import assert from 'node:assert/strict'
import { type ReplayStore, ReplayStoreError } from '@countersign/core'
import { allowed, refused } from '../expectation.js'
import { NOW } from '../foreign/mint.js'
import { nextNonce, signBody } from '../foreign/sign.js'
import { configurationProbe, type Probe, probe } from '../probe.js'
import { asService, withHeader } from '../requests.js'
import { decide } from './decide.js'

export const REPLAY: readonly Probe[] = [
  probe(['H01', 'REG-10'], 'a signed request is accepted once', async (target) => {
    const request = asService({ body: 'amount=1', contentType: 'text/plain' })
    await target.send(request, allowed('billing'))
    for (let times = 0; times < 3; times++) await target.send(request, refused('replayed'))
    const moved = asService({ nonce: nonceOf(request), target: '/echo' })
    await target.send(moved, refused('replayed'))
  }),
  probe(['H01', 'REG-13'], 'a nonce of one key is another for another key', async (target) => {
    const nonce = nextNonce()
    await target.send(asService({ nonce }), allowed('billing'))
    await target.send(asService({ nonce, keyId: 'gateway' }), allowed('gateway'))
    await target.send(asService({ nonce, keyId: 'gateway' }), refused('replayed'))
  }),
  probe('H01', 'a request is remembered for as long as its timestamp is acceptable', async (target) => {
    const request = asService({ timestamp: String(NOW + 300) })
    await target.send(request, allowed('billing'))
    await target.send(request, refused('replayed'))
    const last = await target.fresh({ now: NOW + 600 })
    await last.send(request, allowed('billing'))
    await last.send(request, refused('replayed'))
    const over = await target.fresh({ now: NOW + 601 })
    await over.send(request, refused('timestamp_out_of_range'))
  }),
  probe('H02', 'of 100 equal requests at once exactly one is accepted', async (target) => {
    const request = asService({ body: 'x' })
    const records = await target.race(request, 100)
    assert.equal(records.length, 100)
    assert.equal(records.filter(({ outcome }) => outcome === 'allow').length, 1)
    assert.equal(records.filter(({ reason }) => reason === 'replayed').length, 99)
    await target.send(request, refused('replayed'))
  }),
  probe('H05', 'a nonce is not used up by a request that is refused for something else', async (target) => {
    const victim = asService({ body: 'pay', target: '/service' })
    await target.send(withHeader(victim, 'x-hmac-sha256', '0'.repeat(64)), refused('signature_invalid'))
    await target.send({ ...victim, body: 'rob' }, refused('content_digest_mismatch'))
    await target.send({ ...victim, target: '/orders' }, refused('signature_invalid'))
    await target.send(victim, allowed('billing'))
    const nonce = nextNonce()
    await target.send(asService({ nonce, target: '/admin' }), refused('role_missing'))
    await target.send(asService({ nonce, target: '/user' }), refused('scheme_required'))
    await target.send(asService({ nonce }), allowed('billing'))
  }),
  probe(
    ['H11', 'WIRE-12'],
    'a store full of live nonces refuses new ones with 503 and forgets none',
    async (target) => {
      const small = await target.fresh({ replayEntries: 3 })
      const accepted = [asService(), asService(), asService()]
      for (const request of accepted) await small.send(request, allowed('billing'))
      const answer = await small.send(asService(), refused('replay_store_unavailable'))
      assert.match(answer.all('retry-after')[0] ?? '', /^[1-9][0-9]*$/)
      assert.deepEqual(answer.all('www-authenticate'), [])
      for (const request of accepted) await small.send(request, refused('replayed'))
      await small.send(asService(), refused('replay_store_unavailable'))
    },
  ),
  configurationProbe(
    ['H11', 'N08'],
    'a store that throws, rejects or does not plainly say yes is answered with 503',
    async () => {
      const claims: readonly ReplayStore['claim'][] = [
        () => {
          throw new Error('down')
        },
        () => {
          throw new ReplayStoreError('full')
        },
        () => Promise.reject(new Error('down')),
        ...['OK', 1, null, undefined, {}, 0, ''].map((answer) => () => answer as unknown as boolean),
        async () => 'OK' as unknown as boolean,
      ]
      for (const claim of claims) {
        assert.equal((await decide({ hmac: { replay: { claim } } }, asService())).reason, 'replay_store_unavailable')
      }
      assert.equal((await decide({ hmac: { replay: { claim: async () => true } } }, asService())).outcome, 'allow')
      assert.equal((await decide({ hmac: { replay: { claim: async () => false } } }, asService())).reason, 'replayed')
    },
  ),
  probe(
    'WIRE-13',
    'a request of the profile body-timestamp can be repeated unless the key says otherwise',
    async (target) => {
      const request = { method: 'POST', target: '/service', headers: signBody('again'), body: 'again' }
      await target.send(request, allowed('webhook'))
      await target.send(request, allowed('webhook'))
      await target.send({ ...request, target: '/echo?other=path', method: 'PUT' }, allowed('webhook'))
    },
  ),
]

function nonceOf({ headers = [] }: { headers?: readonly (readonly [string, string])[] }): string {
  return headers.find(([name]) => name === 'x-hmac-nonce')?.[1] ?? ''
}
