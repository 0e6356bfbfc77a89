import { seal, unseal } from './seal.js'
import type { User } from './user.js'

/** A user as both stores write it: JSON in which the secret of the second factor is sealed. */
export function toStored(user: User, sealKey: Buffer): string {
  const { secondFactor: factor, ...rest } = user
  if (factor === undefined) return JSON.stringify(rest)
  return JSON.stringify({ ...rest, secondFactor: { ...factor, secret: seal(factor.secret, user.name, sealKey) } })
}

/** @throws {Error} what was not written by `toStored` with this key */
export function fromStored(text: string, sealKey: Buffer): User {
  // Written by `toStored`, and nobody else writes here.
  const user = JSON.parse(text) as User
  const { secondFactor: factor } = user
  if (factor === undefined) return user
  return { ...user, secondFactor: { ...factor, secret: unseal(factor.secret, user.name, sealKey) } }
}
