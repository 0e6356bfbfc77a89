import { createSecretKey, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isCanonicalBase64url } from '../bytes.js'
import { ConfigurationError } from '../errors.js'
import { checkMembers, checkText } from '../options.js'
import type { KeyEncryptionKey } from './seal.js'

/**
 * Where a key-encryption key is kept: an environment variable or a file, in both as 32 bytes in base64url (43 characters); or the bytes
 * themselves. Never in the key file.
 */
export type KekSource = { readonly id: string } & (
  | { readonly environment: string }
  | { readonly file: string }
  | { readonly bytes: Uint8Array }
)

const KEK_BYTES = 32
const KEK_CHARACTERS = 43

/** A fresh key-encryption key, as it is written to an environment variable or a file. */
export function generateKek(): string {
  return randomBytes(KEK_BYTES).toString('base64url')
}

/** One source or a list of them, checked in form: nothing is read. */
export function checkKekSources(
  option: string,
  sources: KekSource | readonly KekSource[] | undefined,
): readonly KekSource[] {
  const list = sources === undefined ? [] : isSource(sources) ? [sources] : sources
  if (!Array.isArray(list))
    throw new ConfigurationError(option, 'must be { id, environment }, { id, file }, { id, bytes } or a list of them')
  const ids = new Set<string>()
  for (const [index, source] of list.entries()) {
    const name = `${option}[${index}]`
    checkMembers(name, source, ['id', 'environment', 'file', 'bytes'])
    ids.add(checkText(`${name}.id`, source.id))
    const ways = ['environment', 'file', 'bytes'].filter((way) => Object.hasOwn(source, way))
    if (ways.length !== 1) throw new ConfigurationError(name, 'must have one of environment, file and bytes')
  }
  if (ids.size < list.length) throw new ConfigurationError(option, 'has one id twice')
  return list
}

function isSource(sources: KekSource | readonly KekSource[]): sources is KekSource {
  return typeof sources === 'object' && sources !== null && 'id' in sources
}

/**
 * Reads key-encryption keys from where they are kept.
 *
 * @throws {ConfigurationError} absent, or not 32 bytes in base64url
 */
export function readKeks(
  option: string,
  sources: readonly KekSource[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly KeyEncryptionKey[] {
  return sources.map((source) => {
    const name = `${option} ${source.id}`
    if ('bytes' in source) return { id: source.id, key: toKey(name, source.bytes) }
    const text = 'environment' in source ? environment[source.environment] : readText(name, source.file)
    const where = 'environment' in source ? `the variable ${source.environment}` : source.file
    if (text === undefined || text === '') throw new ConfigurationError(name, `is not in ${where}`)
    return { id: source.id, key: toKey(`${name} in ${where}`, decode(text.trimEnd())) }
  })
}

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new ConfigurationError(name, `cannot be read from ${path} (${code})`)
  }
}

function decode(text: string): Uint8Array {
  return text.length === KEK_CHARACTERS && isCanonicalBase64url(text)
    ? Buffer.from(text, 'base64url')
    : new Uint8Array()
}

function toKey(name: string, bytes: Uint8Array) {
  if (!(bytes instanceof Uint8Array) || bytes.byteLength !== KEK_BYTES) {
    throw new ConfigurationError(name, 'must be 32 bytes: 43 characters of base64url without padding')
  }
  return createSecretKey(bytes)
}
