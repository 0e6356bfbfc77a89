import type { ProbeTarget } from './send.js'

/**
 * Where a probe runs.
 *
 * - `every`: on core by itself and on every framework
 * - `wire`: on every framework, for it speaks of bytes that core never sees
 * - `configuration`: in this process, on what it makes itself
 */
export type ProbeKind = 'every' | 'wire' | 'configuration'

/** One test of one or more requirements. */
export interface Probe {
  readonly ids: readonly string[]
  readonly title: string
  readonly kind: ProbeKind
  readonly run: (target: ProbeTarget) => Promise<void>
}

export function probe(ids: string | readonly string[], title: string, run: Probe['run']): Probe {
  return { ids: [ids].flat(), title, kind: 'every', run }
}

export function wireProbe(ids: string | readonly string[], title: string, run: Probe['run']): Probe {
  return { ids: [ids].flat(), title, kind: 'wire', run }
}

export function configurationProbe(
  ids: string | readonly string[],
  title: string,
  run: () => void | Promise<void>,
): Probe {
  return { ids: [ids].flat(), title, kind: 'configuration', run: async () => run() }
}
