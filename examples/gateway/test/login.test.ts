import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { totpCode } from '../src/login/totp.js'
import { type Answer, Client, startTestGateway, type TestGateway } from './support/gateway.js'
import { PASSWORDS, SECRETS } from './support/users.js'

let gateway: TestGateway
let client: Client

beforeEach(async () => {
  gateway = await startTestGateway()
  client = new Client(gateway.url)
})

afterEach(() => gateway.close())

/** A quarter of an hour, less what the test takes. */
const AFTER_A_QUARTER = expect.stringMatching(/^(900|8[5-9][0-9])$/)
const now = (): number => Date.now() / 1000
const events = (): readonly Record<string, unknown>[] =>
  gateway.records().filter(({ event }) => event !== 'auth.attempt')
const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())

describe('POST /login', () => {
  it('gives an access token in the body and a refresh token in a cookie that no script and no other site gets', async () => {
    const answer = await client.post('/login', { username: 'ada', password: PASSWORDS.ada })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: expect.toSatisfy((seconds) => seconds === 300 || seconds === 299),
    })
    const claims = claimsOf(answer.body['access_token'])
    expect(claims).toMatchObject({
      ...{ iss: 'https://id.example', sub: 'ada', aud: ['gateway', 'orders'], roles: ['buyer', 'orders:read'] },
      ...{ acr: 'urn:example:acr:password', amr: ['pwd'], client_id: 'web:gateway' },
    })
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(300)
    expect(client.setCookies).toHaveLength(2)
    const refresh = client.setCookies.find((field) => field.startsWith('__Host-refresh='))
    expect(refresh).toMatch(
      /^__Host-refresh=[^;]{32,}; Max-Age=(?:3600|3599); Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    const device = client.setCookies.find((field) => field.startsWith('__Host-device='))
    expect(device).toMatch(/^__Host-device=[^;]+; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
  })

  it('knows a second factor, and a device that it has seen', async () => {
    const code = totpCode(SECRETS.root, now())
    const answer = await client.post('/login', { username: 'root', password: PASSWORDS.root, code })
    expect(claimsOf(answer.body['access_token'])).toMatchObject({
      ...{ acr: 'urn:example:acr:two-factors', amr: ['pwd', 'otp', 'mfa'] },
    })
    await new Client(gateway.url).login('rob', PASSWORDS.rob)
    await client.login('rob', PASSWORDS.rob)
    expect(client.setCookies.map((field) => field.split('=')[0])).toEqual(['__Host-device', '__Host-refresh'])
    await client.login('rob', PASSWORDS.rob)
    expect(client.setCookies.map((field) => field.split('=')[0])).toEqual(['__Host-refresh'])
  })

  it('answers a name that nobody has, a wrong password, a missing and a wrong code in the same bytes', async () => {
    const bodies = [
      { username: 'eve', password: PASSWORDS.ada },
      { username: 'ada', password: 'wrong' },
      { username: 'root', password: PASSWORDS.root },
      { username: 'root', password: PASSWORDS.root, code: totpCode(SECRETS.root, now() + 100_000) },
      { username: 'x'.repeat(256), password: 'x'.repeat(1024), code: 'x'.repeat(16) },
    ]
    const answers: Answer[] = []
    for (const body of bodies) answers.push(await client.post('/login', body))
    const seen = answers.map(({ status, text, headers, body }) => {
      const kept = [...headers].filter(([name]) => name !== 'date')
      return JSON.stringify([status, text.replace(String(body['requestId']), 'id'), kept])
    })
    expect(new Set(seen).size).toBe(1)
    expect(answers[0]?.status).toBe(401)
    expect(answers[0]?.headers.get('www-authenticate')).toBe('Bearer realm="gateway"')
    expect(events().map(({ reason }) => reason)).toEqual([
      ...['user_unknown', 'password_wrong', 'code_missing', 'code_wrong', 'user_unknown'],
    ])
  })

  it('says how long to wait after too many failures, to the owner as to the guesser', async () => {
    for (let round = 0; round < 10; round++) await client.post('/login', { username: 'ada', password: 'wrong' })
    const answer = await client.post('/login', { username: 'ada', password: PASSWORDS.ada })
    expect([answer.status, answer.body['code'], answer.headers.get('retry-after')]).toEqual([
      429,
      'throttled',
      AFTER_A_QUARTER,
    ])
    const nobody = new Client(gateway.url)
    for (let round = 0; round < 10; round++) await nobody.post('/login', { username: 'eve', password: 'wrong' })
    const same = await nobody.post('/login', { username: 'eve', password: 'wrong' })
    expect([same.status, same.body['code'], same.headers.get('retry-after')]).toEqual([
      429,
      'throttled',
      AFTER_A_QUARTER,
    ])
  })

  it.each([
    ['no JSON', '{"username":', 400],
    ['no name', { password: 'x' }, 400],
    ['a number for a password', { username: 'ada', password: 5 }, 400],
    ['a list for a password', { username: 'ada', password: [PASSWORDS.ada] }, 400],
    ['null for a password', { username: 'ada', password: null }, 400],
    ['an empty password', { username: 'ada', password: '' }, 400],
    ['a password of 1025 characters', { username: 'ada', password: 'x'.repeat(1025) }, 400],
    ['a body of two mebibytes', { username: 'ada', password: 'x'.repeat(2 ** 21) }, 413],
    ['a poisoned prototype', '{"username":"ada","password":"x","__proto__":{"code":"1"}}', 400],
  ])('refuses %s, with a record', async (_what, body, status) => {
    const answer = await client.post('/login', body)
    expect([answer.status, answer.body['code']]).toEqual([status, 'malformed_request'])
    expect(events()).toMatchObject([{ event: 'auth.login', outcome: 'deny', reason: 'malformed_request', status }])
  })

  it('takes JSON and nothing that a form of another site can send', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const answer = await client.post('/login', JSON.stringify({ username: 'ada', password: PASSWORDS.ada }), {
        'content-type': type,
      })
      expect([answer.status, client.cookies.size]).toEqual([415, 0])
    }
  })

  it('is closed while the store of users is away, and says why nowhere', async () => {
    await gateway.store.close()
    const answer = await client.post('/login', { username: 'ada', password: PASSWORDS.ada })
    expect([answer.status, answer.body['code']]).toEqual([503, 'unavailable'])
    expect(events()).toMatchObject([{ event: 'auth.login', outcome: 'error', reason: 'unavailable', level: 50 }])
    expect((await client.send('GET', '/health')).status).toBe(503)
    gateway.store.close = async () => undefined
  })
})

describe('POST /refresh', () => {
  it('gives another access token and another cookie, for the same session', async () => {
    const first = claimsOf(await client.login('ada', PASSWORDS.ada))
    const cookie = client.cookies.get('__Host-refresh')
    const answer = await client.post('/refresh')
    expect(answer.status).toBe(200)
    const second = claimsOf(answer.body['access_token'])
    expect(second['sid']).toBe(first['sid'])
    expect(second['jti']).not.toBe(first['jti'])
    expect(second['auth_time']).toBe(first['auth_time'])
    expect(client.cookies.get('__Host-refresh')).not.toBe(cookie)
    expect(events()).toMatchObject([
      { event: 'auth.login', outcome: 'allow', principal: 'ada', sessionId: first['sid'] },
      { event: 'auth.refresh', outcome: 'allow', principal: 'ada', sessionId: first['sid'] },
    ])
  })

  it('ends the session where an old refresh token comes again: for thief and owner, access tokens too', async () => {
    await client.login('ada', PASSWORDS.ada)
    const stolen = client.cookies.get('__Host-refresh') ?? ''
    await client.post('/refresh')
    const { body } = await client.post('/refresh')
    const authorization = `Bearer ${body['access_token']}`
    expect((await client.send('GET', '/nowhere', undefined, { authorization })).status).toBe(404)

    const thief = new Client(gateway.url)
    thief.cookies.set('__Host-refresh', stolen)
    const reused = await thief.post('/refresh')
    expect([reused.status, reused.body['code'], thief.cookies.size]).toEqual([401, 'session_ended', 0])
    expect(events().at(-1)).toMatchObject({ event: 'auth.refresh', outcome: 'deny', reason: 'refresh_token_reused' })

    expect((await client.send('GET', '/nowhere', undefined, { authorization })).body['code']).toBe('token_revoked')
    const owner = await client.post('/refresh')
    expect([owner.status, owner.body['code'], client.cookies.has('__Host-refresh')]).toEqual([
      401,
      'session_ended',
      false,
    ])
  })

  it('gives the roles that the user has now, and nothing to a user who is gone', async () => {
    await client.login('rob', PASSWORDS.rob)
    const rob = await gateway.store.find('rob')
    if (rob === undefined) throw new Error('rob is gone')
    await gateway.store.put({ ...rob, roles: [] })
    const answer = await client.post('/refresh')
    expect(claimsOf(answer.body['access_token'])['roles'] ?? []).toEqual([])
  })

  it.each([
    ['no cookie', undefined, 'no_session'],
    ['a made-up one', 'AAAA.BBBB', 'session_ended'],
    ['an empty one', '', 'session_ended'],
    ['a long one', 'x'.repeat(5000), 'session_ended'],
  ])('refuses %s, with a record', async (_what, value, code) => {
    if (value !== undefined) client.cookies.set('__Host-refresh', value)
    const answer = await client.post('/refresh')
    expect([answer.status, answer.body['code']]).toEqual([401, code])
    expect(events()).toMatchObject([{ event: 'auth.refresh', outcome: 'deny' }])
  })
})

describe('POST /logout', () => {
  it('ends the session, its refresh token and its access token', async () => {
    const token = await client.login('ada', PASSWORDS.ada)
    const cookie = client.cookies.get('__Host-refresh') ?? ''
    expect((await client.post('/logout')).status).toBe(204)
    expect(client.cookies.has('__Host-refresh')).toBe(false)
    client.cookies.set('__Host-refresh', cookie)
    expect((await client.post('/refresh')).status).toBe(401)
    const authorization = `Bearer ${token}`
    expect((await client.send('GET', '/nowhere', undefined, { authorization })).body['code']).toBe('token_revoked')
    expect(events()[1]).toMatchObject({ event: 'auth.logout', outcome: 'allow' })
  })

  it('leaves other sessions of the user alone', async () => {
    const other = new Client(gateway.url)
    await other.login('ada', PASSWORDS.ada)
    await client.login('ada', PASSWORDS.ada)
    await client.post('/logout')
    expect((await other.post('/refresh')).status).toBe(200)
    expect((await client.post('/logout')).body['code']).toBe('no_session')
  })
})

describe('POST /step-up', () => {
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

  it('starts a session with two factors in place of the one with a password', async () => {
    const token = await client.login('ada', PASSWORDS.ada)
    const before = client.cookies.get('__Host-refresh')
    const code = totpCode(SECRETS.ada, now())
    const answer = await client.post('/step-up', { code }, bearer(token))
    expect(answer.status).toBe(200)
    const claims = claimsOf(answer.body['access_token'])
    expect(claims).toMatchObject({ sub: 'ada', acr: 'urn:example:acr:two-factors', amr: ['pwd', 'otp', 'mfa'] })
    expect(claims['sid']).not.toBe(claimsOf(token)['sid'])
    expect(client.cookies.get('__Host-refresh')).not.toBe(before)
    expect((await client.send('GET', '/nowhere', undefined, bearer(token))).body['code']).toBe('token_revoked')
    const refreshed = await client.post('/refresh')
    expect(claimsOf(refreshed.body['access_token'])).toMatchObject({ acr: 'urn:example:acr:two-factors' })
    expect(events()).toMatchObject([
      { event: 'auth.login', outcome: 'allow' },
      { event: 'auth.step_up', outcome: 'allow', principal: 'ada' },
      { event: 'auth.logout', outcome: 'allow' },
      { event: 'auth.refresh', outcome: 'allow' },
    ])
  })

  it('takes a code once, and no wrong one', async () => {
    const code = totpCode(SECRETS.ada, now())
    const token = String(
      (await client.post('/login', { username: 'ada', password: PASSWORDS.ada, code })).body['access_token'],
    )
    const used = await client.post('/step-up', { code }, bearer(token))
    expect([used.status, used.body['code']]).toEqual([401, 'login_failed'])
    const wrong = await client.post('/step-up', { code: totpCode(SECRETS.ada, now() + 100_000) }, bearer(token))
    expect([wrong.status, wrong.body['code']]).toEqual([401, 'login_failed'])
    expect(events().map(({ reason }) => reason)).toEqual([undefined, 'code_used', 'code_wrong'])
  })

  it('asks for a token, and waits after ten wrong codes', async () => {
    expect((await client.post('/step-up', { code: '000000' })).body['code']).toBe('missing_credentials')
    const token = await client.login('rob', PASSWORDS.rob)
    expect((await client.post('/step-up', { code: '000000' }, bearer(token))).status).toBe(401)
    const ada = await client.login('ada', PASSWORDS.ada)
    const wrong = totpCode(SECRETS.ada, now() + 100_000)
    for (let round = 0; round < 10; round++) await client.post('/step-up', { code: wrong }, bearer(ada))
    const answer = await client.post('/step-up', { code: wrong }, bearer(ada))
    expect([answer.status, answer.body['code'], answer.headers.get('retry-after')]).toEqual([
      429,
      'throttled',
      AFTER_A_QUARTER,
    ])
  })
})

describe('a request from elsewhere', () => {
  const own = (): string => gateway.url
  const ELSEWHERE: readonly (readonly [string, () => Record<string, string>])[] = [
    ['another site, by what a browser says of it', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['another subdomain', () => ({ 'sec-fetch-site': 'same-site', origin: own() })],
    ['an address typed in', () => ({ 'sec-fetch-site': 'none' })],
    ['another origin', () => ({ origin: 'https://evil.example' })],
    ['another port of the same host', () => ({ origin: 'http://127.0.0.1:1' })],
    ['a sandboxed frame', () => ({ origin: 'null' })],
  ]

  it.each(ELSEWHERE)('has no power from a cookie or a password: %s', async (_what, headers) => {
    await client.login('ada', PASSWORDS.ada)
    for (const path of ['/login', '/refresh', '/logout', '/step-up']) {
      const body = path === '/login' ? { username: 'ada', password: PASSWORDS.ada } : undefined
      const answer = await client.post(path, body, headers())
      if (path !== '/step-up') expect([path, answer.status, answer.body['code']]).toEqual([path, 403, 'cross_site'])
      else expect(answer.status).toBe(401)
    }
    expect((await client.post('/refresh', undefined, { origin: own(), 'sec-fetch-site': 'same-origin' })).status).toBe(
      200,
    )
  })
})

describe('errors and records', () => {
  it('are problem details with a fixed text, never cached, with a challenge for a 401', async () => {
    const answers = [
      await client.post('/login', '{'),
      await client.post('/login', { username: 'ada', password: 'wrong' }),
      await client.post('/refresh'),
      await client.post('/logout'),
      await client.post('/step-up', { code: '1' }),
      await client.post('/refresh', undefined, { origin: 'https://evil.example' }),
      await client.send('GET', '/api/orders'),
      await client.send('GET', '/nowhere'),
      await client.send('GET', '/%zz'),
    ]
    for (const { status, headers, body } of answers) {
      expect(headers.get('content-type')).toBe('application/problem+json')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.has('www-authenticate')).toBe(status === 401)
      expect(Object.keys(body)).toEqual(['type', 'title', 'status', 'code', 'requestId'])
      expect(body).toMatchObject({ status, type: `urn:countersign:${body['code']}` })
    }
  })

  it('are one JSON line each, whatever was sent as a name', async () => {
    for (const username of ['a\r\nb', '\u001b[31mred', 'a\u2028b', '"}{"', 'ada"}', '__proto__'])
      await client.post('/login', { username, password: 'wrong' })
    expect(gateway.lines.filter((line) => line.split('\n').length !== 2)).toEqual([])
    expect(events()).toHaveLength(6)
    expect(gateway.lines.join('')).not.toMatch(/red|\u2028/)
  })

  it('hold, at the most talkative level, no password, code, token, cookie, hash or secret', async () => {
    const code = totpCode(SECRETS.ada, now())
    const token = await client.login('ada', PASSWORDS.ada, code)
    const cookies = [...client.cookies.values()]
    const { body } = await client.post('/refresh', undefined, { authorization: `Bearer ${token}` })
    const second = totpCode(SECRETS.ada, now() + 30)
    const stepped = await client.post('/step-up', { code: second }, { authorization: `Bearer ${body['access_token']}` })
    cookies.push(...client.cookies.values())
    await client.send('GET', '/api/orders', undefined, { authorization: `Bearer ${stepped.body['access_token']}` })
    await client.post('/login', { username: 'my password by mistake', password: 'another secret' })
    await client.post('/login', { username: 'rob', password: 'a wrong secret', code: '918273' })
    await client.send('GET', `/api/orders?access_token=${token}`)
    await client.post('/logout?password=a+wrong+secret')
    await gateway.store.close()
    await client.post('/login', { username: 'ada', password: PASSWORDS.ada })
    gateway.store.close = async () => undefined

    const text = gateway.lines.join('')
    const secrets = [
      ...[
        PASSWORDS.ada,
        PASSWORDS.rob,
        SECRETS.ada,
        'by mistake',
        'another secret',
        'a wrong secret',
        'wrong+secret',
        '918273',
      ],
      ...['$argon2id', code, second, token, String(body['access_token']), String(stepped.body['access_token'])],
      ...cookies.flatMap((cookie) => cookie.split(/[.~]/).filter((part) => part.length > 16)),
      ...[token, String(body['access_token'])].map((jwt) => jwt.split('.')[2] ?? ''),
    ]
    // Numbers of six digits are in every line: as a word of its own a code would stand out.
    const found = secrets.filter((secret) =>
      /^[0-9]{6}$/.test(secret) ? new RegExp(`"${secret}"|\\b${secret}\\b`).test(text) : text.includes(secret),
    )
    expect(found).toEqual([])
    expect(events().length).toBeGreaterThan(6)
  })

  it('say who, where, when and why, by the keys of every other record', async () => {
    await client.post(
      '/login',
      { username: 'ADA', password: 'wrong' },
      { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    )
    expect(events()).toEqual([
      {
        ...{ level: 40, time: expect.any(Number), pid: expect.any(Number), hostname: expect.any(String) },
        ...{ event: 'auth.login', v: 1, outcome: 'deny', principal: 'ada', reason: 'password_wrong', status: 401 },
        ...{ route: '/login', ip: '127.0.0.1', method: 'POST', requestId: expect.any(String), traceId: 'a'.repeat(32) },
        ...{
          framework: 'fastify',
          durationUs: expect.any(Number),
          msg: 'auth.login deny: password_wrong',
          reqId: expect.any(String),
        },
      },
    ])
  })
})
