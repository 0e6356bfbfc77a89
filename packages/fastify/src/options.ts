import { ConfigurationError, type NestedPolicy, type Verifier } from '@countersign/core'
import { checkExternalPrefix } from '@countersign/core/adapter'

export interface CountersignOptions {
  readonly verifier: Verifier
  /** What a route without a policy of its own asks for. Default `authenticated`. A default cannot be public. */
  readonly defaultPolicy?: NestedPolicy
  /** The path prefix that a trusted proxy strips, put back before the target is verified: `/api`. */
  readonly externalPrefix?: string
  /** Protects only the scope in which the plugin is registered. By default a route left outside stops the start. */
  readonly encapsulate?: boolean
  /**
   * Fastify waits for a request for ever (`requestTimeout` 0). Where the server still has that, it gets this limit. Default 300, as
   * Node has; `null` keeps waiting for ever.
   */
  readonly requestTimeoutSeconds?: number | null
}

const MEMBERS = ['verifier', 'defaultPolicy', 'externalPrefix', 'encapsulate', 'requestTimeoutSeconds']

/** @throws {ConfigurationError} naming the option */
export function checkOptions(options: CountersignOptions): Required<CountersignOptions> {
  for (const name of Object.keys(options)) {
    // Fastify adds `prefix` and the like to what a plugin is given.
    if (!MEMBERS.includes(name) && !['prefix', 'logLevel', 'logSerializers'].includes(name)) {
      throw new ConfigurationError(name, `is not known; known here: ${MEMBERS.join(', ')}`)
    }
  }
  const { verifier, defaultPolicy = 'authenticated', encapsulate = false } = options
  if (typeof encapsulate !== 'boolean') throw new ConfigurationError('encapsulate', 'must be true or false')
  if ('defaultPolicy' in options && options.defaultPolicy === undefined)
    throw new ConfigurationError('defaultPolicy', 'is undefined; leave it out for authenticated')
  if (typeof verifier?.verify !== 'function')
    throw new ConfigurationError('verifier', 'is required: createVerifier({…})')
  if (['public', 'optional'].includes(defaultPolicy as string)) {
    throw new ConfigurationError('defaultPolicy', 'must protect; a route says public or optional for itself')
  }
  verifier.checkPolicy(defaultPolicy, 'defaultPolicy')
  const externalPrefix = checkExternalPrefix(options.externalPrefix)
  const { requestTimeoutSeconds = 300 } = options
  if (requestTimeoutSeconds !== null && !isSeconds(requestTimeoutSeconds)) {
    throw new ConfigurationError('requestTimeoutSeconds', 'must be a number above 0, at most 86400, or null')
  }
  return { verifier, defaultPolicy, externalPrefix, encapsulate, requestTimeoutSeconds }
}

function isSeconds(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value <= 86_400
}
