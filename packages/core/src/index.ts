// The river: a request in, one decision out.
export { createVerifier, type Verifier, type VerifierHealth, type VerifierOptions } from './verifier.js'
export type { Allowance, Decision, Denial } from './decision.js'
export type { BodyLimits, PeerCertificate, RequestView } from './request-view.js'
export type { HttpReply } from './http/reply.js'
export type { Awaitable } from './chain.js'
export { type Clock, systemClock } from './clock.js'

// Schemes.
export { type BearerOptions, bearer } from './bearer/scheme.js'
export type { IssuerOptions } from './bearer/issuer.js'
export type { ClaimPath, ScopeClaim } from './bearer/roles.js'
export {
  auth0Roles,
  cognitoRoles,
  entraRoles,
  type KeycloakRolesOptions,
  keycloakRoles,
  oktaRoles,
  type RolePreset,
} from './bearer/role-presets.js'
export { type HmacOptions, hmac } from './hmac/scheme.js'
export {
  type MemoryReplayStoreOptions,
  memoryReplayStore,
  type ReplayStore,
  ReplayStoreError,
} from './hmac/replay.js'
export { type MutualTlsOptions, mutualTls } from './mtls/scheme.js'
export type { CertificateIdentity, MutualTlsClient } from './mtls/clients.js'
export type { ClientCertificate, ClientCertificates, Scheme, SchemeHealth, SchemeOptions } from './scheme.js'
export type { TokenCacheHealth } from './bearer/token-cache.js'

// Keys.
export { type KeyRingEntry, keyRing } from './keys/key-ring.js'
export { type StaticKey, staticJwks, staticKeys } from './keys/static-keys.js'
export type { Jwk } from './keys/jwk.js'
export { remoteJwks } from './keys/remote-jwks.js'
export type { RemoteJwksOptions } from './keys/remote-options.js'
export type { Fetch } from './keys/fetch-json.js'
export type { RemoteRuntime } from './keys/remote-runtime.js'
export { RemoteKeysError, type RemoteFailure } from './keys/remote-error.js'
export { type DiscoveryOptions, discovery, type MetadataKind } from './keys/discovery.js'
export { jwkThumbprint } from './keys/thumbprint.js'
export type { SecretInput } from './keys/secret.js'
export { type FindKey, type FoundKey, type KeyFunctionOptions, keyFunction } from './keys/key-function.js'
export { type KeyFileOptions, keyFile } from './key-file/key-file.js'
export { type EnvironmentKeysOptions, environmentKeys } from './key-file/environment-keys.js'
export type { KeyDocumentSource } from './key-file/feed.js'
export type { KekSource } from './key-file/kek.js'
export type {
  HmacAlgorithm,
  HmacKey,
  HmacKeyLookup,
  HmacKeySource,
  HmacProfile,
  JwtAlgorithm,
  KeyDetail,
  KeyHealth,
  KeyHolder,
  KeySourceContext,
  KeyState,
  KeyStatus,
  VerificationKey,
  VerificationKeyLookup,
  VerificationKeySource,
  VerificationKeySourceContext,
} from './key.js'

// What was revoked.
export { type MemoryRevocation, type MemoryRevocationOptions, memoryRevocation } from './revocation/memory.js'
export {
  type RevocableCredentials,
  type Revocation,
  type RevocationEntry,
  RevocationError,
  type RevokedReason,
  type RevocationStore,
} from './revocation/revocation.js'

// Who failed too often.
export type { FailureNames, FailureThrottle } from './throttle/throttle.js'

// Who, and what they may do.
export type { Auth, Principal, SchemeName } from './principal.js'
export type {
  AllOf,
  AnyOf,
  NestedPolicy,
  Policy,
  PolicyCheck,
  PrincipalRequirement,
  Requirement,
} from './policy/policy.js'
export type { RoleHierarchy } from './policy/roles.js'

// What is said of it.
export { ConfigurationError, CredentialError } from './errors.js'
export { type DenyKind, type DenyReason, REASONS } from './reason.js'
export type { AuditLogger } from './audit/logger.js'
export { AUTH_EVENT_CHANNEL, type AuthEvent, recordAuthEvent } from './audit/event.js'
export type {
  AuditedRequest,
  AuditOutcome,
  AuditRecord,
  AuthEventName,
  AuthEventRecord,
} from './audit/record.js'
export { ATTEMPT_CHANNEL, verifierOf } from './audit/write.js'
export {
  JWKS_CHANNEL,
  type JwksConditionEvent,
  type JwksEvent,
  type JwksRefreshCause,
  type JwksRefreshedEvent,
  type JwksRefreshFailedEvent,
} from './keys/remote-events.js'
export {
  KEY_CHANNEL,
  type KeyEvent,
  type KeysLoadedEvent,
  type KeysRefusedEvent,
  type KeyUsedEvent,
} from './keys/key-events.js'
export {
  STORE_CHANNEL,
  type StoreEvent,
  type StoreOperationEvent,
  type StoreStateEvent,
} from './stores/store-events.js'
