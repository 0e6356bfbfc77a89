import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { ConfigurationError } from '../errors.js'
import type { KeyRingEntry } from '../keys/hmac-key.js'
import { checkEntry, checkSigningKey, importPublicHalf } from './check.js'
import type { KeyFileKey, KeyFileSigningKey } from './format.js'
import { type KeyEncryptionKey, openSecret } from './seal.js'

/**
 * An entry of a key file in the words of `keyRing`, its secret opened.
 *
 * @throws {ConfigurationError} an entry of the wrong form, or a secret that does not open
 */
export function toKeyRingEntry(entry: KeyFileKey, keks: readonly KeyEncryptionKey[] = []): KeyRingEntry {
  const { key, terms } = checkEntry(`key ${entry.id}`, entry)
  return { ...terms, secret: openSecret(`key ${key.id}`, key.secret, key, keks) }
}

/**
 * The private half of a signing key, opened.
 *
 * @throws {ConfigurationError} an entry without one, one that does not open or is no PKCS #8, or another key's than the public half
 */
export function toPrivateKey(entry: KeyFileSigningKey, keks: readonly KeyEncryptionKey[] = []): KeyObject {
  const option = `signing key ${entry.kid}`
  const { key, terms } = checkSigningKey(option, entry)
  if (key.privateKey === undefined) throw new ConfigurationError(option, 'has no private half here')
  const privateKey = importPkcs8(option, openSecret(option, key.privateKey, key, keks))
  if (createPublicKey(privateKey).equals(importPublicHalf(option, key, terms).key)) return privateKey
  throw new ConfigurationError(option, 'has a private half that does not go with its public one')
}

function importPkcs8(option: string, der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    throw new ConfigurationError(option, 'has a private half that is no PKCS #8')
  }
}
