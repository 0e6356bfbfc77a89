import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { AUTH_EVENT_CHANNEL, type AuthEvent, recordAuthEvent } from '../../src/audit/event.js'
import type { AuditLogger } from '../../src/audit/logger.js'

const LOGIN: AuthEvent = { event: 'auth.login', outcome: 'allow', durationUs: 12, principal: 'alice', client: 'web' }

function memoryLogger() {
  const lines: (readonly [level: string, record: object, message: string])[] = []
  const at = (level: string) => (record: object, message: string) => {
    lines.push([level, record, message])
  }
  const logger: AuditLogger = { info: at('info'), warn: at('warn'), error: at('error') }
  return { lines, logger }
}

describe('the record of an event', () => {
  it('has the keys of an attempt, flat, and leaves out what is absent', () => {
    const { lines, logger } = memoryLogger()
    const request = { method: 'POST', ip: '192.0.2.1', requestId: 'r-1', framework: 'fastify', route: '/login' }
    recordAuthEvent({ ...LOGIN, reason: undefined, request: { ...request, traceId: undefined } }, logger)
    const record = { event: 'auth.login', v: 1, outcome: 'allow', principal: 'alice', client: 'web', durationUs: 12 }
    expect(lines).toEqual([['info', { ...record, ...request }, 'auth.login allow']])
  })

  it('is written at the level of its outcome, with its reason in the message', () => {
    const { lines, logger } = memoryLogger()
    recordAuthEvent({ ...LOGIN, event: 'auth.refresh', outcome: 'deny', reason: 'refresh_token_reused' }, logger)
    recordAuthEvent({ ...LOGIN, event: 'auth.refresh', outcome: 'error', reason: 'keys_unavailable' }, logger)
    expect(lines.map(([level, , message]) => [level, message])).toEqual([
      ['warn', 'auth.refresh deny: refresh_token_reused'],
      ['error', 'auth.refresh error: keys_unavailable'],
    ])
  })

  it('cuts texts from outside to 256 characters', () => {
    const { lines, logger } = memoryLogger()
    recordAuthEvent({ ...LOGIN, principal: 'a'.repeat(257), request: { method: 'b'.repeat(256) } }, logger)
    expect(lines[0]?.[1]).toMatchObject({ principal: 'a'.repeat(256), method: 'b'.repeat(256) })
  })

  it('takes nothing but plain values: what a client sent may be of any form', () => {
    const { lines, logger } = memoryLogger()
    const client = { toString: 'x', secret: 'y' } as never
    const audience = [...Array.from({ length: 30 }, (_, index) => `a${index}`.padEnd(300, 'b')), {} as never]
    recordAuthEvent({ ...LOGIN, client, audience, request: { method: [] as never, route: null as never } }, logger)
    const [[, record] = []] = lines
    expect(record).not.toHaveProperty('client')
    expect(record).not.toHaveProperty('route')
    expect(record).toMatchObject({ audience: audience.slice(0, 20).map((name) => name.slice(0, 256)) })
  })

  it('is published, also where no logger is given, and no sink can change it for the next', () => {
    const seen: unknown[] = []
    const look = (message: unknown) => seen.push(message)
    subscribe(AUTH_EVENT_CHANNEL, look)
    recordAuthEvent(LOGIN, null)
    unsubscribe(AUTH_EVENT_CHANNEL, look)
    expect(seen).toMatchObject([{ event: 'auth.login' }])
    expect(Object.isFrozen(seen[0])).toBe(true)
  })
})
