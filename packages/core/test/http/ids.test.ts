import { describe, expect, it } from 'vitest'
import { requestIdOf, traceIdOf } from '../../src/http/ids.js'
import { view } from '../kit.js'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const sending = (...headers: string[]) => ({ ...view({ headers }), requestId: undefined })

describe('requestIdOf', () => {
  it("goes by the framework's id before the client's", () => {
    expect(requestIdOf(view({ headers: ['X-Request-Id', 'sent'] }))).toBe('request-1')
  })

  it.each(['', 'x'.repeat(129), 'a b', '<script>'])(
    'does not pass on %j, which the framework took from the client as it came',
    (id) => {
      expect(requestIdOf({ ...view(), requestId: id })).toMatch(UUID)
    },
  )

  it('takes a well-formed id of the client, the first of several', () => {
    expect(requestIdOf(sending('X-Request-ID', 'a.b_c:d-1', 'x-request-id', 'other'))).toBe('a.b_c:d-1')
    expect(requestIdOf(sending('X-Request-Id', 'x'.repeat(128)))).toBe('x'.repeat(128))
  })

  it.each(['', 'x'.repeat(129), 'a b', 'a"b', 'é'])('makes one of its own where the client sent %j', (sent) => {
    expect(requestIdOf(sending('X-Request-Id', sent))).toMatch(UUID)
  })

  it('makes one of its own where there is none', () => {
    expect(requestIdOf(sending())).toMatch(UUID)
  })
})

describe('traceIdOf', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'

  it('reads the trace-id of a traceparent (W3C Trace Context section 3.2.2)', () => {
    expect(traceIdOf(sending('Traceparent', `00-${trace}-00f067aa0ba902b7-01`))).toBe(trace)
  })

  it.each(['', trace, `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`, `00-${trace}-short-01`])(
    'leaves out %j',
    (sent) => {
      expect(traceIdOf(sending('traceparent', sent))).toBeUndefined()
    },
  )
})
