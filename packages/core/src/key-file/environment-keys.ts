import { ConfigurationError } from '../errors.js'
import { FixedHmacKeys } from '../keys/key-ring.js'
import { KeySet } from '../keys/static-keys.js'
import { checkMembers, checkText } from '../options.js'
import type { KeyDocumentSource } from './feed.js'
import { parseJson } from './json.js'
import { checkKekSources, type KekSource, readKeks } from './kek.js'
import { openSnapshotNow, type Snapshot } from './snapshot.js'

export interface EnvironmentKeysOptions {
  /** The variable that holds the text of a key file. Default `COUNTERSIGN_KEYS`. */
  readonly variable?: string
  /** What sealed secrets are opened with. */
  readonly kek?: KekSource | readonly KekSource[]
  /** Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/**
 * The keys of an environment variable, in the format of a key file. Read once, by `createVerifier`; rotation is a restart.
 *
 * @throws {ConfigurationError} a wrong or unknown option; from `createVerifier`: no such variable, or what `parseKeyFile` refuses
 */
export function environmentKeys(options: EnvironmentKeysOptions = {}): KeyDocumentSource {
  checkMembers('environmentKeys', options, ['variable', 'kek', 'environment'])
  const variable = checkText('environmentKeys.variable', options.variable ?? 'COUNTERSIGN_KEYS')
  const keks = checkKekSources('environmentKeys.kek', options.kek)
  const environment = options.environment ?? process.env
  let snapshot: Snapshot | undefined
  const read = () => {
    snapshot ??= openSnapshotNow(parse(variable, environment[variable]), () => readKeks('kek', keks, environment))
    return snapshot
  }
  return {
    open: () => new FixedHmacKeys(read().hmac),
    verificationKeys: {
      open({ option, algorithms }) {
        const keys = read().verification.filter(({ algorithm }) => algorithms.includes(algorithm))
        return new KeySet(option, keys)
      },
    },
  }
}

function parse(variable: string, text: string | undefined): unknown {
  if (text === undefined || text === '') throw new ConfigurationError(variable, 'is not set')
  return parseJson(variable, Buffer.from(text))
}
