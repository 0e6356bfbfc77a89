import type { DenyReason } from '@countersign/core'
import { type HmacKeyLookup, readParameters } from '@countersign/core/inspect'
import type { Explanation } from './explanation.js'
import { digestHints, headerHints, rangeHint, timestampHint } from './header-hints.js'
import { keyHints } from './key-hints.js'
import type { RawRequest } from './raw-request.js'
import { explainBodyTimestamp, explainRequest } from './signature-hints.js'

/** A request that was refused, and what it was refused with. */
export interface Refusal {
  readonly request: RawRequest
  readonly reason: DenyReason
  readonly now: number
  readonly audience: string | null
  /** Absent: there are none for requests. */
  readonly keys: HmacKeyLookup | undefined
}

export async function explain(refusal: Refusal): Promise<Explanation> {
  const { reason, request, now } = refusal
  switch (reason) {
    case 'malformed_credentials':
    case 'duplicate_header':
    case 'nonce_malformed':
      return { hints: headerHints(request) }
    case 'timestamp_malformed':
      return { hints: [timestampHint(request)] }
    case 'missing_credentials':
      return { hints: ['The request has neither x-hmac-… headers nor a Bearer token that could be verified here.'] }
    case 'target_invalid':
      return { hints: ['The request line names another host than the Host header.'] }
    case 'timestamp_out_of_range':
      return { hints: [rangeHint(request, now)] }
    case 'content_digest_mismatch':
      return { hints: digestHints(request) }
    default:
      return explainKeyOrSignature(refusal)
  }
}

const ABOUT_THE_TOKEN: Explanation = { hints: ['It is about the token: countersign token inspect says more.'] }

async function explainKeyOrSignature(refusal: Refusal): Promise<Explanation> {
  const { reason, request, keys, now } = refusal
  const parameters = readParameters(request.rawHeaders)
  if (keys === undefined || parameters === undefined) return ABOUT_THE_TOKEN
  if (reason === 'signature_invalid') {
    return 'keyId' in parameters
      ? explainRequest(request, parameters, refusal.audience, keys, now)
      : explainBodyTimestamp(request, parameters, keys, now)
  }
  const isAboutKey = reason === 'key_unknown' || reason === 'key_inactive' || reason === 'keys_unavailable'
  const hints = isAboutKey ? await keyHints(parameters, keys, now) : []
  return hints.length === 0 ? ABOUT_THE_TOKEN : { hints }
}
