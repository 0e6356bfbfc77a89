import { ConfigurationError } from '../errors.js'
import { checkInteger } from '../options.js'

/** How many failures are too many. */
export interface ThrottleLimits {
  /** How many failures from one address are answered as what they are. Default 60. `null`: addresses are not counted. */
  readonly failuresPerAddress?: number | null
  /** The same of one key id, or one issuer and subject. Default 20. `null`: they are not counted. */
  readonly failuresPerCredentials?: number | null
  /** In how many seconds, from the first failure on. Default 60. */
  readonly windowSeconds?: number
}

export const LIMIT_OPTIONS: readonly (keyof ThrottleLimits)[] = [
  'failuresPerAddress',
  'failuresPerCredentials',
  'windowSeconds',
]

export interface CheckedLimits {
  readonly failuresPerAddress: number | null
  readonly failuresPerCredentials: number | null
  readonly windowSeconds: number
}

/** @throws {ConfigurationError} a number that is none or out of bounds; nothing to be counted */
export function checkLimits(option: string, limits: ThrottleLimits): CheckedLimits {
  const { failuresPerAddress = 60, failuresPerCredentials = 20, windowSeconds = 60 } = limits
  if (failuresPerAddress === null && failuresPerCredentials === null)
    throw new ConfigurationError(
      `${option}.failuresPerCredentials`,
      'is null as failuresPerAddress is: nothing is counted',
    )
  return {
    failuresPerAddress: checkFailures(`${option}.failuresPerAddress`, failuresPerAddress),
    failuresPerCredentials: checkFailures(`${option}.failuresPerCredentials`, failuresPerCredentials),
    windowSeconds: checkInteger(`${option}.windowSeconds`, windowSeconds, 1, 86_400),
  }
}

function checkFailures(option: string, failures: unknown): number | null {
  return failures === null ? null : checkInteger(option, failures, 1, 1_000_000)
}
