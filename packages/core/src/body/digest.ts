import { hash } from 'node:crypto'
import { refusal } from '../errors.js'

/** SHA-256 of a body as it travels, as 64 hex digits. */
export function contentSha256(body: Uint8Array): string {
  return hash('sha256', body, 'hex')
}

/**
 * Refuses a body that is not the one whose digest was signed. No secret is compared here.
 *
 * @throws {CredentialError} `content_digest_mismatch`
 */
export function checkContentSha256(body: Uint8Array, declared: string): void {
  if (contentSha256(body) !== declared) throw refusal('content_digest_mismatch')
}
