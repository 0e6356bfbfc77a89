import type { KeyObject } from 'node:crypto'
import { ConfigurationError } from '../errors.js'
import type { JwtAlgorithm } from '../key.js'

interface AlgorithmRow {
  /** `asymmetricKeyType` of Node, or `secret`. */
  readonly keyTypes: readonly string[]
  /** Node's name of the one curve that goes with it (RFC 7518 section 3.4). */
  readonly curve?: string
  /** The least secret, in bytes: the size of the hash (RFC 7518 section 3.2). */
  readonly leastSecretBytes?: number
  /** The size of a signature, where the key does not decide it. */
  readonly signatureBytes?: number
}

const RSA: AlgorithmRow = { keyTypes: ['rsa'] }
const PSS: AlgorithmRow = { keyTypes: ['rsa', 'rsa-pss'] }

/** Everything that is known of an algorithm, in one place. Below this table nobody looks at a name again. */
export const ALGORITHMS: Readonly<Record<JwtAlgorithm, AlgorithmRow>> = {
  HS256: { keyTypes: ['secret'], leastSecretBytes: 32, signatureBytes: 32 },
  HS384: { keyTypes: ['secret'], leastSecretBytes: 48, signatureBytes: 48 },
  HS512: { keyTypes: ['secret'], leastSecretBytes: 64, signatureBytes: 64 },
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: PSS,
  PS384: PSS,
  PS512: PSS,
  ES256: { keyTypes: ['ec'], curve: 'prime256v1', signatureBytes: 64 },
  ES384: { keyTypes: ['ec'], curve: 'secp384r1', signatureBytes: 96 },
  ES512: { keyTypes: ['ec'], curve: 'secp521r1', signatureBytes: 132 },
  EdDSA: { keyTypes: ['ed25519'], signatureBytes: 64 },
}

export const JWT_ALGORITHMS = Object.keys(ALGORITHMS) as readonly JwtAlgorithm[]

export function isSymmetric(algorithm: JwtAlgorithm): boolean {
  return ALGORITHMS[algorithm].leastSecretBytes !== undefined
}

/** Whether a key is of the type and curve that the algorithm asks for. */
export function fits(algorithm: JwtAlgorithm, key: KeyObject): boolean {
  const row = ALGORITHMS[algorithm]
  const type = key.type === 'secret' ? 'secret' : key.asymmetricKeyType
  if (type === undefined || !row.keyTypes.includes(type)) return false
  return row.curve === undefined || row.curve === key.asymmetricKeyDetails?.namedCurve
}

/**
 * Refuses keys that are too weak or too costly to verify with: RSA below 2048 bits (RFC 7518 section 3.3), above 8192,
 * or with an exponent that is not 65537; secrets shorter than the hash (RFC 7518 section 3.2).
 */
export function checkStrength(option: string, algorithm: JwtAlgorithm, key: KeyObject): void {
  const least = ALGORITHMS[algorithm].leastSecretBytes
  if (least !== undefined && (key.symmetricKeySize ?? 0) < least) {
    throw new ConfigurationError(option, `is too short for ${algorithm}: at least ${least} bytes are needed`)
  }
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (modulusLength === undefined) return
  if (modulusLength < 2048 || modulusLength > 8192) {
    throw new ConfigurationError(option, `has ${modulusLength} bits; RSA keys have 2048 to 8192`)
  }
  if (publicExponent !== 65537n) throw new ConfigurationError(option, 'has another public exponent than 65537')
}

/** The length in base64url of a signature by this key. */
export function signatureLength(algorithm: JwtAlgorithm, key: KeyObject): number {
  const bytes = ALGORITHMS[algorithm].signatureBytes ?? Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
  return Math.ceil((bytes * 4) / 3)
}
