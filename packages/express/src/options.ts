import { ConfigurationError, type Verifier } from '@countersign/core'
import { checkExternalPrefix } from '@countersign/core/adapter'

export interface CountersignOptions {
  readonly verifier: Verifier
  /** The path prefix that a trusted proxy strips, put back before the target is verified: `/api`. */
  readonly externalPrefix?: string
}

const MEMBERS = ['verifier', 'externalPrefix']

/** @throws {ConfigurationError} naming the option */
export function checkOptions(options: CountersignOptions): Required<CountersignOptions> {
  for (const name of Object.keys(options ?? {})) {
    if (!MEMBERS.includes(name)) throw new ConfigurationError(name, `is not known; known here: ${MEMBERS.join(', ')}`)
  }
  const { verifier } = options ?? {}
  if (typeof verifier?.verify !== 'function')
    throw new ConfigurationError('verifier', 'is required: createVerifier({…})')
  return { verifier, externalPrefix: checkExternalPrefix(options.externalPrefix) }
}
