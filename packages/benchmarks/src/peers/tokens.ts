import { createHmac, timingSafeEqual, verify } from 'node:crypto'
import { createVerifier as fastJwtVerifier } from 'fast-jwt'
import { jwtVerify } from 'jose'
import jwt from 'jsonwebtoken'
import { AUDIENCE, ISSUER, type TokenKey } from '../material.js'

/** `true`: accepted. A peer that refuses by throwing throws. */
export type TokenCheck = (token: string) => boolean

/** What no verifier can do without: base64url, the bare cryptography with a prepared key, one JSON.parse. Checks no claim. */
export function limit({ algorithm, verifying }: TokenKey): TokenCheck {
  const isGenuine = bareSignature(algorithm, verifying)
  return (token) => {
    const signatureStart = token.lastIndexOf('.')
    const signed = token.slice(0, signatureStart)
    if (!isGenuine(signed, Buffer.from(token.slice(signatureStart + 1), 'base64url'))) return false
    const payload = Buffer.from(signed.slice(signed.indexOf('.') + 1), 'base64url')
    return typeof JSON.parse(payload.toString()) === 'object'
  }
}

function bareSignature(
  algorithm: TokenKey['algorithm'],
  key: TokenKey['verifying'],
): (signed: string, signature: Buffer) => boolean {
  switch (algorithm) {
    case 'HS256':
      return (signed, signature) => {
        const mac = createHmac('sha256', key).update(signed).digest()
        return mac.length === signature.length && timingSafeEqual(mac, signature)
      }
    case 'EdDSA':
      return (signed, signature) => verify(null, Buffer.from(signed), key, signature)
    case 'RS256':
      return (signed, signature) => verify('sha256', Buffer.from(signed), key, signature)
    case 'ES256': {
      const options = { key, dsaEncoding: 'ieee-p1363' } as const
      return (signed, signature) => verify('sha256', Buffer.from(signed), options, signature)
    }
  }
}

/** Takes PEM texts and Buffers only; it prepares them itself. */
export function fastJwt({ algorithm, verifying }: TokenKey, cache: number | false): TokenCheck {
  const key = algorithm === 'HS256' ? verifying.export() : verifying.export({ type: 'spki', format: 'pem' })
  const check = fastJwtVerifier({ key, algorithms: [algorithm], allowedIss: ISSUER, allowedAud: AUDIENCE, cache })
  return (token) => typeof check(token) === 'object'
}

/** Given a KeyObject; with a PEM text or a string it makes one at each call. */
export function jsonwebtoken({ algorithm, verifying }: TokenKey): TokenCheck | undefined {
  if (algorithm === 'EdDSA') return undefined
  const options = { algorithms: [algorithm], issuer: ISSUER, audience: AUDIENCE }
  return (token) => typeof jwt.verify(token, verifying, options) === 'object'
}

export function jose({ algorithm, verifying }: TokenKey): (token: string) => Promise<boolean> {
  const options = { algorithms: [algorithm], issuer: ISSUER, audience: AUDIENCE }
  return async (token) => typeof (await jwtVerify(token, verifying, options)).payload === 'object'
}
