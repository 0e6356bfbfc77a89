import type { ReplayStore, Verifier } from '@countersign/core'
import type { ProbeRequest } from '../subject/subject.js'
import { createTargetVerifier } from '../target/verifier.js'

/** The reference target's verifier, with no framework around it. */
export interface RedisService {
  readonly verifier: Verifier
  /** `allow`, or the reason. */
  verdict(request: ProbeRequest): Promise<string>
}

export function redisService(replay: ReplayStore): RedisService {
  const verifier = createTargetVerifier({ audit: null, replay })
  return { verifier, verdict: (request) => verdict(verifier, request) }
}

async function verdict(
  verifier: Verifier,
  { method = 'GET', target, headers = [], body }: ProbeRequest,
): Promise<string> {
  const view = {
    method,
    target,
    rawHeaders: headers.flat(),
    readBody: () => Buffer.from((body ?? '') as Uint8Array),
    framework: 'none',
  }
  const decision = await verifier.verify(view, 'authenticated')
  return decision.outcome === 'allow' ? 'allow' : decision.reason
}
