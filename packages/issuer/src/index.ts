export type { AccessTokenRequest, Authentication, Entitlements, ServiceTokenRequest } from './claims.js'
export type {
  Ended,
  ExchangeRequest,
  IssuerHealth,
  JwkSetDocument,
  RefreshRequest,
  SessionName,
  TokenIssuer,
} from './issuer.js'
export type {
  SigningKey,
  SigningKeySource,
  SigningKeys,
  SigningKeysContext,
  SigningKeysHealth,
} from './keys/signing-key.js'
export type { ExchangeRule, RefreshOptions, TokenIssuerOptions } from './options.js'
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
export {
  type RefreshFamily,
  type RefreshGrant,
  type RefreshOutcome,
  type RefreshStore,
  RefreshStoreError,
  type RefreshSuccessor,
  type RefreshUse,
} from './refresh/store.js'
