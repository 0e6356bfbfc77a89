// The file.

export { type KeyState, type KeyStatus, keyState } from '../key.js'
export type { KeyRingEntry } from '../keys/hmac-key.js'
export { FileFeed } from './file-feed.js'
export { KeyFileLockedError, type LockOptions, lockKeyFile } from './lock.js'
// Keys to work with.
export { toKeyRingEntry, toPrivateKey } from './entries.js'
export type {
  AsymmetricAlgorithm,
  EncryptedSecret,
  KeyFile,
  KeyFileKey,
  KeyFileSigningKey,
  KeyFileWindow,
  StoredSecret,
} from './format.js'
// Secrets at rest.
export { checkKekSources, generateKek, type KekSource, readKeks } from './kek.js'
export { parseKeyFile, serialiseKeyFile } from './parse.js'
export { type KeyEncryptionKey, openSecret, type SecretOwner, sealSecret } from './seal.js'
export { writeKeyFile } from './write.js'
