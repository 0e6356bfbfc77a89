import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Writable } from 'node:stream'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  ATTEMPT_CHANNEL,
  type AuditLogger,
  type AuditRecord,
  bearer,
  CredentialError,
  createVerifier,
  type Policy,
  type RequestView,
  verifierOf,
} from '../../src/index.js'
import {
  AUDIENCE,
  bearing,
  bench,
  caughtWarnings,
  hmacHeaders,
  issuer,
  NOW,
  now,
  SECRET,
  signed,
  token,
  view,
  withHeader,
  word,
} from '../kit.js'

/** A pino logger at level trace, and the lines it wrote. */
function pinoLines(): { readonly logger: AuditLogger; readonly lines: string[] } {
  const lines: string[] = []
  const sink = new Writable({
    write: (line, _encoding, done) => {
      lines.push(String(line))
      done()
    },
  })
  return { logger: pino({ level: 'trace' }, sink), lines }
}

const FIXED =
  'event v outcome reason status scheme principal actor issuer keyId kid tokenId roles route method ip requestId traceId framework durationUs suppressed error'.split(
    ' ',
  )

describe('one attempt, one record', () => {
  const later = (request: RequestView): RequestView => ({ ...request, readBody: async () => Buffer.alloc(0) })

  it.each<[string, () => RequestView, Policy, object]>([
    [
      'allowed',
      () => bearing(token()),
      'authenticated',
      { level: 'info', record: { outcome: 'allow' }, message: 'auth allow' },
    ],
    [
      'allowed later',
      () => later(signed()),
      'authenticated',
      { level: 'info', record: { outcome: 'allow', scheme: 'hmac' } },
    ],
    [
      'anonymous',
      () => view(),
      'optional',
      { level: 'info', record: { outcome: 'anonymous' }, message: 'auth anonymous' },
    ],
    [
      'nothing sent',
      () => view(),
      'authenticated',
      { level: 'warn', record: { outcome: 'deny', status: 401 }, message: 'auth deny: missing_credentials' },
    ],
    [
      'bad token',
      () => bearing('x'),
      'optional',
      { level: 'warn', record: { reason: 'token_malformed', scheme: 'bearer' } },
    ],
    [
      'bad MAC',
      () => signed({ secret: Buffer.alloc(32, 1) }),
      'authenticated',
      { level: 'warn', record: { reason: 'signature_invalid', keyId: 'billing-1' } },
    ],
    [
      'no role',
      () => bearing(token()),
      { anyRole: ['a'] },
      { level: 'warn', record: { reason: 'role_missing', status: 403, roles: ['a'], principal: 'alice' } },
    ],
    [
      'a dependency',
      () => signed({ readBody: () => Promise.reject(new CredentialError('keys_unavailable')) }),
      'authenticated',
      { level: 'error', record: { outcome: 'error', status: 503 } },
    ],
    [
      'a bug',
      () => signed({ readBody: () => expect.unreachable() }),
      'authenticated',
      { level: 'error', record: { outcome: 'error', status: 500, reason: 'internal' } },
    ],
    [
      'a bug later',
      () => signed({ readBody: () => Promise.reject(new TypeError('x')) }),
      'authenticated',
      { level: 'error', record: { error: 'TypeError' } },
    ],
    [
      'both schemes',
      () => signed({ headers: ['Authorization', `Bearer ${token()}`] }),
      'authenticated',
      { record: { scheme: 'bearer', principal: 'alice', actor: 'billing', keyId: 'billing-1' } },
    ],
  ])('%s', async (_, request, policy, expected) => {
    const { verifier, audit } = bench()
    await verifier.verify(request(), policy)
    expect(audit.lines).toMatchObject([expected])
    for (const key of Object.keys(audit.records[0] ?? {})) expect(FIXED).toContain(key)
  })

  it('and none for a public route, whatever is sent there', () => {
    const { verifier, audit } = bench()
    now(verifier.verify(bearing('x'), 'public'))
    expect(audit.lines).toEqual([])
  })

  it('flat, versioned, with what is known of the request', () => {
    const { verifier, audit } = bench()
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    now(
      verifier.verify(bearing(token({ jti: 't' }), { headers: ['traceparent', `00-${trace}-00f067aa0ba902b7-01`] }), {
        anyRole: ['r'],
      }),
    )
    const { durationUs, kid, ...record } = audit.records[0] as AuditRecord
    expect(record).toEqual({
      event: 'auth.attempt',
      v: 1,
      outcome: 'deny',
      reason: 'role_missing',
      status: 403,
      scheme: 'bearer',
      principal: 'alice',
      issuer: 'https://id.example',
      tokenId: 't',
      roles: ['r'],
      route: '/orders',
      method: 'GET',
      ip: '192.0.2.1',
      requestId: 'request-1',
      traceId: trace,
      framework: 'test',
    })
    expect(durationUs).toBeGreaterThanOrEqual(0)
  })

  it('with the request id of the reply', () => {
    const { verifier, audit } = bench()
    const decision = now(verifier.verify({ ...view(), requestId: undefined }, 'authenticated'))
    if (decision.outcome === 'allow') throw new Error('allowed')
    expect(JSON.parse(decision.reply.body).requestId).toBe(audit.records[0]?.requestId)
  })
})

describe('values from outside', () => {
  const NASTY = 'a\r\n{"level":50}\u001b[2J\u2028\u2029"}\\ \u0000é💥'

  it('stay values: one parseable line of pino for each attempt, and no key of their own', async () => {
    const { logger, lines } = pinoLines()
    const { verifier } = bench({ verifier: { audit: logger } })
    const requests: RequestView[] = [
      bearing(token({ sub: NASTY, jti: NASTY })),
      bearing(token({ iss: NASTY })),
      bearing(token({}, { kid: NASTY })),
      { ...view({ method: NASTY }), route: NASTY, ip: NASTY, requestId: NASTY },
      withHeader(signed(), 'x-hmac-key-id', 'a.b:c'),
    ]
    for (const request of requests) await verifier.verify(request, 'authenticated')
    expect(lines).toHaveLength(requests.length)
    for (const line of lines) {
      expect(
        [...line.slice(0, -1)].every((character) => character >= ' '),
        line,
      ).toBe(true)
      const { level: _level, time: _time, pid: _pid, hostname: _host, msg: _msg, ...record } = JSON.parse(line)
      for (const key of Object.keys(record)) expect(FIXED).toContain(key)
    }
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ principal: NASTY, tokenId: NASTY })
    expect(JSON.parse(lines[3] ?? '')).toMatchObject({ method: NASTY, route: NASTY, ip: NASTY })
    // An id of another form is replaced: it goes into the reply as well.
    expect(JSON.parse(lines[3] ?? '').requestId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('are cut at 256 characters', async () => {
    const { verifier, audit } = bench()
    const long = 'x'.repeat(1000)
    await verifier.verify(bearing(token({ sub: long, jti: long })), 'authenticated')
    await verifier.verify({ ...view({ method: long }), route: long, ip: long, requestId: long }, 'authenticated')
    const cut = 'x'.repeat(256)
    expect(audit.records).toMatchObject([
      { principal: cut, tokenId: cut },
      { method: cut, route: cut, ip: cut, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ])
  })
})

describe('a sink', () => {
  let warnings: string[]
  beforeEach(() => {
    warnings = caughtWarnings()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  // The minute after the last warning is over before the next test.
  afterEach(() => {
    vi.advanceTimersByTime(120_000)
    vi.useRealTimers()
  })

  const throwing = () => {
    throw new RangeError('disk full, and the secret too')
  }
  const BROKEN: AuditLogger = { info: throwing, warn: throwing, error: throwing }

  it('that throws changes no decision, and is told of without its text', async () => {
    const requests = [bearing(token()), view(), signed(), signed({ readBody: () => expect.unreachable() })]
    for (const request of requests) {
      const heard = bench().verifier.verify(request, 'authenticated')
      const unheard = bench({ verifier: { audit: BROKEN } }).verifier.verify(request, 'authenticated')
      expect(word(now(unheard))).toBe(word(now(heard)))
    }
    expect(warnings).toEqual(['an audit record could not be written: RangeError'])
  })

  it('is told of once a minute, with the count of what was lost meanwhile', () => {
    const { verifier } = bench({ verifier: { audit: BROKEN } })
    const lose = (count: number) => {
      for (let index = 0; index < count; index++) now(verifier.verify(view(), 'authenticated'))
    }
    lose(1000)
    expect(warnings.splice(0)).toEqual(['an audit record could not be written: RangeError'])
    vi.advanceTimersByTime(59_999)
    expect(warnings).toEqual([])
    vi.advanceTimersByTime(1)
    expect(warnings.splice(0)).toEqual(['999 audit records could not be written: RangeError'])
    vi.advanceTimersByTime(120_000)
    expect(warnings).toEqual([])
    lose(1)
    expect(warnings).toEqual(['an audit record could not be written: RangeError'])
  })

  it('that rejects changes no decision either, ends no process, and is told of', async () => {
    const rejecting = () => Promise.reject(new RangeError('disk full, and the secret too'))
    const audit: AuditLogger = { info: rejecting, warn: rejecting, error: rejecting }
    expect(word(now(bench({ verifier: { audit } }).verifier.verify(view(), 'authenticated')))).toBe(
      'missing_credentials',
    )
    await Promise.resolve()
    expect(warnings).toEqual(['an audit record could not be written: RangeError'])
  })

  it("is the request's own logger where the verifier was given none", () => {
    const { logger, lines } = pinoLines()
    const own = createVerifier({ audience: AUDIENCE, schemes: [bearer({ issuers: [issuer()] })], clock: () => NOW })
    const { verifier } = bench()
    now(own.verify({ ...view(), log: logger }, 'authenticated'))
    now(verifier.verify({ ...view(), log: logger }, 'authenticated'))
    expect(lines).toHaveLength(1)
  })

  it('is nowhere where null says so', () => {
    const { logger, lines } = pinoLines()
    const { verifier } = bench({ verifier: { audit: null } })
    now(verifier.verify({ ...view(), log: logger }, 'authenticated'))
    expect(lines).toEqual([])
  })
})

describe('the diagnostics channel', () => {
  const heard: unknown[] = []
  const listen = (message: unknown) => heard.push(message)
  afterEach(() => {
    heard.length = 0
  })

  it('carries every record, also where nothing is logged', () => {
    subscribe(ATTEMPT_CHANNEL, listen)
    onTestFinished(() => {
      unsubscribe(ATTEMPT_CHANNEL, listen)
    })
    const silent = bench({ verifier: { audit: null } })
    now(silent.verifier.verify(signed(), 'authenticated'))
    const loud = bench()
    now(loud.verifier.verify(view({ headers: hmacHeaders({ secret: SECRET, nonce: 'x' }) }), 'authenticated'))
    expect(heard).toMatchObject([{ outcome: 'allow' }, { outcome: 'deny', reason: 'nonce_malformed' }])
    expect(heard[1]).toBe(loud.audit.records[0])
  })

  it('cannot change what is logged, nor what is logged what it carries', async () => {
    const logged: unknown[] = []
    const keep = (record: object) => void logged.push({ ...record })
    const meddle = (record: unknown) => Reflect.set(record as object, 'outcome', 'allow')
    subscribe(ATTEMPT_CHANNEL, meddle)
    onTestFinished(() => void unsubscribe(ATTEMPT_CHANNEL, meddle))
    const { verifier } = bench({ verifier: { audit: { info: keep, warn: keep, error: keep } } })
    await verifier.verify(view(), 'authenticated')
    expect(logged).toMatchObject([{ outcome: 'deny', reason: 'missing_credentials' }])
  })

  it('says which verifier a record is of, to subscribers that verify something themselves too, and forgets it', () => {
    const [first, second] = [bench({ verifier: { audit: null } }), bench({ verifier: { audit: null } })]
    const makers: unknown[] = []
    const records: unknown[] = []
    const listen = (record: unknown) => {
      records.push(record)
      if (verifierOf(record) === first.verifier) now(second.verifier.verify(view(), 'authenticated'))
      makers.push(verifierOf(record))
    }
    subscribe(ATTEMPT_CHANNEL, listen)
    onTestFinished(() => void unsubscribe(ATTEMPT_CHANNEL, listen))
    now(first.verifier.verify(view(), 'authenticated'))
    expect(makers).toEqual([second.verifier, first.verifier])
    expect([...records, undefined, {}].map(verifierOf)).toEqual([undefined, undefined, undefined, undefined])
  })

  it('has the name of the export', () => {
    expect(ATTEMPT_CHANNEL).toBe('countersign:attempt')
  })
})
