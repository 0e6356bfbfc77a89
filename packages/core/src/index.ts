// The river: a request in, one decision out.
export { createVerifier, type Verifier, type VerifierHealth, type VerifierOptions } from './verifier.js'
export type { Allowance, Decision, Denial } from './decision.js'
export type { BodyLimits, RequestView } from './request-view.js'
export type { HttpReply } from './http/reply.js'
export type { Awaitable } from './chain.js'
export { type Clock, systemClock } from './clock.js'

// Schemes.
export { type BearerOptions, bearer, type IssuerOptions } from './bearer/scheme.js'
export type { ClaimPath, ScopeClaim } from './bearer/roles.js'
export { type HmacOptions, hmac } from './hmac/scheme.js'
export {
  type MemoryReplayStoreOptions,
  memoryReplayStore,
  type ReplayStore,
  ReplayStoreError,
} from './hmac/replay.js'
export type { Scheme, SchemeHealth, SchemeOptions } from './scheme.js'

// Keys.
export { type KeyRingEntry, keyRing } from './keys/key-ring.js'
export { type StaticKey, staticJwks, staticKeys } from './keys/static-keys.js'
export type { Jwk } from './keys/jwk.js'
export type { SecretInput } from './keys/secret.js'
export type {
  HmacAlgorithm,
  HmacKeySource,
  HmacProfile,
  JwtAlgorithm,
  KeyDetail,
  KeyHealth,
  KeyState,
  KeyStatus,
  VerificationKeySource,
} from './key.js'

// What was revoked.
export { type MemoryRevocationOptions, memoryRevocation } from './revocation/memory.js'
export {
  type RevocableCredentials,
  type Revocation,
  type RevocationEntry,
  RevocationError,
  type RevocationStore,
} from './revocation/revocation.js'

// Who, and what they may do.
export type { Auth, Principal, SchemeName } from './principal.js'
export type { AllOf, AnyOf, NestedPolicy, Policy, PolicyCheck, PrincipalRequirement, Requirement } from './policy/policy.js'
export type { RoleHierarchy } from './policy/roles.js'

// What is said of it.
export { ConfigurationError, CredentialError } from './errors.js'
export { type DenyKind, type DenyReason, REASONS } from './reason.js'
export type { AuditLogger } from './audit/logger.js'
export type { AuditOutcome, AuditRecord } from './audit/record.js'
export { ATTEMPT_CHANNEL } from './audit/write.js'
export {
  KEY_CHANNEL,
  type KeyEvent,
  type KeysLoadedEvent,
  type KeysRefusedEvent,
  type KeyUsedEvent,
} from './keys/key-events.js'
