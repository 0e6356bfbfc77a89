import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { RefreshSuccessor } from './store.js'

/*
 * A refresh token is 64 bytes in base64url: the family's id (16), a secret that all tokens of the family share (16), and the token's own (32).
 *
 * - The id finds the family: one look, and one key for a store to lock.
 * - The shared secret proves that whoever presents an unknown token has had one of the family: an old token is told from a made-up one
 *   although no old hash is kept (RFC 9700 section 4.14.2 asks that a grant named in the token is protected against forgery).
 * - The own secret of a successor is HMAC(own secret of the token before it, random salt). Who presents the one before again gets the same
 *   successor with the salt that the store kept; who has the token alone, or the store alone, cannot make it.
 */

const ID_BYTES = 16
const FAMILY_BYTES = 16
const OWN_BYTES = 32
const TOKEN_BYTES = ID_BYTES + FAMILY_BYTES + OWN_BYTES
const TOKEN_LENGTH = 86

/** A refresh token, and the hashes that a store knows it by. */
export interface RefreshToken {
  readonly value: string
  readonly familyId: string
  readonly familyHash: string
  readonly tokenHash: string
}

/** The first token of a new family. */
export function newRefreshToken(): RefreshToken {
  return read(randomBytes(TOKEN_BYTES))
}

/** A presented text as a refresh token; `undefined` where it is none. One token has one spelling. */
export function parseRefreshToken(text: unknown): RefreshToken | undefined {
  if (typeof text !== 'string' || text.length !== TOKEN_LENGTH) return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === TOKEN_BYTES && bytes.toString('base64url') === text ? read(bytes) : undefined
}

/** A successor that was not there before. */
export function newSuccessor(token: RefreshToken): {
  readonly token: RefreshToken
  readonly successor: RefreshSuccessor
} {
  const salt = randomBytes(OWN_BYTES).toString('base64url')
  const next = successorOf(token, salt)
  return { token: next, successor: { tokenHash: next.tokenHash, salt } }
}

/** The same successor as with that salt before. */
export function successorOf({ value }: RefreshToken, salt: string): RefreshToken {
  const bytes = Buffer.from(value, 'base64url')
  const family = bytes.subarray(0, ID_BYTES + FAMILY_BYTES)
  const own = createHmac('sha256', bytes.subarray(ID_BYTES + FAMILY_BYTES))
    .update('countersign-refresh-v1 successor\n')
    .update(family)
    .update(salt)
    .digest()
  return read(Buffer.concat([family, own]))
}

function read(bytes: Buffer): RefreshToken {
  return {
    value: bytes.toString('base64url'),
    familyId: bytes.toString('base64url', 0, ID_BYTES),
    familyHash: hash('family', bytes.subarray(0, ID_BYTES + FAMILY_BYTES)),
    tokenHash: hash('token', bytes),
  }
}

/** Of random bits a plain hash is enough: there is nothing to guess that a slow one would protect. */
function hash(what: string, bytes: Buffer): string {
  return createHash('sha256').update(`countersign-refresh-v1 ${what}\n`).update(bytes).digest('base64url')
}
