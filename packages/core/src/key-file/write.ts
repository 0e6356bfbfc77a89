import { randomBytes } from 'node:crypto'
import { open, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { KeyFile } from './format.js'
import { serialiseKeyFile } from './parse.js'

/**
 * Puts a key file in the place of another, whole: whoever reads it sees the one before or this one. Only its owner may read it (mode 0600). A
 * symbolic link stays, and what it points at is replaced.
 *
 * @throws {ConfigurationError} a file that `parseKeyFile` would refuse; the errors of `node:fs`
 */
export async function writeKeyFile(path: string, file: KeyFile): Promise<void> {
  const text = serialiseKeyFile(file)
  const target = await realpath(path).catch(() => path)
  const beside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`)
  try {
    const handle = await open(beside, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, target)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}
