import { ConfigurationError } from '@countersign/core'
import { checkNumber, checkOneOf, isSymmetric, JWT_ALGORITHMS } from '@countersign/core/issuance'
import type { AsymmetricAlgorithm } from '@countersign/core/key-file'
import type { Schedule } from './plan.js'
import type { SigningKeysContext } from './signing-key.js'

export interface ScheduleOptions {
  /** What new keys sign with. Default `EdDSA` (Ed25519). */
  readonly algorithm?: AsymmetricAlgorithm
  /** How long a key signs, 3600 to 31536000. Default 2592000: thirty days. */
  readonly rotateSeconds?: number
  /** How long it is published before it signs. Longer than verifiers keep a JWK Set. Default 3600. */
  readonly publishAheadSeconds?: number
}

export const SCHEDULE_MEMBERS: readonly string[] = [
  'algorithm',
  'rotateSeconds',
  'publishAheadSeconds',
] satisfies readonly (keyof ScheduleOptions)[]

const ASYMMETRIC = JWT_ALGORITHMS.filter((name): name is AsymmetricAlgorithm => !isSymmetric(name))

export interface CheckedSchedule {
  readonly algorithm: AsymmetricAlgorithm
  readonly rotateSeconds: number
  readonly publishAheadSeconds: number
}

/** @throws {ConfigurationError} naming the option */
export function checkSchedule(option: string, options: ScheduleOptions): CheckedSchedule {
  const { algorithm = 'EdDSA', rotateSeconds = 2_592_000, publishAheadSeconds = 3600 } = options
  return {
    algorithm: checkOneOf(`${option}.algorithm`, algorithm, ASYMMETRIC),
    rotateSeconds: checkNumber(`${option}.rotateSeconds`, rotateSeconds, 1, 31_536_000),
    publishAheadSeconds: checkNumber(`${option}.publishAheadSeconds`, publishAheadSeconds, 1, 604_800),
  }
}

/** @throws {ConfigurationError} a schedule by which a verifier could meet a token whose key it cannot know yet */
export function scheduleFor(
  { rotateSeconds, publishAheadSeconds }: CheckedSchedule,
  { option, longestUseSeconds, jwksMaxAgeSeconds }: SigningKeysContext,
): Schedule {
  if (publishAheadSeconds <= jwksMaxAgeSeconds)
    throw new ConfigurationError(`${option}.publishAheadSeconds`, 'must be more than jwksMaxAgeSeconds')
  if (rotateSeconds <= publishAheadSeconds)
    throw new ConfigurationError(`${option}.rotateSeconds`, 'must be more than publishAheadSeconds')
  return { rotateSeconds, publishAheadSeconds, keepSeconds: longestUseSeconds }
}
