import {
  type AuditOutcome,
  REASONS,
  type RemoteFailure,
  type SchemeName,
  type StoreOperationEvent,
} from '@countersign/core'
import { LabelValues } from './label-values.js'

/** A table that does not compile where the type has a member that it lacks. */
const namesOf = <T extends string>(members: Readonly<Record<T, true>>): readonly string[] => Object.keys(members)

export const SCHEMES: LabelValues = new LabelValues(namesOf<SchemeName>({ bearer: true, hmac: true, mtls: true }))

export const OUTCOMES: LabelValues = new LabelValues(
  namesOf<AuditOutcome>({ allow: true, deny: true, error: true, anonymous: true, would_deny: true }),
)

export const DENY_REASONS: LabelValues = new LabelValues(Object.keys(REASONS))

export const FRAMEWORKS: LabelValues = new LabelValues(['fastify', 'express', 'node:http'])

/** What became of asking for a JWK Set. */
export const REFRESH_OUTCOMES: LabelValues = new LabelValues([
  'refreshed',
  ...namesOf<RemoteFailure>({
    network: true,
    timeout: true,
    redirect: true,
    status: true,
    too_large: true,
    malformed: true,
    too_many_keys: true,
    no_usable_key: true,
    issuer_mismatch: true,
    jwks_uri_refused: true,
  }),
])

/** What became of asking a store. */
export const STORE_OUTCOMES: LabelValues = new LabelValues(
  namesOf<StoreOperationEvent['outcome']>({ ok: true, failed: true, refused: true }),
)
