import { ConfigurationError } from '../errors.js'
import { checkTerms } from '../keys/hmac-key.js'
import { checkEntry, checkFrame, checkSigningKey, importPublicHalf } from './check.js'
import type { KeyFile, KeyFileKey, KeyFileSigningKey } from './format.js'
import { parseJson } from './json.js'

/**
 * Reads a key file whole and checks all of it that can be checked without opening a secret.
 *
 * @throws {ConfigurationError} not JSON, a name that stands twice in one object, another version, an unknown member, a wrong value, an id or
 *   `kid` twice. The message names the member, as `keys[3].notAfter`, and never a value.
 * Does NOT open secrets: a short one, and two that are one key to HMAC, are found by whoever does.
 */
export function parseKeyFile(text: string | Uint8Array): KeyFile {
  return checkKeyFile(parseJson('key file', Buffer.from(text)))
}

/** The text of a key file: checked, its members in one order, two spaces, a line feed at the end. */
export function serialiseKeyFile(file: KeyFile): string {
  const { keys, signingKeys } = checkKeyFile(file)
  const ordered = {
    version: 1,
    keys: keys.map((key) => inOrder(key, KEY_ORDER)),
    ...(signingKeys === undefined ? {} : { signingKeys: signingKeys.map((key) => inOrder(key, SIGNING_ORDER)) }),
  }
  return `${JSON.stringify(ordered, null, 2)}\n`
}

function checkKeyFile(document: unknown): KeyFile {
  const { keys, signingKeys } = checkFrame(document)
  for (const [index, value] of keys.entries()) {
    const option = `keys[${index}]`
    checkTerms(option, checkEntry(option, value).terms)
  }
  for (const [index, value] of signingKeys.entries()) {
    const option = `signingKeys[${index}]`
    const { key, terms } = checkSigningKey(option, value)
    importPublicHalf(option, key, terms)
  }
  // Every part was checked, and nothing else is in it.
  const file = document as KeyFile
  checkDistinct('keys', 'id', file.keys)
  checkDistinct('signingKeys', 'kid', file.signingKeys ?? [])
  return file
}

function checkDistinct<N extends string>(
  list: string,
  name: N,
  entries: readonly { readonly [K in N]: string }[],
): void {
  const seen = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    if (seen.has(entry[name]))
      throw new ConfigurationError(`${list}[${index}].${name}`, `is ${entry[name]}, as of another key`)
    seen.add(entry[name])
  }
}

function inOrder<T extends object>(entry: T, order: readonly (keyof T)[]): Partial<T> {
  const ordered: Partial<T> = {}
  for (const name of order) if (entry[name] !== undefined) ordered[name] = entry[name]
  return ordered
}

const KEY_ORDER: readonly (keyof KeyFileKey)[] = [
  'id',
  'client',
  'roles',
  'scopes',
  'algorithm',
  'profile',
  'methods',
  'paths',
  'refuseRepeats',
  'allowWeakSecret',
  'status',
  'notBefore',
  'notAfter',
  'secret',
]

const SIGNING_ORDER: readonly (keyof KeyFileSigningKey)[] = [
  'kid',
  'algorithm',
  'status',
  'notBefore',
  'notAfter',
  'publicJwk',
  'privateKey',
]
