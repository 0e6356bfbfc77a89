import { type KeyDetail, keyState, type UsedKey } from '../key.js'

const MOST_DETAILS = 100

/** What can be told of the first hundred of some keys: ids and times, never a key. */
export function keyDetails(keys: Iterable<UsedKey>, now: number): readonly KeyDetail[] {
  const details: KeyDetail[] = []
  for (const key of keys) {
    if (details.length === MOST_DETAILS) break
    details.push(keyDetail(key, now))
  }
  return details
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
