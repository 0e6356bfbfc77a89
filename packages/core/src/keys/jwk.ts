import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { isCanonicalBase64url } from '../bytes.js'
import { ConfigurationError } from '../errors.js'
import { type JwtAlgorithm, unused, type VerificationKey } from '../key.js'
import { checkText } from '../options.js'
import { checkStrength, fits, JWT_ALGORITHMS, signatureLength } from './algorithms.js'
import { checkSecret } from './secret.js'

/** A JSON Web Key (RFC 7517 section 4). Unknown members are ignored, as section 4 asks. */
export interface Jwk {
  readonly kty: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
  readonly [member: string]: unknown
}

/**
 * Takes one JWK in, bound to one algorithm.
 *
 * @param allowed - the algorithms of the issuer; a key without `alg` is bound to the one of these that fits it
 * @throws {ConfigurationError} a key for something else than verifying, a private key, a key that fits no allowed algorithm or
 *   several, a key that is too weak
 */
export function importJwk(option: string, jwk: Jwk, allowed: readonly JwtAlgorithm[]): VerificationKey {
  if (typeof jwk !== 'object' || jwk === null) throw new ConfigurationError(option, 'must be an object')
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new ConfigurationError(`${option}.use`, 'must be "sig"')
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) {
    throw new ConfigurationError(`${option}.key_ops`, 'must contain "verify"')
  }
  const key = toKeyObject(option, jwk)
  const algorithm = bindAlgorithm(option, jwk, key, allowed)
  checkStrength(option, algorithm, key)
  return {
    kid: jwk.kid === undefined ? undefined : checkText(`${option}.kid`, jwk.kid),
    algorithm,
    key,
    signatureLength: signatureLength(algorithm, key),
    use: unused(),
  }
}

function toKeyObject(option: string, jwk: Jwk): KeyObject {
  if (jwk.kty === 'oct') {
    const secret = jwk['k']
    if (typeof secret !== 'string' || secret === '' || !isCanonicalBase64url(secret)) {
      throw new ConfigurationError(`${option}.k`, 'must be base64url')
    }
    return createSecretKey(checkSecret(`${option}.k`, Buffer.from(secret, 'base64url'), 1))
  }
  if ('d' in jwk) throw new ConfigurationError(option, 'is a private key; a verifier needs the public one')
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  } catch {
    throw new ConfigurationError(option, 'cannot be read as a public key')
  }
}

function bindAlgorithm(option: string, jwk: Jwk, key: KeyObject, allowed: readonly JwtAlgorithm[]): JwtAlgorithm {
  if (jwk.alg === undefined) {
    const [algorithm, another] = allowed.filter((candidate) => fits(candidate, key))
    if (algorithm === undefined) throw new ConfigurationError(option, 'fits none of the algorithms of the issuer')
    if (another === undefined) return algorithm
    throw new ConfigurationError(`${option}.alg`, 'is required, for several algorithms of the issuer fit the key')
  }
  const algorithm = JWT_ALGORITHMS.find((candidate) => candidate === jwk.alg)
  if (algorithm === undefined || !allowed.includes(algorithm)) {
    throw new ConfigurationError(`${option}.alg`, 'is not among the algorithms of the issuer')
  }
  if (!fits(algorithm, key)) throw new ConfigurationError(option, `is not a key for ${algorithm}`)
  return algorithm
}
