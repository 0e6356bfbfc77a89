import { type Awaitable, ConfigurationError } from '@countersign/core'
import { checkMembers, checkNumber } from '@countersign/core/issuance'
import type { Entitlements } from '../claims.js'
import type { RefreshGrant, RefreshStore } from './store.js'

export interface RefreshOptions {
  /** `memoryRefreshStore()`, `redisRefreshStore(connection)`. */
  readonly store: RefreshStore
  /** A session ends when nobody refreshed for so long, 60-31536000. Default 86400: a day. */
  readonly idleSeconds?: number
  /** A session ends after so long whatever happens, 60-31536000. Default 2592000: thirty days. */
  readonly absoluteSeconds?: number
  /** For how long a client that lost the answer may present the same token again, 0-120. Default 10. */
  readonly graceSeconds?: number
  /** How long the store's answer is waited for, and that of `entitlements`, 0.001-60. Default 1. */
  readonly timeoutSeconds?: number
  /**
   * What the subject may do now, asked at each refresh: roles as it says, scopes never beyond the granted ones, `null` ends the session. Absent:
   * as granted at the start of the session.
   */
  readonly entitlements?: (grant: RefreshGrant) => Awaitable<Entitlements | null>
}

export interface RefreshSettings {
  readonly store: RefreshStore
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly graceSeconds: number
  readonly timeoutSeconds: number
  readonly entitlements: RefreshOptions['entitlements']
}

const MEMBERS = ['store', 'idleSeconds', 'absoluteSeconds', 'graceSeconds', 'timeoutSeconds', 'entitlements']
const METHODS = ['start', 'find', 'use', 'end', 'endSubject'] as const

/** @throws {ConfigurationError} naming the option */
export function checkRefreshOptions(option: string, options: RefreshOptions): RefreshSettings {
  checkMembers(option, options, MEMBERS)
  const { store, entitlements, idleSeconds = 86_400, absoluteSeconds = 2_592_000 } = options
  if (!METHODS.every((method) => typeof store?.[method] === 'function'))
    throw new ConfigurationError(`${option}.store`, 'is required: memoryRefreshStore()')
  if (entitlements !== undefined && typeof entitlements !== 'function')
    throw new ConfigurationError(`${option}.entitlements`, 'must be a function')
  return {
    store,
    entitlements,
    idleSeconds: checkNumber(`${option}.idleSeconds`, idleSeconds, 60, 31_536_000),
    absoluteSeconds: checkNumber(`${option}.absoluteSeconds`, absoluteSeconds, 60, 31_536_000),
    graceSeconds: checkNumber(`${option}.graceSeconds`, options.graceSeconds ?? 10, 0, 120),
    timeoutSeconds: checkNumber(`${option}.timeoutSeconds`, options.timeoutSeconds ?? 1, 0.001, 60),
  }
}
