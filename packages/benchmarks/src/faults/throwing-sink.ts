import { createSigner } from '@countersign/client'
import { type AuditLogger, createVerifier, type Decision, hmac, keyRing, memoryReplayStore } from '@countersign/core'
import type { FaultRow } from './row.js'

const REQUESTS = 4000
const SECRET = Buffer.alloc(32, 7)

/** A good request, one with a MAC that does not hold, one without credentials, one that is sent again. */
function requests() {
  const signer = createSigner({ keyId: 'billing-1', secret: SECRET, audience: 'orders' })
  return Array.from({ length: REQUESTS / 4 }, () => {
    const signed = signer.sign({ method: 'GET', url: '/orders', headers: {}, body: null })
    const forged = { ...signed, 'x-hmac-sha256': '0'.repeat(64) }
    return [signed, forged, {}, signed]
  }).flat()
}

async function decide(audit: AuditLogger | null, headers: readonly object[]): Promise<readonly string[]> {
  const keys = keyRing([{ id: 'billing-1', client: 'billing', secret: SECRET }])
  const verifier = createVerifier({ audience: 'orders', schemes: [hmac({ keys, replay: memoryReplayStore() })], audit })
  const words: string[] = []
  for (const each of headers) {
    const view = {
      method: 'GET',
      target: '/orders',
      rawHeaders: Object.entries(each).flat(),
      framework: 'faults',
      readBody: () => Buffer.alloc(0),
    }
    const decision: Decision = await verifier.verify(view, 'authenticated')
    words.push(decision.outcome === 'allow' ? 'allow' : decision.reason)
  }
  return words
}

const sink = (write: () => void): AuditLogger => ({ info: write, warn: write, error: write })

const SINKS: Readonly<Record<string, AuditLogger>> = {
  throws: sink(() => {
    throw new Error('no sink')
  }),
  // An async function fits the type of a sink.
  rejects: sink(() => Promise.reject(new Error('no sink')) as unknown as undefined),
  'never settles': sink(() => new Promise(() => {}) as unknown as undefined),
}

/** R23: the sink fails. In this process, at the verifier itself: a framework that shares the logger would fail on its own lines. */
export async function throwingSink(): Promise<FaultRow> {
  const headers = requests()
  let warnings = 0
  let unhandled = 0
  const onWarning = (): void => void warnings++
  const onUnhandled = (): void => void unhandled++
  process.on('warning', onWarning).on('unhandledRejection', onUnhandled)
  const expected = await decide(null, headers)
  let equal = 0
  for (const audit of Object.values(SINKS)) {
    const words = await decide(audit, headers)
    equal += words.filter((word, index) => word === expected[index]).length
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
  process.off('warning', onWarning).off('unhandledRejection', onUnhandled)
  const share = equal / (REQUESTS * Object.keys(SINKS).length)
  return {
    id: 'R23',
    fault: `audit sink ${Object.keys(SINKS).join(', ')}`,
    injected: `a sink of each kind, ${REQUESTS} requests each: good, forged, bare, repeated`,
    asked: '100 % equal decisions',
    measured: `${(share * 100).toFixed(2)} % equal; ${warnings} process warning for ${2 * REQUESTS} lost records, ${unhandled} unhandled rejections`,
    held: share === 1 && warnings === 1 && unhandled === 0,
  }
}
