import { setTimeout as sleep } from 'node:timers/promises'
import type { ProbeRequest, RedisService } from '@countersign/conformance/redis'
import { asService } from '@countersign/conformance/redis'

/** What became of one request. */
export interface Answered {
  readonly request: ProbeRequest
  readonly verdict: string
  /** When it was asked for, from the start of the load. */
  readonly atSeconds: number
  readonly milliseconds: number
}

const TICK_MILLISECONDS = 4

/** Asks at a steady rate, whether or not answers come: so many signed requests each second, each with a nonce of its own. */
export async function load(service: RedisService, perSecond: number, seconds: number): Promise<readonly Answered[]> {
  const start = performance.now()
  const answers: Promise<Answered>[] = []
  const total = perSecond * seconds
  while (answers.length < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - start) / 1000) * perSecond))
    while (answers.length < due) answers.push(ask(service, start))
    await sleep(TICK_MILLISECONDS)
  }
  return Promise.all(answers)
}

async function ask(service: RedisService, start: number): Promise<Answered> {
  const request = asService({ timestamp: String(Math.floor(Date.now() / 1000)) })
  const asked = performance.now()
  const verdict = await service.verdict(request)
  return { request, verdict, atSeconds: (asked - start) / 1000, milliseconds: performance.now() - asked }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
