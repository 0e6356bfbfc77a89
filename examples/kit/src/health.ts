import type { KeyHealth, Verifier } from '@countersign/core'
import type { Front } from './front.js'

/** What a public route may tell of a verifier: whether it can work, and how its keys are. Neither a key's id nor whose it is. */
export interface HealthReport {
  readonly status: 200 | 503
  readonly body: {
    readonly ready: boolean
    readonly keys: readonly (Omit<KeyHealth, 'details'> & { readonly scheme: string })[]
  }
}

/** Not ready either where the service is about to be stopped. */
export async function healthReport(verifier: Verifier, front: Front): Promise<HealthReport> {
  const { ready: canVerify, schemes } = await verifier.health()
  const ready = canVerify && !front.isLeaving
  const keys = schemes.flatMap(({ scheme, keys }) => keys.map(({ details: _, ...state }) => ({ scheme, ...state })))
  return { status: ready ? 200 : 503, body: { ready, keys } }
}
