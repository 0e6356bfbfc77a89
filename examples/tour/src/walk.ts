import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Browser } from './browser.js'
import { Proofs } from './proofs.js'
import { type Credentials, send } from './send.js'
import { signingKeys } from './signers.js'
import type { AuditTrail, TourTarget } from './target.js'
import { gatherTokens } from './tokens.js'
import { type Expectation, SERVICES, type ServiceName, type TourRow, type Verdict } from './tour.js'

type Audit = Expectation['audit']

export interface RowResult {
  readonly number: number
  readonly row: TourRow
  readonly traceId: string
  readonly verdict: 'ok' | 'FAIL' | 'skipped'
  /** Absent where no answer came. */
  readonly status?: number
  readonly audit: Audit
  /** What is not as expected, in sentences. */
  readonly faults: readonly string[]
}

export interface WalkOptions {
  /** Whether `python3` can be run; rows that need it are skipped otherwise. */
  readonly python: boolean
}

/** How long a record may take after the answer: some are written when the connection closes. */
const RECORD_SECONDS = 2

/** Sends row after row, each under a trace id of its own, and compares the answer and every audit record of that trace. */
export async function* walk(
  rows: readonly TourRow[],
  target: TourTarget,
  { python }: WalkOptions,
): AsyncGenerator<RowResult> {
  const [proofs, browser] = [new Proofs(target.users), new Browser()]
  const gathered = await gatherTokens(target, proofs)
  const keys = signingKeys(target.keys)
  for (const [index, row] of rows.entries()) {
    const traceId = randomBytes(16).toString('hex')
    const common = { number: index + 1, row, traceId }
    if (row.request.python === true && !python) {
      yield { ...common, verdict: 'skipped', audit: {}, faults: ['python3 cannot be run here'] }
      continue
    }
    yield {
      ...common,
      ...(await walkRow(
        row,
        target,
        { tokens: { ...gathered, browser: browser.accessToken }, keys, proofs, browser },
        traceId,
      )),
    }
  }
}

type Outcome = Pick<RowResult, 'verdict' | 'status' | 'audit' | 'faults'>

async function walkRow(row: TourRow, target: TourTarget, credentials: Credentials, traceId: string): Promise<Outcome> {
  try {
    const status = await send(
      row.request,
      { url: target.urls[row.to], replicaUrl: target.replicas[row.to] },
      credentials,
      traceId,
    )
    const audit = await auditOf(target.trail, traceId, countOf(row.expected.audit))
    const faults = judge(row.expected, status, audit)
    return { verdict: faults.length === 0 ? 'ok' : 'FAIL', status, audit, faults }
  } catch (error) {
    return { verdict: 'FAIL', audit: {}, faults: [error instanceof Error ? error.message : String(error)] }
  }
}

/** Compares what came with what was expected; an empty list says that all is well. */
export function judge(expected: Expectation, status: number, audit: Audit): readonly string[] {
  const faults: string[] = []
  if (status !== expected.status) faults.push(`answered ${status}, expected ${expected.status}`)
  for (const service of SERVICES) {
    const said = audit[service] ?? []
    const wanted = expected.audit[service] ?? []
    if (said.length !== wanted.length) {
      faults.push(`${service} wrote ${said.length} audit records, expected ${wanted.length}`)
    } else if (!areSame(said, wanted)) {
      faults.push(`${service} recorded ${said.join(', ')}, expected ${wanted.join(', ')}`)
    }
  }
  return faults
}

/** In any order: an allowance is recorded when its answer is sent, which another replica may be ahead of with a denial that came later. */
function areSame(said: readonly Verdict[], wanted: readonly Verdict[]): boolean {
  return [...said].sort().join() === [...wanted].sort().join()
}

/** Looks again when all is over: a record that came late is one too many for its row. */
export function judgeAgain(results: readonly RowResult[], trail: AuditTrail): readonly RowResult[] {
  return results.flatMap((result) => {
    const audit = auditNow(trail, result.traceId)
    if (result.verdict !== 'ok' || countOf(audit) === countOf(result.audit)) return []
    return [
      {
        ...result,
        verdict: 'FAIL' as const,
        audit,
        faults: judge(result.row.expected, result.row.expected.status, audit),
      },
    ]
  })
}

async function auditOf(trail: AuditTrail, traceId: string, expectedCount: number): Promise<Audit> {
  const deadline = performance.now() + RECORD_SECONDS * 1000
  let audit = auditNow(trail, traceId)
  while (countOf(audit) < expectedCount && performance.now() < deadline) {
    await delay(5)
    audit = auditNow(trail, traceId)
  }
  return audit
}

function auditNow(trail: AuditTrail, traceId: string): Audit {
  const audit: Partial<Record<ServiceName, Verdict[]>> = {}
  for (const record of trail.records()) {
    if (record.traceId !== traceId) continue
    const verdicts = audit[record.service] ?? []
    verdicts.push(record.verdict)
    audit[record.service] = verdicts
  }
  return audit
}

function countOf(audit: Audit): number {
  return SERVICES.reduce((count, service) => count + (audit[service]?.length ?? 0), 0)
}
