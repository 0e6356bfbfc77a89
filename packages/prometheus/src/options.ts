import { ConfigurationError, type Verifier } from '@countersign/core'
import { register as global, type OpenMetricsContentType, type PrometheusContentType, type Registry } from 'prom-client'

export type MetricsRegister = Registry<PrometheusContentType> | Registry<OpenMetricsContentType>

export interface CollectMetricsOptions {
  /** The verifiers of this process, each under the name that becomes its label `verifier`: `{ orders: verifier }`. */
  readonly verifiers: Readonly<Record<string, Verifier>>
  /** Where the metrics are registered. Default: the global registry of prom-client. */
  readonly register?: MetricsRegister
  /** What every name begins with. Default `countersign_`. */
  readonly prefix?: string
  /** The upper bounds of `countersign_attempt_duration_seconds`, ascending. */
  readonly durationBucketsSeconds?: readonly number[]
  /** How many keys of one set have a series of their own, 0-100; the others share one. Default 100. */
  readonly mostKeys?: number
}

export type CheckedOptions = Required<CollectMetricsOptions>

/** From a token that was remembered to a store that had to be waited for. */
const DURATION_BUCKETS_SECONDS: readonly number[] = [
  1e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 1e-2, 5e-2, 0.25, 1,
]

const MEMBERS = ['verifiers', 'register', 'prefix', 'durationBucketsSeconds', 'mostKeys']

/** @throws {ConfigurationError} naming the option */
export function checkOptions(options: CollectMetricsOptions): CheckedOptions {
  for (const name of Object.keys(options)) {
    if (!MEMBERS.includes(name)) {
      throw new ConfigurationError(name, `is not known; known here: ${MEMBERS.join(', ')}`)
    }
  }
  const { verifiers, register = global, prefix = 'countersign_', mostKeys = 100 } = options
  const { durationBucketsSeconds = DURATION_BUCKETS_SECONDS } = options
  checkVerifiers(verifiers)
  if (typeof register?.registerMetric !== 'function') {
    throw new ConfigurationError('register', 'must be a Registry of prom-client')
  }
  if (typeof prefix !== 'string' || !/^(?:[a-zA-Z_][a-zA-Z0-9_]*)?$/.test(prefix)) {
    throw new ConfigurationError('prefix', 'must be letters, digits and underscores')
  }
  if (!isAscending(durationBucketsSeconds)) {
    throw new ConfigurationError('durationBucketsSeconds', 'must be an ascending list of numbers above 0')
  }
  if (!Number.isInteger(mostKeys) || mostKeys < 0 || mostKeys > 100) {
    throw new ConfigurationError('mostKeys', 'must be a whole number from 0 to 100')
  }
  return { verifiers, register, prefix, durationBucketsSeconds, mostKeys }
}

function checkVerifiers(verifiers: unknown): void {
  if (typeof verifiers !== 'object' || verifiers === null || Object.keys(verifiers).length === 0) {
    throw new ConfigurationError('verifiers', 'is required: { orders: createVerifier({…}) }')
  }
  const seen = new Set<unknown>()
  for (const [name, verifier] of Object.entries(verifiers)) {
    const option = `verifiers.${name}`
    if (name.trim() === '') throw new ConfigurationError('verifiers', 'has a verifier without a name')
    if (typeof verifier?.health !== 'function') throw new ConfigurationError(option, 'must be createVerifier({…})')
    if (seen.has(verifier)) throw new ConfigurationError(option, 'is there under another name')
    seen.add(verifier)
  }
}

function isAscending(numbers: unknown): boolean {
  if (!Array.isArray(numbers) || numbers.length === 0) return false
  return numbers.every((number, index) => {
    return Number.isFinite(number) && number > (index === 0 ? 0 : numbers[index - 1])
  })
}
