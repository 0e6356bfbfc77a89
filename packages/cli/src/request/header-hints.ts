import { contentSha256, HMAC_HEADERS, HMAC_KEY_ID, NONCE, TIMESTAMP } from '@countersign/core/hmac'
import { singleField } from '@countersign/core/inspect'
import { formatDistance, formatMoment } from '../time.js'
import { otherBodies } from './body-mistakes.js'
import type { RawRequest } from './raw-request.js'

/** What is wrong with the form of the headers. */
export function headerHints({ rawHeaders }: RawRequest): string[] {
  const hints: string[] = []
  const values = (name: string) =>
    rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)
  const { keyId, timestamp, nonce, contentSha256: digest, mac } = HMAC_HEADERS
  for (const name of [
    keyId,
    timestamp,
    nonce,
    digest,
    mac.sha256,
    mac.sha512,
    'authorization',
    'content-type',
    'host',
  ]) {
    if (values(name).length > 1) hints.push(`${name} stands ${values(name).length} times, and may stand once.`)
  }
  const macs = [...values(mac.sha256), ...values(mac.sha512)]
  const isSigned = macs.length + [keyId, timestamp, nonce, digest].flatMap(values).length > 0
  if (!isSigned) return hints.length > 0 ? hints : ['Authorization is the word Bearer, one space, and a token.']
  for (const name of [keyId, timestamp, nonce, digest]) if (values(name).length === 0) hints.push(`${name} is missing.`)
  if (macs.length === 0) hints.push(`${mac.sha256} (or, by the key, ${mac.sha512}) is missing.`)
  if (values(mac.sha256).length > 0 && values(mac.sha512).length > 0)
    hints.push("There are two MACs: send the one of the key's algorithm.")
  const [sentKeyId, sentNonce, sentDigest] = [keyId, nonce, digest].map((name) => values(name)[0])
  if (sentKeyId !== undefined && !HMAC_KEY_ID.test(sentKeyId))
    hints.push(`${keyId} is 1-128 characters of A-Z a-z 0-9 . _ : -`)
  if (sentNonce !== undefined && !NONCE.test(sentNonce))
    hints.push(`${nonce} is 16-128 characters of A-Z a-z 0-9 _ -; this one has ${sentNonce.length}.`)
  if (sentDigest !== undefined && !/^[0-9a-f]{64}$/.test(sentDigest))
    hints.push(`${digest} is 64 hexadecimal digits in lower case.`)
  if (values('content-type').some((value) => !/^[\t\x20-\x7e]*$/.test(value)))
    hints.push('content-type has characters outside visible ASCII.')
  return hints
}

export function timestampHint({ rawHeaders }: RawRequest): string {
  const sent = singleField(rawHeaders, HMAC_HEADERS.timestamp) ?? ''
  if (/^[0-9]{13}$/.test(sent))
    return 'x-hmac-timestamp has thirteen digits: milliseconds. Send seconds, ten digits: Math.floor(Date.now() / 1000).'
  if (/^[0-9]{10}\.[0-9]+$/.test(sent)) return 'x-hmac-timestamp has a fraction. Send whole seconds.'
  if (/^\d{4}-/.test(sent)) return 'x-hmac-timestamp is a date. Send Unix seconds, ten digits.'
  return 'x-hmac-timestamp is Unix seconds: exactly ten digits, nothing around them.'
}

export function rangeHint({ rawHeaders }: RawRequest, now: number): string {
  const sent = singleField(rawHeaders, HMAC_HEADERS.timestamp) ?? ''
  const moment = TIMESTAMP.test(sent)
    ? `${sent} is ${formatMoment(Number(sent))}, ${formatDistance(Number(sent), now)}. `
    : ''
  return `${moment}If the clocks agree, the request is old: --now ${sent} verifies it as of then.`
}

export function digestHints({ body, rawHeaders }: RawRequest): string[] {
  const declared = singleField(rawHeaders, HMAC_HEADERS.contentSha256)
  const found = otherBodies(body).find((other) => contentSha256(other.body) === declared)
  const hints = [
    `The body has ${body.byteLength} bytes and the SHA-256 ${contentSha256(body)}; the client signed ${declared}.`,
  ]
  return [
    ...hints,
    found?.told ??
      'Sign the bytes that travel: not a parsed body, not the one before compression, and nothing that is added on the way.',
  ]
}
