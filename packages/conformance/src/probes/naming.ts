import assert from 'node:assert/strict'
import { ConfigurationError } from '@countersign/core'

/** Any value where an option of another type belongs: what a caller without types may pass. */
export function wrong<T>(value: unknown): T {
  return value as T
}

/** @param option - what the error must name: a text, at the start of a path's step */
export function throwsNaming(option: string | RegExp, make: () => unknown): void {
  const named = typeof option === 'string' ? new RegExp(`(^|[.\\]])${option.replace(/[.[\]]/g, '\\$&')}`) : option
  assert.throws(make, (error) => {
    assert.ok(error instanceof ConfigurationError)
    assert.match(error.option, named)
    return true
  })
}
