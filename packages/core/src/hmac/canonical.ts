import { hash } from 'node:crypto'

/** Everything that a signature of the profile `request` covers. There are no optional parts. */
export interface SignedFields {
  readonly keyId: string
  readonly timestamp: string
  readonly nonce: string
  /** The audience that both sides configured; an empty text where the service opted out of one. */
  readonly audience: string
  /** As sent. */
  readonly method: string
  /** Path and query, byte for byte as in the request line. */
  readonly target: string
  /** The header's value as sent; an empty text where there is none. */
  readonly contentType: string
  /** The whole value of the Authorization header; absent where there is none. It is covered as its SHA-256. */
  readonly authorization?: string | undefined
  /** 64 hex digits. */
  readonly contentSha256: string
}

/**
 * The canonical text of the profile `request`: the one text that client and verifier both compute the MAC over. Every line ends
 * in a line feed, the last one too, so that it can never be read as a text of the profile `body-timestamp`.
 *
 * The fields must have been grammar-checked: a line feed in one of them would make the text ambiguous, a character outside
 * ASCII would be spelled differently by languages that read headers as Latin-1 and as UTF-8. Only the audience may have some.
 */
export function canonicalText(fields: SignedFields): string {
  return `countersign-hmac-v1
key-id:${fields.keyId}
timestamp:${fields.timestamp}
nonce:${fields.nonce}
audience:${fields.audience}
method:${fields.method}
target:${fields.target}
content-type:${fields.contentType}
authorization-sha256:${fields.authorization === undefined ? '' : hash('sha256', Buffer.from(fields.authorization, 'latin1'), 'hex')}
content-sha256:${fields.contentSha256}
`
}
