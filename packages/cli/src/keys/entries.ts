import type { KeyFile, KeyFileKey, KeyFileSigningKey } from '@countersign/core/key-file'
import { FailedError } from '../errors.js'

/** One key of a key file, of either kind. */
export type Entry = KeyFileKey | KeyFileSigningKey

export function idOf(entry: Entry): string {
  return 'id' in entry ? entry.id : entry.kid
}

export function entriesOf({ keys, signingKeys = [] }: KeyFile): readonly Entry[] {
  return [...keys, ...signingKeys]
}

export function findEntry(file: KeyFile, id: string): Entry | undefined {
  return entriesOf(file).find((entry) => idOf(entry) === id)
}

/** @throws {FailedError} which lists the ids that are there, and does not repeat the one that is not */
export function requireEntry(file: KeyFile, id: string): Entry {
  const entry = findEntry(file, id)
  if (entry !== undefined) return entry
  const ids = entriesOf(file).map(idOf)
  throw new FailedError(
    'The key file has no key of that id',
    ids.length === 0 ? 'It has none at all.' : `It has: ${ids.join(', ')}.`,
  )
}

/** @throws {FailedError} the id is taken */
export function refuseTaken(file: KeyFile, id: string): void {
  if (findEntry(file, id) !== undefined)
    throw new FailedError(
      'The key file has a key of that id already',
      'Choose another id, or rotate the key: countersign keys rotate.',
    )
}

export function withEntry(file: KeyFile, entry: Entry): KeyFile {
  if ('id' in entry) return { ...file, keys: [...file.keys, entry] }
  return { ...file, signingKeys: [...(file.signingKeys ?? []), entry] }
}

/** The same file with another entry in the place of one. */
export function replaced(file: KeyFile, old: Entry, entry: Entry): KeyFile {
  return {
    ...file,
    keys: file.keys.map((key) => (key === old && 'id' in entry ? entry : key)),
    ...(file.signingKeys === undefined
      ? {}
      : { signingKeys: file.signingKeys.map((key) => (key === old && 'kid' in entry ? entry : key)) }),
  }
}

/** The same file without one entry. */
export function without(file: KeyFile, entry: Entry): KeyFile {
  return {
    ...file,
    keys: file.keys.filter((key) => key !== entry),
    ...(file.signingKeys === undefined ? {} : { signingKeys: file.signingKeys.filter((key) => key !== entry) }),
  }
}
