import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { mint, NOW, publicJwk } from '../../src/foreign/mint.js'
import { exchange } from '../../src/subject/wire.js'
import { FRAMEWORKS, startTarget } from '../../src/target/start.js'
import { startJwksServer } from './jwks-server.js'

beforeEach(() => {
  const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  return () => warning.mockRestore()
})

const asUser = (token: string) => ({ target: '/echo', headers: [['Authorization', `Bearer ${token}`]] as const })

describe.each(FRAMEWORKS)('target %s --jwks', (framework) => {
  async function start() {
    const server = await startJwksServer()
    const serve = (...kids: readonly string[]) => {
      server.behaviour = (_, response) => response.end(JSON.stringify({ keys: kids.map(publicJwk) }))
    }
    const run = async () => {
      const target = await startTarget({ framework, now: NOW, jwks: new URL(server.url) })
      onTestFinished(() => target.close())
      const port = Number(new URL(target.url).port)
      return { target, port, ask: (token: string) => exchange(port, asUser(token)) }
    }
    return { server, serve, run }
  }

  it('takes the keys of the issuer from there and from nowhere else', async () => {
    const { server, serve, run } = await start()
    serve('issuer-es256', 'issuer-rs256', 'issuer-eddsa')
    const { ask } = await run()
    for (const kid of ['issuer-es256', 'issuer-rs256', 'issuer-eddsa']) {
      expect(await ask(mint({}, { kid }))).toMatch(/^HTTP\/1.1 200 /)
    }
    expect(await ask(mint({}, { kid: 'issuer-ps256' }))).toMatch(/^HTTP\/1.1 401 .*"code":"signature_invalid"/s)
    expect(server.requests).toBe(2)
  })

  it('starts without them, answers 503 and not 401, says so in /health, and is ready when they are there', async () => {
    const { server, serve, run } = await start()
    server.behaviour = (_, response) => response.writeHead(500).end()
    const { target, port, ask } = await run()
    const answer = await ask(mint())
    expect(answer).toMatch(/^HTTP\/1.1 503 /)
    expect(answer).toMatch(/\r\nretry-after: [0-9]+\r\n/i)
    expect(answer).not.toMatch(/\r\nwww-authenticate:/i)
    expect(answer).toContain('"code":"keys_unavailable"')
    expect(target.records.at(-1)).toMatchObject({ outcome: 'error', reason: 'keys_unavailable', status: 503 })
    expect(await exchange(port, { target: '/health' })).toMatch(/^HTTP\/1.1 503 /)
    serve('issuer-es256')
    await vi.waitFor(async () => expect(await exchange(port, { target: '/health' })).toMatch(/^HTTP\/1.1 200 /), {
      timeout: 4000,
    })
    expect(await exchange(port, { target: '/health' })).toMatch(/"ageSeconds":.*"stale":false/s)
    expect(await ask(mint())).toMatch(/^HTTP\/1.1 200 /)
  })
})
