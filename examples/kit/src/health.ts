import type { KeyHealth, Verifier } from '@countersign/core'

/** What a public route may tell of a verifier: whether it can work, and how its keys are. Neither a key's id nor whose it is. */
export interface HealthReport {
  readonly status: 200 | 503
  readonly body: {
    readonly ready: boolean
    readonly keys: readonly (Omit<KeyHealth, 'details'> & { readonly scheme: string })[]
  }
}

export async function healthReport(verifier: Verifier): Promise<HealthReport> {
  const { ready, schemes } = await verifier.health()
  const keys = schemes.flatMap(({ scheme, keys }) => keys.map(({ details: _, ...state }) => ({ scheme, ...state })))
  return { status: ready ? 200 : 503, body: { ready, keys } }
}
