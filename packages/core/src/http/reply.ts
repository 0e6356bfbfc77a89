import { type DenyReason, REASONS } from '../reason.js'

/** What a framework is to answer. Names in lower case; a list is a field sent several times. */
export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string
}

const RETRY_AFTER_SECONDS = 5

/** Everything of a problem body (RFC 9457 section 3.1) that goes before the request's id: the same for each denial. */
const openings = new Map<DenyReason, string>()

function opening(reason: DenyReason): string {
  let text = openings.get(reason)
  if (text === undefined) {
    const { code, title, status } = REASONS[reason]
    text = `${JSON.stringify({ type: `urn:countersign:${code}`, title, status, code }).slice(0, -1)},"requestId":`
    openings.set(reason, text)
  }
  return text
}

/**
 * A denial as problem details (RFC 9457), with the challenges of the schemes that would have been accepted.
 *
 * @param retryAfterSeconds - whole seconds (RFC 9110 section 10.2.3); said where trying again may help
 */
export function denialReply(
  reason: DenyReason,
  challenges: readonly string[],
  requestId: string,
  retryAfterSeconds: number = RETRY_AFTER_SECONDS,
): HttpReply {
  const { status, kind } = REASONS[reason]
  const headers: Record<string, string | readonly string[]> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  }
  if (challenges.length > 0)
    headers['www-authenticate'] = challenges.length === 1 ? (challenges[0] as string) : challenges
  if (kind === 'dependency' || kind === 'throttle') headers['retry-after'] = String(retryAfterSeconds)
  return { status, headers, body: `${opening(reason)}${JSON.stringify(requestId)}}` }
}
