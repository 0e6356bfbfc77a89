import { type KeyDetail, type KeyHealth, keyState, type UsedKey } from '../key.js'

const MOST_DETAILS = 100

/** What can be told of some keys: of the first hundred one by one, of the others together. Ids and times, never a key. */
export function keyDetails(
  keys: Iterable<UsedKey>,
  now: number,
): Required<Pick<KeyHealth, 'details'>> & Pick<KeyHealth, 'others'> {
  const details: KeyDetail[] = []
  let others = 0
  let latest = Number.NEGATIVE_INFINITY
  for (const key of keys) {
    if (details.length < MOST_DETAILS) {
      details.push(keyDetail(key, now))
      continue
    }
    others++
    // NaN, a key that was not used, is greater than nothing.
    if (key.use !== undefined && key.use.lastUsedAt > latest) latest = key.use.lastUsedAt
  }
  if (others === 0) return { details }
  return { details, others: { keys: others, ...(Number.isFinite(latest) ? { lastUsedAt: latest } : {}) } }
}

export function keyDetail(key: UsedKey, now: number): KeyDetail {
  const id = 'principal' in key ? key.id : key.kid
  const lastUsedAt = key.use?.lastUsedAt ?? Number.NaN
  return {
    ...(id === undefined ? {} : { id }),
    ...('principal' in key ? { client: key.principal.id } : {}),
    state: keyState(key, now),
    ...(key.notBefore === undefined ? {} : { notBefore: key.notBefore }),
    ...(key.notAfter === undefined ? {} : { notAfter: key.notAfter }),
    ...(Number.isNaN(lastUsedAt) ? {} : { lastUsedAt }),
  }
}
