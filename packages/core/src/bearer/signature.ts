import { verify } from 'node:crypto'
import jwt, { type VerifyOptions } from 'jsonwebtoken'
import { refusal } from '../errors.js'
import type { JwtAlgorithm, VerificationKey } from '../key.js'
import type { UnverifiedToken } from './token.js'

/*
 * The only file that imports jsonwebtoken. It proves the signature; claims are checked by claims.ts, with our reasons: jsonwebtoken
 * leaves a check out when its option is empty, and tells its failures apart by their message text only.
 */

const OPTIONS = new Map<JwtAlgorithm, VerifyOptions>()

function optionsFor(algorithm: Exclude<JwtAlgorithm, 'EdDSA'>): VerifyOptions {
  let options = OPTIONS.get(algorithm)
  if (options === undefined) {
    options = { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true }
    OPTIONS.set(algorithm, options)
  }
  return options
}

/**
 * Verifies the signature of a token and returns its payload, parsed from the bytes that were verified.
 *
 * @throws {CredentialError} `signature_invalid`; `token_malformed` where the payload cannot be read
 * Does NOT check any claim, nor that the payload is an object with unique names.
 */
export function verifySignature(token: UnverifiedToken, key: VerificationKey): unknown {
  // Known before any decoding: a signature of another size was not made by this key (RFC 7518 section 3.4).
  if (token.signatureLength !== key.signatureLength) throw refusal('signature_invalid')
  if (key.algorithm === 'EdDSA') return verifyEdDsa(token, key)
  try {
    return jwt.verify(token.compact, key.key, optionsFor(key.algorithm))
  } catch (error) {
    // Structure, algorithm and key type are settled before: what is left to JsonWebTokenError is the signature.
    throw refusal(error instanceof jwt.JsonWebTokenError ? 'signature_invalid' : 'token_malformed')
  }
}

/** EdDSA with Ed25519 (RFC 8037 section 3.1), which jsonwebtoken lacks. */
function verifyEdDsa({ compact, payload }: UnverifiedToken, { key }: VerificationKey): unknown {
  const signatureStart = compact.lastIndexOf('.')
  const signed = Buffer.from(compact.slice(0, signatureStart), 'latin1')
  const signature = Buffer.from(compact.slice(signatureStart + 1), 'base64url')
  if (!verify(null, signed, key, signature)) throw refusal('signature_invalid')
  try {
    return JSON.parse(payload.toString())
  } catch {
    throw refusal('token_malformed')
  }
}
