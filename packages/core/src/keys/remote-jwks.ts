import { ConfigurationError } from '../errors.js'
import type { JwtAlgorithm, VerificationKeySource } from '../key.js'
import { isSymmetric } from './algorithms.js'
import { fetchJson } from './fetch-json.js'
import { RemoteKeys } from './remote-keys.js'
import { checkRemoteOptions, checkRemoteUrl, type RemoteJwksOptions } from './remote-options.js'

/**
 * A JWK Set (RFC 7517 section 5) at a URL that is configured, never taken from a token. Asked for at `warmup()`, or with the first token, and
 * kept fresh from then on: see `RemoteJwksOptions` for how, and for all limits.
 *
 * @throws {ConfigurationError} here or from `createVerifier`: a URL that is none or not https, an option that is unknown or out of bounds,
 *   an issuer with HS algorithms. Nothing is thrown for what the server does: `warmup()` rejects, tokens are refused with 503.
 */
export function remoteJwks(url: string | URL, options: RemoteJwksOptions = {}): VerificationKeySource {
  const settings = checkRemoteOptions('remoteJwks', options)
  const target = checkRemoteUrl('remoteJwks.url', url, settings.allowInsecureHttp)
  const { fetch, limitBytes } = settings
  const source = {
    url: target,
    load: async (signal: AbortSignal) => ({ url: target, ...(await fetchJson(target, { fetch, limitBytes, signal })) }),
  }
  return {
    open({ option, algorithms }) {
      refuseSymmetric(option, algorithms)
      return new RemoteKeys(source, settings, algorithms)
    },
  }
}

/** What is published is no secret. */
export function refuseSymmetric(option: string, algorithms: readonly JwtAlgorithm[]): void {
  if (algorithms.some(isSymmetric)) {
    throw new ConfigurationError(option, 'are published, so the algorithms of the issuer must not be HS')
  }
}
