import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logTrail } from '../src/log-trail.js'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logs-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

const log = (name: string): string => join(directory, name)
const line = (reason: string, time = 1): string => {
  return `${JSON.stringify({ time, name: 'orders', event: 'auth.attempt', outcome: 'deny', reason, traceId: 'ü' })}\n`
}
const record = (verdict: string, time = 1) => ({ service: 'orders', verdict, time, traceId: 'ü' })

describe('a trail of logs', () => {
  it('starts where the logs end now', () => {
    writeFileSync(log('orders-1.jsonl'), line('replayed'))
    const trail = logTrail(directory)
    expect(trail.records()).toEqual([])
    appendFileSync(log('orders-1.jsonl'), line('token_expired'))
    expect(trail.records()).toEqual([record('token_expired')])
  })

  it('reads the logs of all replicas, those too that begin later, and what else is logged it leaves out', () => {
    const trail = logTrail(directory)
    writeFileSync(log('orders-1.jsonl'), `{"name":"orders","msg":"listening"}\n${line('replayed')}`)
    writeFileSync(log('orders-2.jsonl'), line('token_expired'))
    writeFileSync(log('other.txt'), line('key_unknown'))
    expect(trail.records()).toEqual([record('replayed'), record('token_expired')])
  })

  it('has the records of two replicas in the order in which they were written, whichever log is read first', () => {
    const trail = logTrail(directory)
    writeFileSync(log('orders-2.jsonl'), line('replayed', 2))
    expect(trail.records()).toEqual([record('replayed', 2)])
    writeFileSync(log('orders-1.jsonl'), line('token_expired', 1))
    expect(trail.records()).toEqual([record('token_expired', 1), record('replayed', 2)])
  })

  it('waits for the end of a line, also where it was cut within a character', () => {
    const trail = logTrail(directory)
    const bytes = Buffer.from(line('replayed'))
    for (const [index] of bytes.entries()) {
      expect(trail.records()).toEqual([])
      appendFileSync(log('orders-1.jsonl'), bytes.subarray(index, index + 1))
    }
    expect(trail.records()).toEqual([record('replayed')])
  })
})
