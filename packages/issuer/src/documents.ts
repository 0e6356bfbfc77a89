import type { TokenIssuer } from './issuer.js'
import { pathsOf } from './metadata.js'

/** An answer to whoever asks for a document. */
export interface PublishedReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A document that an issuer publishes. */
export interface IssuerDocument {
  /** On the issuer's own origin. */
  readonly path: string
  read(): PublishedReply
}

const METADATA_SECONDS = 3600

/** What an issuer publishes: its JWK Set (RFC 7517 section 5) and its metadata (RFC 8414 section 3). To be served to anybody who asks. */
export function issuerDocuments(issuer: TokenIssuer): readonly IssuerDocument[] {
  const { jwks, metadata } = pathsOf(issuer.issuer)
  return [
    { path: jwks, read: () => readJwks(issuer) },
    {
      path: metadata,
      read: () => reply(200, 'application/json', `public, max-age=${METADATA_SECONDS}`, issuer.metadata()),
    },
  ]
}

function readJwks(issuer: TokenIssuer): PublishedReply {
  const set = issuer.jwks()
  // An empty set would be believed, and kept.
  if (set.keys.length === 0) {
    const { headers, ...rest } = reply(503, 'application/json', 'no-store', { error: 'temporarily_unavailable' })
    return { ...rest, headers: { ...headers, 'retry-after': '5' } }
  }
  return reply(200, 'application/jwk-set+json', `public, max-age=${issuer.jwksMaxAgeSeconds}`, set)
}

function reply(status: number, contentType: string, cacheControl: string, value: unknown): PublishedReply {
  const headers = { 'content-type': contentType, 'cache-control': cacheControl, 'x-content-type-options': 'nosniff' }
  return { status, headers, body: JSON.stringify(value) }
}
