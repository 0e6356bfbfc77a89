import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuditRecord } from '../../src/audit/record.js'
import { ThrottledRecords } from '../../src/audit/throttled-records.js'
import { ATTEMPT_CHANNEL } from '../../src/index.js'
import { Ledger, NOW } from '../kit.js'

const throttled = (requestId: string): AuditRecord => ({
  event: 'auth.attempt',
  v: 1,
  outcome: 'deny',
  reason: 'throttled',
  status: 429,
  method: 'GET',
  requestId,
  framework: 'test',
  durationUs: 1,
})

const VERIFIER = {}

const lines = ({ records }: Ledger) => records.map(({ requestId, suppressed }) => [requestId, suppressed])

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('records of throttled attempts', () => {
  it('are written as they come, up to so many in a second; the last waits and tells of the others', () => {
    const ledger = new Ledger()
    const records = new ThrottledRecords(3, VERIFIER)
    for (const id of ['1', '2', '3', '4', '5']) records.write(throttled(id), ledger, NOW)
    expect(lines(ledger)).toEqual([
      ['1', undefined],
      ['2', undefined],
    ])
    vi.advanceTimersByTime(999)
    expect(ledger.records).toHaveLength(2)
    vi.advanceTimersByTime(1)
    expect(lines(ledger).slice(2)).toEqual([['5', 2]])
    expect(ledger.lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn'])
  })

  it('are all written where there are not more', () => {
    const ledger = new Ledger()
    const records = new ThrottledRecords(2, VERIFIER)
    records.write(throttled('1'), ledger, NOW)
    records.write(throttled('2'), ledger, NOW)
    vi.advanceTimersByTime(1000)
    expect(lines(ledger)).toEqual([
      ['1', undefined],
      ['2', undefined],
    ])
  })

  it('begin anew with the next second, and what waited goes first', () => {
    const ledger = new Ledger()
    const records = new ThrottledRecords(2, VERIFIER)
    for (const id of ['1', '2', '3']) records.write(throttled(id), ledger, NOW)
    records.write(throttled('4'), ledger, NOW + 0.999)
    records.write(throttled('5'), ledger, NOW + 1)
    expect(lines(ledger)).toEqual([
      ['1', undefined],
      ['4', 2],
      ['5', undefined],
    ])
    vi.advanceTimersByTime(5000)
    expect(ledger.records).toHaveLength(3)
  })

  it('are written still when the clock was set back', () => {
    const ledger = new Ledger()
    const records = new ThrottledRecords(2, VERIFIER)
    records.write(throttled('1'), ledger, NOW)
    records.write(throttled('2'), ledger, NOW - 3600)
    expect(lines(ledger)).toEqual([
      ['1', undefined],
      ['2', undefined],
    ])
  })

  it('are bounded also by a clock that stands: one a second tells of the rest', () => {
    const ledger = new Ledger()
    const records = new ThrottledRecords(2, VERIFIER)
    for (let second = 0; second < 5; second++) {
      for (let number = 0; number < 100; number++) records.write(throttled(`${second}.${number}`), ledger, NOW)
      vi.advanceTimersByTime(1000)
    }
    expect(ledger.records).toHaveLength(6)
    expect(ledger.records.reduce((sum, { suppressed = 0 }) => sum + 1 + suppressed, 0)).toBe(500)
  })

  it('go to the log of the request that they are of', () => {
    const [first, second] = [new Ledger(), new Ledger()]
    const records = new ThrottledRecords(1, VERIFIER)
    records.write(throttled('1'), first, NOW)
    records.write(throttled('2'), second, NOW)
    records.flush()
    records.flush()
    expect([lines(first), lines(second)]).toEqual([[], [['2', 1]]])
  })

  it('are all published, at once and as they are', () => {
    const published: AuditRecord[] = []
    const listen = (record: unknown) => void published.push(record as AuditRecord)
    subscribe(ATTEMPT_CHANNEL, listen)
    const ledger = new Ledger()
    const records = new ThrottledRecords(1, VERIFIER)
    for (let number = 0; number < 100; number++) records.write(throttled(String(number)), ledger, NOW)
    records.write(throttled('of no logger'), null, NOW)
    unsubscribe(ATTEMPT_CHANNEL, listen)
    expect(published).toHaveLength(101)
    expect(published.every((record) => record.suppressed === undefined && Object.isFrozen(record))).toBe(true)
    records.flush()
    expect(lines(ledger)).toEqual([['99', 99]])
    expect(ledger.records.every(Object.isFrozen)).toBe(true)
  })
})
