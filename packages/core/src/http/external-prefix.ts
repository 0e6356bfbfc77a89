import { ConfigurationError } from '../errors.js'

/**
 * Checks the path prefix that a trusted proxy strips; absent, none.
 *
 * @throws {ConfigurationError} naming `externalPrefix`: no leading slash, one at the end, or a character that no path has
 */
export function checkExternalPrefix(prefix: string = ''): string {
  if (prefix !== '' && !/^\/[\x21-\x7e]*[\x21-\x2e\x30-\x7e]$/.test(prefix)) {
    throw new ConfigurationError('externalPrefix', 'must begin with a slash and not end in one')
  }
  return prefix
}

/** Puts the prefix back. A target in absolute form stays one, so that its authority is still compared with the Host header. */
export function withExternalPrefix(prefix: string, target: string): string {
  return target.startsWith('/') ? prefix + target : target
}
