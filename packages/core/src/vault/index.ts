export type { KeyDocumentSource } from '../key-file/feed.js'
export type { VaultFetch } from './client.js'
export type { VaultTokenSource } from './token.js'
export { type VaultKeysOptions, vaultKeys } from './vault-keys.js'
