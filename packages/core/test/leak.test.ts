import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { type Decision, keyRing, memoryReplayStore, type Policy, type RequestView } from '../src/index.js'
import {
  bearing,
  bench,
  billing,
  claims,
  hmacHeaders,
  keyPair,
  mint,
  NOW,
  nextNonce,
  SECRET,
  signed,
  token,
  view,
  withHeader,
} from './kit.js'

const WRONG = createHash('sha256').update('wrong').digest()
const good = token()
const stranger = mint(keyPair('ES384').privateKey, { alg: 'ES384' }, claims())
const nonce = nextNonce()
const headers = hmacHeaders({ nonce })
const mac = headers.at(-1) as string

/** Requests of every kind of denial, and some that are allowed. */
const REQUESTS: readonly (readonly [RequestView, Policy])[] = [
  [view(), 'authenticated'],
  ...[
    good,
    `${good}=`,
    `${good}.x`,
    good.slice(0, -4),
    token({ exp: 1 }),
    token({ nbf: NOW + 99 }),
    token({ iss: 'x' }),
    token({ aud: 'x' }),
  ].map((compact) => [bearing(compact), 'authenticated'] as const),
  ...[
    token({ sub: '' }),
    token({ sub: undefined }),
    token({}, { typ: 'x' }),
    token({}, { kid: 'x' }),
    stranger,
    good.repeat(40),
  ].map((compact) => [bearing(compact), 'authenticated'] as const),
  [bearing(good, { target: `/orders?access_token=${good}` }), 'authenticated'],
  [bearing(good, { headers: ['authorization', `Bearer ${good}`] }), 'authenticated'],
  [bearing(good), { anyRole: ['a'] }],
  [bearing(good), { anyScope: ['a'] }],
  [bearing(good), { scheme: 'hmac' }],
  [bearing(good), { check: () => false }],
  [bearing(good), { check: () => Promise.reject(new Error(`${good} ${SECRET.toString('hex')}`)) }],
  [view({ headers }), 'authenticated'],
  [view({ headers }), 'authenticated'],
  ...(['x-hmac-timestamp', 'x-hmac-nonce', 'x-hmac-content-sha256', 'x-hmac-sha256'] as const).flatMap((name) => [
    [withHeader(view({ headers }), name, undefined), 'authenticated'] as const,
    [withHeader(view({ headers }), name, `${mac}${nonce}`), 'authenticated'] as const,
  ]),
  [signed({ nonce, secret: WRONG }), 'authenticated'],
  [signed({ nonce, keyId: 'nobody' }), 'authenticated'],
  [signed({ nonce, keyId: 'ended' }), 'authenticated'],
  [signed({ nonce, timestamp: NOW - 301 }), 'authenticated'],
  [signed({ nonce, body: 'a', readBody: () => Buffer.from('b') }), 'authenticated'],
  [signed({ nonce, readBody: () => Promise.reject(new Error(`${mac} ${nonce}`)) }), 'authenticated'],
  [signed({ headers: ['Authorization', `Bearer ${good}`] }), { actor: { anyRole: ['a'] } }],
  [signed({ headers: ['Authorization', `Bearer ${stranger}`] }), 'authenticated'],
]

/** Whatever must not be told: whole tokens, their segments and signatures, MACs, nonces, secrets in every spelling. */
const tokensSent = REQUESTS.flatMap(([{ rawHeaders }]) =>
  rawHeaders.filter((text) => text.startsWith('Bearer ')).map((text) => text.slice(7)),
)
const SECRETS = [
  ...tokensSent.flatMap((compact) => [compact, ...compact.split('.')]),
  ...REQUESTS.flatMap(([{ rawHeaders }]) =>
    rawHeaders.filter((_, index) => /^x-hmac-(nonce|(sha|content).*)$/i.test(rawHeaders[index - 1] ?? '')),
  ),
  ...(['hex', 'base64', 'base64url', 'latin1', 'utf8'] as const).flatMap((encoding) => [
    SECRET.toString(encoding),
    WRONG.toString(encoding),
  ]),
].filter((text) => text.length > 8)

it('no denial tells a token, a part of one, a MAC, a nonce or a secret: not in its reply, its record or an error', async () => {
  const keys = keyRing([billing(), billing({ id: 'ended', secret: Buffer.alloc(32, 4), notAfter: NOW - 1 })])
  const { verifier, audit } = bench({ hmac: { keys, replay: memoryReplayStore({ maxEntries: 2 }) } })
  const decisions: Decision[] = []
  for (const [request, policy] of REQUESTS) decisions.push(await verifier.verify(request, policy))

  const denials = decisions.filter(({ outcome }) => outcome === 'deny')
  const reasons = new Set(denials.map((denial) => 'reason' in denial && denial.reason))
  expect(reasons.size).toBeGreaterThanOrEqual(24)
  expect(audit.records).toHaveLength(REQUESTS.length)

  const output = JSON.stringify([denials, audit.lines])
  for (const secret of SECRETS) {
    expect(output.includes(secret) || output.includes(JSON.stringify(secret).slice(1, -1)), secret).toBe(false)
  }
})

it('no error of a wrong configuration tells the secret that is wrong', () => {
  const secret = 'correct horse battery'
  expect(() => keyRing([billing({ secret })])).toThrow(/^(?!.*correct).*at least 32/)
  expect(() => keyRing([billing({ secret: ` ${secret}` })])).toThrow(/^(?!.*correct).*white space/)
})
