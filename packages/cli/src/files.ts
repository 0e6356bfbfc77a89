import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { FailedError, UsageError } from './errors.js'
import type { Io } from './io.js'

const MOST_BYTES = 16 * 1024 * 1024

/**
 * Reads a file, or standard input where the name is `-`.
 *
 * @param what - what the file is to be, for messages: `--jwks`
 * @throws {CliError} not there, not readable, not a file, too large, or standard input is a terminal
 */
export async function readInput(what: string, name: string, io: Io): Promise<Buffer> {
  return name === '-' ? readStdin(what, io) : readNamed(what, name, io)
}

async function readNamed(what: string, name: string, io: Io): Promise<Buffer> {
  const path = resolve(io.cwd, name)
  try {
    const { size } = await stat(path)
    if (size > MOST_BYTES)
      throw new FailedError(`${what}: the file is larger than 16 MiB`, 'Check the name of the file.')
    return await readFile(path)
  } catch (error) {
    throw error instanceof FailedError ? error : fileError(`${what}: the file cannot be read`, error)
  }
}

async function readStdin(what: string, io: Io): Promise<Buffer> {
  if (io.stdin.isTty) {
    throw new UsageError(`${what}: standard input is a terminal`, 'Pipe or redirect it: countersign … < FILE')
  }
  const bytes = await io.stdin.read()
  if (bytes.byteLength > MOST_BYTES)
    throw new FailedError(`${what}: standard input is larger than 16 MiB`, 'Check what is piped in.')
  return bytes
}

const CAUSES: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['there is none of that name', 'Check the name and the folder it is relative to.'],
  EACCES: ['its permissions do not allow it', 'Run as the user that owns it.'],
  EPERM: ['its permissions do not allow it', 'Run as the user that owns it.'],
  EISDIR: ['it is a folder', 'Name a file inside it.'],
  ENOTDIR: ['a part of its path is not a folder', 'Check the name.'],
  ENAMETOOLONG: ['its name is too long', 'Name a file, not what is in it.'],
  EEXIST: ['there is one already', 'Choose another name, or move it away first.'],
  EROFS: ['the file system is read-only', 'Write where the file comes from.'],
  ENOSPC: ['the disk is full', 'Free some room.'],
}

/** Says why a file operation failed, by its code alone: the message of the system repeats the name. */
export function fileError(problem: string, error: unknown): FailedError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const [cause, next] = CAUSES[code] ?? [code === '' ? 'for an unknown reason' : code, 'Check the name.']
  return new FailedError(`${problem}: ${cause}`, next)
}
