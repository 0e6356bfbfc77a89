import assert from 'node:assert/strict'
import { allowed, refused } from '../expectation.js'
import { claimsOf, mint, NOW } from '../foreign/mint.js'
import { configurationProbe, type Probe, probe } from '../probe.js'
import { asUser, withToken } from '../requests.js'
import { decide, es256Issuer } from './decide.js'

const SKEW = 30

/** Good claims with one written as it stands: what JSON.stringify would not write. */
const withText = (name: string, text: string) =>
  `${JSON.stringify(claimsOf({ [name]: undefined })).slice(0, -1)},"${name}":${text}}`

export const CLAIMS: readonly Probe[] = [
  probe('C01', 'a token without exp is refused', async (target) => {
    await target.send(asUser('/echo', { exp: undefined }), refused('claim_missing'))
  }),
  probe('REG-01', 'a token that lacks iss, aud or exp is refused', async (target) => {
    await target.send(asUser('/echo', { iss: undefined }), refused('issuer_invalid'))
    await target.send(asUser('/echo', { aud: undefined }), refused('audience_invalid'))
    await target.send(asUser('/echo', { exp: undefined }), refused('claim_missing'))
    await target.send(asUser('/echo', { iss: undefined, aud: undefined, exp: undefined }), refused('issuer_invalid'))
  }),
  probe('C02', 'an exp that is no finite number is refused', async (target) => {
    for (const text of ['1e400', '-1e400', '"1900000000"', 'null', 'true', '[1900000000]', '{}', '""']) {
      await target.send(asUser('/echo', {}, { payloadText: withText('exp', text) }), refused('claim_invalid'))
    }
    for (const exp of [0, -1, -1e300]) await target.send(asUser('/echo', { exp }), refused('token_expired'))
  }),
  probe('C04', 'exp is over at the second it names, and the skew of 30 s not one second later', async (target) => {
    await target.send(asUser('/echo', { exp: NOW - SKEW }), refused('token_expired'))
    await target.send(asUser('/echo', { exp: NOW - SKEW - 1 }), refused('token_expired'))
    await target.send(asUser('/echo', { exp: NOW - SKEW + 1 }), allowed('user-1'))
  }),
  configurationProbe('C04', 'without a skew exp is over at the second it names', async () => {
    const setup = { bearer: { skewSeconds: 0 } }
    assert.equal((await decide(setup, asUser('/', { exp: NOW }))).reason, 'token_expired')
    assert.equal((await decide(setup, asUser('/', { exp: NOW + 1 }))).outcome, 'allow')
  }),
  probe('C04', 'a token that was accepted is refused once its time is over', async (target) => {
    const token = asUser('/echo', { exp: NOW + 10 })
    await target.send(token, allowed('user-1'))
    await target.send(token, allowed('user-1'))
    const later = await target.fresh({ now: NOW + 10 + SKEW })
    await later.send(token, refused('token_expired'))
  }),
  probe('C06', 'nbf and iat may be ahead by the skew of 30 s and not by one second more', async (target) => {
    for (const claim of ['nbf', 'iat']) {
      await target.send(asUser('/echo', { [claim]: NOW + SKEW + 1 }), refused('token_not_yet_valid'))
      await target.send(asUser('/echo', { [claim]: NOW + SKEW }), allowed('user-1'))
      for (const text of ['"1"', 'null', '1e400', '[]', '{}']) {
        await target.send(asUser('/echo', {}, { payloadText: withText(claim, text) }), refused('claim_invalid'))
      }
    }
    await target.send(asUser('/echo', { iat: undefined }), allowed('user-1'))
  }),
  probe('C08', 'a token without aud is refused', async (target) => {
    await target.send(asUser('/echo', { aud: undefined }), refused('audience_invalid'))
  }),
  probe('C09', 'an aud that does not name this service, or is no list of strings, is refused', async (target) => {
    const others = ['other', ['other'], [], '', 'Target', 'target ', 'targets', 'xtarget', { target: 1 }, [['target']]]
    for (const aud of [...others, ['target', 1], ['target', {}], [null, 'target'], null, 1, true]) {
      await target.send(asUser('/echo', { aud }), refused('audience_invalid'))
    }
    await target.send(asUser('/echo', { aud: ['other', 'target'] }), allowed('user-1'))
    await target.send(asUser('/echo', { aud: ['target'] }), allowed('user-1'))
  }),
  probe('C11', 'an iss that is a list, a part or an extension of the issuer is refused', async (target) => {
    const iss = 'https://issuer.test'
    const others = [[iss], iss.slice(0, -1), `${iss}.evil`, `x${iss}`, { [iss]: 1 }, null, 1, '', 'https://other.test']
    for (const other of others) await target.send(asUser('/echo', { iss: other }), refused('issuer_invalid'))
    await target.send(asUser('/echo', { iss: undefined }), refused('issuer_invalid'))
  }),
  probe('C12', 'iss is compared character by character', async (target) => {
    const spellings = ['https://issuer.test/', 'https://Issuer.test', 'HTTPS://issuer.test', 'http://issuer.test']
    for (const iss of [...spellings, 'https://issuer%2etest', 'https://issuer.test:443', ' https://issuer.test']) {
      await target.send(asUser('/echo', { iss }), refused('issuer_invalid'))
    }
  }),
  probe('C13', 'typ is absent, JWT, at+jwt or application/at+jwt, in any case, and nothing else', async (target) => {
    for (const typ of [undefined, 'JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt']) {
      await target.send(asUser('/echo', {}, { header: { typ } }), allowed('user-1'))
    }
    for (const typ of ['id+jwt', 'dpop+jwt', 'logout+jwt', 'secevent+jwt', 'application/jwt', 'at+jwt ', 'jose', '']) {
      await target.send(asUser('/echo', {}, { header: { typ } }), refused('token_type_invalid'))
    }
    for (const typ of [1, null, ['at+jwt'], {}]) {
      await target.send(asUser('/echo', {}, { header: { typ } }), refused('token_malformed'))
    }
  }),
  configurationProbe('C13', 'an ID token is refused where access tokens are asked for strictly', async () => {
    const setup = { issuers: [es256Issuer({ tokenType: 'at+jwt' })] }
    assert.equal((await decide(setup, asUser('/', { nonce: 'n' }))).reason, 'token_type_invalid')
    assert.equal((await decide(setup, asUser('/', {}, { header: { typ: undefined } }))).reason, 'token_type_invalid')
    for (const typ of ['at+jwt', 'application/at+jwt']) {
      assert.equal((await decide(setup, asUser('/', {}, { header: { typ } }))).outcome, 'allow')
    }
  }),
  probe('C15', 'sub is a string, not empty, of at most 1024 characters', async (target) => {
    await target.send(asUser('/echo', { sub: undefined }), refused('claim_missing'))
    for (const sub of ['', 1, ['u1'], null, {}, true, 'u'.repeat(1025)]) {
      await target.send(asUser('/echo', { sub }), refused('claim_invalid'))
    }
    const longest = 'u'.repeat(1024)
    await target.send(asUser('/echo', { sub: longest }), allowed(longest))
    await target.send(asUser('/echo', { sub: 'u'.repeat(10_000) }), refused('token_too_large'))
    await target.send(asUser('/echo', { jti: 1 }), refused('claim_invalid'))
  }),
  probe('C17', 'of a token that is expired and forged the forgery is told', async (target) => {
    const forged = mint({ exp: NOW - 9999 }).replace(/\.[^.]+$/, `.${mint().split('.')[2]}`)
    await target.send(
      { target: '/echo', headers: [['authorization', `Bearer ${forged}`]] },
      refused('signature_invalid'),
    )
  }),
  probe('C18', 'a token that was verified before lends its signature to no other', async (target) => {
    for (const kid of ['issuer-es256', 'issuer-rs256', 'legacy-hs256']) {
      const token = mint({}, { kid })
      await target.send(withToken('/echo', token), allowed('user-1'))
      await target.send(withToken('/echo', token), allowed('user-1'))
      const [header, payload, signature] = token.split('.')
      const [, otherPayload] = mint({ sub: 'admin', roles: ['admin'] }, { kid }).split('.')
      const [otherHeader] = mint({}, { kid, header: { typ: 'at+jwt' } }).split('.')
      await target.send(withToken('/admin', `${header}.${otherPayload}.${signature}`), refused('signature_invalid'))
      await target.send(withToken('/echo', `${otherHeader}.${payload}.${signature}`), refused('signature_invalid'))
      await target.send(withToken('/echo', token), allowed('user-1'))
    }
  }),
]
