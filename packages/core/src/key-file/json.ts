import { isUtf8 } from 'node:buffer'
import { hasRepeatedNames } from '../bearer/json.js'
import { ConfigurationError } from '../errors.js'

/**
 * Parses one JSON text. The error of JSON.parse quotes the text, which holds secrets: it is not handed on.
 *
 * @throws {ConfigurationError} not UTF-8, not JSON, or a name that stands twice in one object
 */
export function parseJson(option: string, bytes: Buffer): unknown {
  const value = isUtf8(bytes) ? parse(bytes.toString()) : undefined
  if (value === undefined) throw new ConfigurationError(option, 'is not JSON')
  if (hasRepeatedNames(bytes, value)) throw new ConfigurationError(option, 'has a name twice in one object')
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
