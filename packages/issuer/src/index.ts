// The issuer.
export { createTokenIssuer, type TokenIssuer } from './issuer.js'
export type { TokenIssuerOptions } from './options.js'
export type { Ended, ExchangeRequest, IssuerHealth, JwkSetDocument, SessionName } from './requests.js'
export type { ExchangeRule } from './exchange.js'

// What goes into a token, and what comes out.
export type { AccessTokenRequest, Actor, Authentication, Entitlements, Grant, ServiceTokenRequest } from './claims.js'
export {
  type AccessToken,
  type Decision,
  ISSUER_REASONS,
  IssuanceError,
  type IssuerReason,
  type IssuerReasonRow,
  type OAuthError,
  type Refusal,
  type RefusalKind,
  type SessionTokens,
} from './outcome.js'

// Sessions.
export { type MemoryRefreshStore, type MemoryRefreshStoreOptions, memoryRefreshStore } from './refresh/memory.js'
export type { RefreshRequest } from './refresh/request.js'
export type { RefreshOptions } from './refresh/settings.js'
export {
  type RefreshFamily,
  type RefreshGrant,
  type RefreshOutcome,
  type RefreshStore,
  RefreshStoreError,
  type RefreshSuccessor,
  type RefreshUse,
} from './refresh/store.js'

// Signing keys.
export { type SigningKeyFileOptions, signingKeyFile } from './keys/key-file.js'
export { memorySigningKeys } from './keys/memory.js'
export { SIGNING_KEY_CHANNEL, type SigningKeyEvent } from './keys/events.js'
export type { ScheduleOptions } from './keys/schedule-options.js'
export type {
  SigningKey,
  SigningKeySource,
  SigningKeys,
  SigningKeysContext,
  SigningKeysHealth,
} from './keys/signing-key.js'

// What is published.
export { type IssuerDocument, issuerDocuments, type PublishedReply } from './documents.js'
