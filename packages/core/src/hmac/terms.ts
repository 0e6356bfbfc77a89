import { type Awaitable, chain } from '../chain.js'
import { refusal } from '../errors.js'
import { type HmacKey, type HmacKeyLookup, isWithdrawn, keyState } from '../key.js'
import { noteUse } from '../keys/key-use.js'
import type { Principal } from '../principal.js'
import type { BodyLimits } from '../request-view.js'
import type { RevocationGuard } from '../revocation/revocation.js'
import type { ReplayGuard } from './replay-guard.js'

export interface HmacSettings {
  /** An empty text where the service opted out of one. */
  readonly audience: string
  readonly windowSeconds: number
  readonly limits: BodyLimits
  readonly keyReportSeconds: number
  /** `null`: nothing is remembered. */
  readonly replay: ReplayGuard | null
  readonly revocation: RevocationGuard | undefined
}

/** What both profiles are verified by: the settings, and what becomes of a key and of an id. */
export class HmacTerms {
  readonly settings: HmacSettings
  readonly keys: HmacKeyLookup

  constructor(settings: HmacSettings, keys: HmacKeyLookup) {
    this.settings = settings
    this.keys = keys
  }

  /** Takes a key whose MAC held, if it is active and not revoked. */
  accept(key: HmacKey, now: number): Awaitable<Principal> {
    const { keyReportSeconds, revocation } = this.settings
    noteUse(key, now, keyReportSeconds)
    if (keyState(key, now) !== 'active') throw refusal(this.whyInactive(key, now))
    if (revocation === undefined) return key.principal
    const checked = revocation.check({ scheme: 'hmac', keyId: key.id }, now, 'key_inactive')
    return chain(checked, key.principal, (_, principal) => principal)
  }

  /** Where no key at all is active the fault is ours: a gap in rotation must not read as an attack. */
  whyUnknown(now: number): 'key_unknown' | 'keys_unavailable' {
    return this.keys.isUsable(now) ? 'key_unknown' : 'keys_unavailable'
  }

  /** As `whyUnknown`; but a key that was ended is no gap. */
  whyInactive(key: HmacKey, now: number): 'key_inactive' | 'keys_unavailable' {
    return isWithdrawn(key) || this.keys.isUsable(now) ? 'key_inactive' : 'keys_unavailable'
  }

  /** Remembers `id` for as long as its timestamp would be accepted: until its last second is over. */
  claim(id: string, timestamp: string, now: number): Awaitable<void> {
    return this.settings.replay?.claim(id, Number(timestamp) + this.settings.windowSeconds + 1, now)
  }
}
