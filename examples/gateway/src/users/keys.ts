import { hkdfSync } from 'node:crypto'

/** What is made from the one key that stands beside the store of users and never in it. */
export interface UserKeys {
  /** Goes into every hash of a password (RFC 9106 section 3.1, the secret value K): a stolen store alone tries no password. */
  readonly pepper: Buffer
  /** AES-256-GCM, for the secrets of second factors. */
  readonly seal: Buffer
  /** HMAC-SHA-256, for the cookie of a known device. */
  readonly device: Buffer
}

/**
 * Derives a key for each use (RFC 5869).
 *
 * @param usersKey at least 32 bytes of UTF-8
 * @throws {Error} a key that is too short
 */
export function userKeys(usersKey: string): UserKeys {
  const input = Buffer.from(usersKey)
  if (input.length < 32) throw new Error('settings: USERS_KEY needs at least 32 bytes')
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', input, '', `countersign example gateway ${use}`, 32))
  return { pepper: derive('pepper'), seal: derive('seal'), device: derive('device') }
}
