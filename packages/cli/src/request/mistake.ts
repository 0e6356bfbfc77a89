import type { SignedFields } from '@countersign/core/hmac'

/** What a MAC is computed of, on one side. */
export interface Computation {
  readonly fields: SignedFields
  /** Of the canonical text, made of the fields. */
  readonly spell: (text: string) => string
  readonly secret: Buffer
}

export interface Mistake {
  /** Which part it is about: two mistakes are tried together only where they are about two parts. */
  readonly part: string
  /** What the client did, as a sentence. */
  readonly told: string
  readonly apply: (computation: Computation) => Computation
}

/** A mistake about one field of the canonical text. */
export function field(part: keyof SignedFields, value: string, told: string): Mistake {
  return { part, told, apply: (computation) => ({ ...computation, fields: { ...computation.fields, [part]: value } }) }
}

/** A value as a hint shows it. */
export const shown = (text: string): string => JSON.stringify(text)
