import type { KeyHealth } from '@countersign/core'
import { cut, NONE, OTHER } from './label-values.js'

/**
 * When each key of a set was last used, by its id: of the first `mostKeys` one by one, of all others together as `other`. A key that was not
 * used has no entry.
 */
export function lastUses({ details = [], others }: KeyHealth, mostKeys: number): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  const note = (key: string, lastUsedAt: number | undefined): void => {
    if (lastUsedAt !== undefined) uses.set(key, Math.max(lastUsedAt, uses.get(key) ?? Number.NEGATIVE_INFINITY))
  }
  for (const [index, { id, lastUsedAt }] of details.entries()) {
    note(index < mostKeys ? cut(id ?? NONE) : OTHER, lastUsedAt)
  }
  note(OTHER, others?.lastUsedAt)
  return uses
}
