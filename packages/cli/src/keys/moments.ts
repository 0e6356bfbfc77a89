import type { KeyFileWindow, KeyStatus } from '@countersign/core/key-file'

/** A window in seconds. */
export interface Window {
  readonly notBefore?: number
  readonly notAfter?: number
  readonly status?: KeyStatus
}

/** The window of an entry of a key file, which was checked when the file was parsed. */
export function windowOf({ notBefore, notAfter, status }: KeyFileWindow): Window {
  return {
    ...(notBefore === undefined ? {} : { notBefore: Date.parse(notBefore) / 1000 }),
    ...(notAfter === undefined ? {} : { notAfter: Date.parse(notAfter) / 1000 }),
    ...(status === undefined ? {} : { status }),
  }
}
