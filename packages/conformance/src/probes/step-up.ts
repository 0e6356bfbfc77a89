import assert from 'node:assert/strict'
import { allowed, refused } from '../expectation.js'
import { claimsOf, NOW } from '../foreign/mint.js'
import { type Probe, probe } from '../probe.js'
import { asService, asUser } from '../requests.js'

const SKEW = 30
const MOST_AGE = 300

const MFA = 'urn:example:mfa'
const CHALLENGE =
  'Bearer realm="target", error="insufficient_user_authentication", ' +
  'error_description="A stronger or more recent authentication is required", ' +
  'acr_values="urn:example:mfa urn:example:hardware", max_age="300"'

export const STEP_UP: readonly Probe[] = [
  probe('O07', 'a token that says a listed acr and a recent auth_time is enough', async (target) => {
    for (const acr of [MFA, 'urn:example:hardware'])
      await target.send(asUser('/step-up', { acr, auth_time: NOW - 1 }), allowed('user-1'))
  }),
  probe('O07', 'a weaker token is answered with what would do', async (target) => {
    const answer = await target.send(asUser('/step-up'), refused('step_up_required'))
    assert.deepEqual(answer.all('www-authenticate'), [CHALLENGE])
    await target.send(asUser('/echo'), allowed('user-1'))
  }),
  probe('O07', 'an acr that is not listed, or is no text, is none', async (target) => {
    for (const acr of [
      undefined,
      'urn:example:pwd',
      `${MFA}2`,
      MFA.toUpperCase(),
      `${MFA} `,
      '',
      [MFA],
      { [MFA]: 1 },
      2,
      null,
    ])
      await target.send(asUser('/step-up', { acr, auth_time: NOW }), refused('step_up_required'))
  }),
  probe(
    'O07',
    'an auth_time is good for 300 s and the skew, and ahead by the skew, not by one second more',
    async (target) => {
      for (const age of [MOST_AGE + SKEW, -SKEW])
        await target.send(asUser('/step-up', { acr: MFA, auth_time: NOW - age }), allowed('user-1'))
      for (const age of [MOST_AGE + SKEW + 1, -SKEW - 1])
        await target.send(asUser('/step-up', { acr: MFA, auth_time: NOW - age }), refused('step_up_required'))
    },
  ),
  probe('O07', 'an auth_time that is no finite number is none', async (target) => {
    for (const authTime of [undefined, String(NOW), null, [NOW], {}, true, NOW * 1000])
      await target.send(asUser('/step-up', { acr: MFA, auth_time: authTime }), refused('step_up_required'))
    const payloadText = `${JSON.stringify(claimsOf({ acr: MFA })).slice(0, -1)},"auth_time":1e400}`
    await target.send(asUser('/step-up', {}, { payloadText }), refused('step_up_required'))
  }),
  probe('O07', 'a service has no authentication to step up: a token is asked for', async (target) => {
    const answer = await target.send(asService({ target: '/step-up' }), refused('scheme_required'))
    assert.deepEqual(answer.all('www-authenticate'), ['Bearer realm="target"'])
    const bare = await target.send({ target: '/step-up' }, refused('missing_credentials'))
    assert.deepEqual(bare.all('www-authenticate'), ['Bearer realm="target"'])
  }),
]
