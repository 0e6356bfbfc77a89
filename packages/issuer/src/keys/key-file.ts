import { ConfigurationError } from '@countersign/core'
import { checkMembers, checkNumber, checkText } from '@countersign/core/issuance'
import { checkKekSources, type KekSource } from '@countersign/core/key-file'
import { FileStorage } from './file-storage.js'
import { RotatingKeys } from './rotating-keys.js'
import { checkSchedule, SCHEDULE_MEMBERS, type ScheduleOptions, scheduleFor } from './schedule-options.js'
import type { SigningKeySource } from './signing-key.js'

export interface SigningKeyFileOptions extends ScheduleOptions {
  /**
   * What private keys are sealed with, and opened: the first of several seals. `null` writes them in the clear, for everybody who can read the
   * file.
   */
  readonly kek: KekSource | readonly KekSource[] | null
  /** How often the file is looked at where no event of the file system tells of a change, and the schedule gone by. Default 10. */
  readonly pollSeconds?: number
}

/**
 * Signing keys in a key file, made and rotated by whoever has it open: of several processes that share the file one takes each step, and all
 * sign with the same key. The next key stands in it, and in the JWK Set, long before it signs; the one before stays until its last token is
 * over. `countersign keys` reads and changes the same file. Its folder must be writable.
 *
 * @throws {ConfigurationError} a wrong or unknown option
 */
export function signingKeyFile(path: string, options: SigningKeyFileOptions): SigningKeySource {
  checkText('signingKeyFile', path)
  checkMembers('signingKeyFile', options, [...SCHEDULE_MEMBERS, 'kek', 'pollSeconds'])
  if (options.kek === undefined)
    throw new ConfigurationError(
      'signingKeyFile.kek',
      'is required; null, written out, leaves private keys in the clear',
    )
  const pollSeconds = checkNumber('signingKeyFile.pollSeconds', options.pollSeconds ?? 10, 0.05, 3600)
  const schedule = checkSchedule('signingKeyFile', options)
  const keks = options.kek === null ? null : checkKekSources('signingKeyFile.kek', options.kek)
  return {
    open(context) {
      const storage = new FileStorage({ path, pollSeconds, algorithm: schedule.algorithm, keks })
      return new RotatingKeys(storage, scheduleFor(schedule, context), context.clock)
    },
  }
}
