import { checkMembers, checkNumber, checkText } from '../options.js'
import type { KeyDocumentSource } from './feed.js'
import { FileFeed } from './file-feed.js'
import { checkKekSources, type KekSource, readKeks } from './kek.js'
import { LiveKeys } from './live-keys.js'
import { liveSource } from './live-source.js'

export interface KeyFileOptions {
  /** What sealed secrets are opened with. Several while they are being changed. */
  readonly kek?: KekSource | readonly KekSource[]
  /** How often the file is looked at where no event of the file system tells of a change. Default 10. */
  readonly pollSeconds?: number
  /** How long a request waits for the first reading. Default 5. */
  readonly timeoutSeconds?: number
}

/**
 * The keys of a file, read anew when it changes. A request sees the old set or the new one, whole. A file that cannot be read or taken leaves
 * the last good set in place, with a warning and an event on `countersign:key`; while there is none, requests are answered with 503 and
 * `warmup()` rejects. Its keys end by their own times, whatever becomes of the file.
 *
 * Replace the file by a rename (`writeKeyFile` does): then no half of it is ever read.
 *
 * @throws {ConfigurationError} a wrong or unknown option
 */
export function keyFile(path: string, options: KeyFileOptions = {}): KeyDocumentSource {
  checkText('keyFile', path)
  checkMembers('keyFile', options, ['kek', 'pollSeconds', 'timeoutSeconds'])
  const keks = checkKekSources('keyFile.kek', options.kek)
  const pollSeconds = checkNumber('keyFile.pollSeconds', options.pollSeconds ?? 10, 0.05, 86_400)
  const firstLoadSeconds = checkNumber('keyFile.timeoutSeconds', options.timeoutSeconds ?? 5, 0.001, 300)
  const live = new LiveKeys(new FileFeed(path, pollSeconds), {
    readKeks: () => readKeks('kek', keks),
    firstLoadSeconds,
    maxStaleSeconds: null,
  })
  return liveSource(live)
}
