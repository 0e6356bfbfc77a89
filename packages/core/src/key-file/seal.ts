import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { ConfigurationError } from '../errors.js'
import type { EncryptedSecret, StoredSecret } from './format.js'

/** A key that secrets are sealed with: 256 bits. */
export interface KeyEncryptionKey {
  readonly id: string
  readonly key: KeyObject
}

/** What a sealed secret is bound to: it opens nowhere else, so that two entries cannot be swapped. */
export type SecretOwner =
  | { readonly id: string; readonly client: string }
  | { readonly kid: string; readonly algorithm: string }

const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals a secret with AES-256-GCM under a fresh nonce, bound to its owner.
 *
 * Random nonces of 96 bits: one key-encryption key is good for 2^32 seals (NIST SP 800-38D section 8.3).
 */
export function sealSecret(
  secret: Uint8Array,
  owner: SecretOwner,
  kek: KeyEncryptionKey,
): { readonly encrypted: EncryptedSecret } {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', kek.key, iv, { authTagLength: TAG_BYTES }).setAAD(associatedData(owner))
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()])
  return {
    encrypted: {
      algorithm: 'A256GCM',
      kek: kek.id,
      iv: iv.toString('base64url'),
      ciphertext: ciphertext.toString('base64url'),
      tag: cipher.getAuthTag().toString('base64url'),
    },
  }
}

/**
 * The bytes of a stored secret.
 *
 * @param option - where it stands, for messages
 * @param stored - checked: see `checkStoredSecret`
 * @throws {ConfigurationError} sealed with a key-encryption key that is not among `keks`, or not for this owner, or changed
 */
export function openSecret(
  option: string,
  stored: StoredSecret,
  owner: SecretOwner,
  keks: readonly KeyEncryptionKey[],
): Buffer {
  if ('base64url' in stored) return Buffer.from(stored.base64url, 'base64url')
  const { kek: id, iv, ciphertext, tag } = stored.encrypted
  const kek = keks.find((candidate) => candidate.id === id)
  if (kek === undefined)
    throw new ConfigurationError(option, `is sealed with the key-encryption key ${id}, which is not here`)
  const decipher = createDecipheriv('aes-256-gcm', kek.key, Buffer.from(iv, 'base64url'), { authTagLength: TAG_BYTES })
    .setAAD(associatedData(owner))
    .setAuthTag(Buffer.from(tag, 'base64url'))
  try {
    return Buffer.concat([decipher.update(ciphertext, 'base64url'), decipher.final()])
  } catch {
    throw new ConfigurationError(
      option,
      `does not open with the key-encryption key ${id}: another key, or another entry's secret`,
    )
  }
}

/** `context`, then the owner's two names, each after its length in four bytes: no two owners give the same bytes. */
function associatedData(owner: SecretOwner): Buffer {
  const parts =
    'client' in owner
      ? ['countersign-key-file-v1 hmac', owner.id, owner.client]
      : ['countersign-key-file-v1 signing', owner.kid, owner.algorithm]
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.byteLength)
      return [length, bytes]
    }),
  )
}
