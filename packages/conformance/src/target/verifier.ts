import {
  type AuditLogger,
  bearer,
  type Clock,
  createVerifier,
  type FailureThrottle,
  hmac,
  type Jwk,
  type JwtAlgorithm,
  keyRing,
  type ReplayStore,
  remoteJwks,
  type StaticKey,
  staticJwks,
  staticKeys,
  type Verifier,
} from '@countersign/core'
import { TARGET_KEYS } from './keys.js'
import { type TlsTarget, tlsVerifierOptions } from './tls.js'

export interface TargetVerifierOptions {
  /** Absent: the system's. */
  readonly clock?: Clock | undefined
  /** `null`: attempts are counted, not written. */
  readonly audit: AuditLogger | null
  /** Where seen nonces are remembered. */
  readonly replay: ReplayStore
  /** Absent: nobody is throttled. */
  readonly throttle?: FailureThrottle | undefined
  /** Where the keys of the issuer are published. Absent: those of `target.json`. */
  readonly jwks?: URL | undefined
  /** Absent: nobody has a certificate. */
  readonly tls?: TlsTarget | undefined
}

/** The verifier of the reference target, whichever framework stands around it. */
export function createTargetVerifier(options: TargetVerifierOptions): Verifier {
  const { clock, audit, replay, throttle, jwks, tls } = options
  const { audience, issuer, legacyIssuer } = TARGET_KEYS
  const pairs: Jwk[] = []
  const algorithms: JwtAlgorithm[] = []
  const secrets: StaticKey[] = []
  for (const key of TARGET_KEYS.jwt) {
    if ('publicJwk' in key) {
      pairs.push(key.publicJwk)
      algorithms.push(key.algorithm)
    } else secrets.push({ kid: key.kid, algorithm: key.algorithm, secret: Buffer.from(key.secretHex, 'hex') })
  }
  const { schemes = [], ...tlsOptions } = tls === undefined ? {} : tlsVerifierOptions(tls)
  return createVerifier({
    ...tlsOptions,
    audience,
    schemes: [
      ...schemes,
      bearer({
        issuers: [
          // Whoever tests the target serves its keys from wherever that is easy.
          {
            issuer,
            algorithms,
            keys: jwks ? remoteJwks(jwks, { allowInsecureHttp: true }) : staticJwks({ keys: pairs }),
          },
          { issuer: legacyIssuer, algorithms: ['HS256'], keys: staticKeys(secrets) },
        ],
      }),
      hmac({
        keys: keyRing(
          TARGET_KEYS.hmac.map(({ secretHex, ...key }) => {
            // The webhook's secret has 13 bytes: the profile is for services that run with such already.
            return { ...key, secret: Buffer.from(secretHex, 'hex'), allowWeakSecret: key.profile === 'body-timestamp' }
          }),
        ),
        replay,
      }),
    ],
    roleHierarchy: { admin: ['orders:read', 'orders:write'] },
    audit,
    ...(clock === undefined ? {} : { clock }),
    ...(throttle === undefined ? {} : { throttle }),
  })
}
