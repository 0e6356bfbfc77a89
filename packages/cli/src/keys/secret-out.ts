import type { KeyObject } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { UsageError } from '../errors.js'
import { fileError } from '../files.js'
import type { Io } from '../io.js'

/** Where the other side's copy of a new secret goes. */
export interface SecretOutArgs {
  readonly secretOut?: string
  readonly secretFormat?: string
}

const OUT_FORMATS = ['hex', 'base64', 'base64url'] as const

export function addSecretOut(command: Command): Command {
  return command
    .option(
      '--secret-out <file>',
      'also write the secret (or the private key, in PEM) to a new file, for the one who signs',
    )
    .option('--secret-format <format>', `how it is written there: ${OUT_FORMATS.join(', ')} (default: hex)`)
}

/**
 * Writes a new secret, or a private key in PEM, to a file of its own that only its owner may read, for the one who signs with it. Never over
 * another file.
 *
 * @returns what takes it back, where the rest fails
 */
export async function writeSecretOut(
  { secretOut, secretFormat = 'hex' }: SecretOutArgs,
  secret: Buffer | KeyObject,
  io: Io,
): Promise<() => Promise<void>> {
  const format = OUT_FORMATS.find((name) => name === secretFormat)
  if (format === undefined)
    throw new UsageError('--secret-format is not known', `Give one of ${OUT_FORMATS.join(', ')}.`)
  if (secretOut === undefined) return async () => {}
  const text = Buffer.isBuffer(secret)
    ? `${secret.toString(format)}\n`
    : secret.export({ format: 'pem', type: 'pkcs8' })
  const path = resolve(io.cwd, secretOut)
  try {
    const handle = await open(path, 'wx', 0o600)
    await handle.writeFile(text)
    await handle.close()
  } catch (error) {
    throw fileError('--secret-out: the file cannot be written', error)
  }
  return () => rm(path, { force: true })
}
