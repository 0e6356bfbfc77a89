import { ConfigurationError } from '../errors.js'
import { KEY_STATUSES, type KeyStatus, type KeyWindow } from '../key.js'
import { checkMoment, checkOneOf } from '../options.js'

/** A window as configured. */
export interface WindowInput {
  readonly notBefore?: number | Date | undefined
  readonly notAfter?: number | Date | undefined
  readonly status?: KeyStatus | undefined
}

/** @throws {ConfigurationError} a moment that is none, an end before the beginning, an unknown status */
export function checkWindow(option: string, input: WindowInput): KeyWindow {
  const notBefore = input.notBefore === undefined ? undefined : checkMoment(`${option}.notBefore`, input.notBefore)
  const notAfter = input.notAfter === undefined ? undefined : checkMoment(`${option}.notAfter`, input.notAfter)
  if (notBefore !== undefined && notAfter !== undefined && notBefore > notAfter) {
    throw new ConfigurationError(`${option}.notAfter`, 'lies before notBefore')
  }
  const status = input.status === undefined ? undefined : checkOneOf(`${option}.status`, input.status, KEY_STATUSES)
  return { notBefore, notAfter, status }
}
