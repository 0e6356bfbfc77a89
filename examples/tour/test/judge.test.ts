import { describe, expect, it } from 'vitest'
import { ROWS } from '../src/tour.js'
import { judge, judgeAgain, type RowResult } from '../src/walk.js'

const expected = { status: 401, audit: { orders: ['token_expired'] } } as const

describe('the verdict on a row', () => {
  it('finds nothing where status and audit records are as expected', () => {
    expect(judge(expected, 401, { orders: ['token_expired'] })).toEqual([])
  })

  it('finds another status', () => {
    expect(judge(expected, 403, { orders: ['token_expired'] })).toEqual(['answered 403, expected 401'])
  })

  it('finds another reason under the right status', () => {
    expect(judge(expected, 401, { orders: ['signature_invalid'] })).toEqual([
      'orders recorded signature_invalid, expected token_expired',
    ])
  })

  it('finds an attempt without a record', () => {
    expect(judge(expected, 401, {})).toEqual(['orders wrote 0 audit records, expected 1'])
  })

  it('takes the records of two attempts in any order, for they may be of two replicas', () => {
    const twice = { status: 401, audit: { orders: ['allow', 'replayed'] } } as const
    expect(judge(twice, 401, { orders: ['replayed', 'allow'] })).toEqual([])
    expect(judge(twice, 401, { orders: ['allow', 'allow'] })).toEqual([
      'orders recorded allow, allow, expected allow, replayed',
    ])
  })

  it('finds a second record of one attempt', () => {
    expect(judge(expected, 401, { orders: ['token_expired', 'token_expired'] })).toEqual([
      'orders wrote 2 audit records, expected 1',
    ])
  })

  it('finds a record of a service that should not have been reached', () => {
    expect(judge(expected, 401, { orders: ['token_expired'], inventory: ['allow'] })).toEqual([
      'inventory wrote 1 audit records, expected 0',
    ])
  })

  it('finds a record that comes after the row was judged', () => {
    const [row] = ROWS.filter(({ sent, to }) => sent === 'expired token' && to === 'orders')
    if (row === undefined) throw new Error('the row is gone')
    const result: RowResult = {
      ...{ number: 1, row, traceId: 'a', verdict: 'ok', status: 401, faults: [] },
      audit: { orders: ['token_expired'] },
    }
    const record = { service: 'orders', verdict: 'token_expired', time: 1, traceId: 'a' } as const
    expect(judgeAgain([result], { records: () => [record] })).toEqual([])
    expect(judgeAgain([result], { records: () => [record, record] })).toMatchObject([
      { verdict: 'FAIL', faults: ['orders wrote 2 audit records, expected 1'] },
    ])
  })
})

describe('the rows', () => {
  it('are at least 24, on both frameworks, and fit 100 columns', () => {
    expect(ROWS.length).toBeGreaterThanOrEqual(24)
    expect(ROWS.map(({ to }) => to)).toEqual(expect.arrayContaining(['gateway', 'orders', 'inventory']))
    expect(ROWS.filter(({ sent }) => sent.length > 37)).toEqual([])
  })

  it('are plain data', () => {
    expect(JSON.parse(JSON.stringify(ROWS))).toEqual(ROWS)
  })
})
