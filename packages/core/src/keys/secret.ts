import { createHash, createSecretKey, type KeyObject } from 'node:crypto'
import { ConfigurationError } from '../errors.js'

/** The bytes of a secret as configured: a string stands for its UTF-8 bytes. */
export type SecretInput = string | Uint8Array

/**
 * Checks a shared secret and makes its key once.
 *
 * @throws {ConfigurationError} absent, empty, white space only or around it, all zero, a key in PEM, or fewer than `leastBytes`.
 * Does NOT judge entropy: 32 bytes of a sentence are weaker than 32 random bytes.
 */
export function checkSecret(option: string, secret: unknown, leastBytes: number): Buffer {
  if (typeof secret === 'string') {
    if (secret.trim() === '') throw new ConfigurationError(option, 'is empty')
    if (secret.trim() !== secret) {
      throw new ConfigurationError(option, 'has white space around it, as read from a file? Trim it, or pass bytes')
    }
  } else if (!(secret instanceof Uint8Array)) {
    throw new ConfigurationError(option, 'must be a string or a Uint8Array')
  }
  const bytes = Buffer.from(secret as SecretInput)
  if (bytes.includes('-----BEGIN '))
    throw new ConfigurationError(option, 'is a key in PEM, which may be public: a secret is neither')
  if (bytes.byteLength === 0) throw new ConfigurationError(option, 'is empty')
  if (bytes.every((byte) => byte === 0)) throw new ConfigurationError(option, 'is all zero bytes')
  if (bytes.byteLength < leastBytes) {
    throw new ConfigurationError(option, `has ${bytes.byteLength} bytes; at least ${leastBytes} are needed`)
  }
  return bytes
}

export function secretKey(bytes: Buffer): KeyObject {
  return createSecretKey(bytes)
}

/**
 * What a secret is to HMAC (RFC 2104 section 2), under each hash: a key longer than the block is hashed, a shorter one
 * is padded with zero bytes. Two secrets that share one of these are one key under two names. For comparing only.
 */
export function equivalents(bytes: Buffer): readonly string[] {
  return [`sha256:${hmacBlock(bytes, 'sha256', 64)}`, `sha512:${hmacBlock(bytes, 'sha512', 128)}`]
}

function hmacBlock(bytes: Buffer, hash: string, blockBytes: number): string {
  const key = bytes.byteLength > blockBytes ? createHash(hash).update(bytes).digest() : bytes
  let end = key.byteLength
  while (end > 0 && key[end - 1] === 0) end--
  return key.toString('hex', 0, end)
}
