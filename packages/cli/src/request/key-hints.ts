import type { BodyTimestampParameters, HmacKeyLookup, RequestParameters } from '@countersign/core/inspect'
import { formatMoment } from '../time.js'

/** Why a key was not accepted; nothing where it was. */
export async function keyHints(
  parameters: RequestParameters | BodyTimestampParameters,
  keys: HmacKeyLookup,
  now: number,
): Promise<readonly string[]> {
  const details = keys.health(now).details ?? []
  if ('keyId' in parameters) {
    const detail = details.find(({ id }) => id === parameters.keyId)
    const key = await keys.find(parameters.keyId, now)
    if (key?.profile === 'body-timestamp')
      return [`${key.id} is a key of the profile body-timestamp, and the request is of the profile request.`]
    if (detail !== undefined && detail.state !== 'active')
      return [`${detail.id} is ${detail.state}${windowOf(detail)}.`]
    if (key !== undefined) return []
  }
  const ids = details.map(({ id }) => id ?? '').join(', ')
  return [
    `The keys here are ${ids}. Check the id that the client sends, and whether this file is the one that the service reads.`,
  ]
}

function windowOf({ notBefore, notAfter }: { readonly notBefore?: number; readonly notAfter?: number }): string {
  const parts = [
    ...(notBefore === undefined ? [] : [`from ${formatMoment(notBefore)}`]),
    ...(notAfter === undefined ? [] : [`until ${formatMoment(notAfter)}`]),
  ]
  return parts.length === 0 ? '' : ` (it is used ${parts.join(' ')})`
}
