type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * What goes on to a service. Whatever is not named stays here: the cookie, signatures that somebody sent along, and every header that says
 * who is calling or by which way (`x-user`, `x-forwarded-user`, `forwarded`, `client-cert` …), for a service behind might believe it.
 */
const TO_SERVICE = [
  'accept',
  'accept-encoding',
  'accept-language',
  'content-encoding',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'range',
  'traceparent',
  'tracestate',
]

/** What comes back. No cookie: a service behind sets none here. */
const FROM_SERVICE = [
  'cache-control',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'retry-after',
  'vary',
]

export function headersToService(headers: Headers): Record<string, string> {
  return pick(headers, TO_SERVICE)
}

/** With the challenge of a service only where it asks the user for more (RFC 9470 section 3): any other is about the call between services. */
export function headersFromService(headers: Headers): Record<string, string> {
  const challenge = stepUpChallenge(headers)
  return { ...pick(headers, FROM_SERVICE), ...(challenge === undefined ? {} : { 'www-authenticate': challenge }) }
}

function stepUpChallenge(headers: Headers): string | undefined {
  const challenges = [headers['www-authenticate'] ?? []].flat()
  return challenges.find((challenge) => challenge.includes('error="insufficient_user_authentication"'))
}

function pick(headers: Headers, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = headers[name]
    if (typeof value === 'string') picked[name] = value
  }
  return picked
}
