import { createHmac } from 'node:crypto'
import { canonicalText, type HmacAlgorithm } from '@countersign/core/hmac'
import type { Computation, Mistake } from './mistake.js'
import { mistakesFor } from './mistakes.js'

/**
 * Finds the mistake, or the two, with which the MAC of a request would hold. Empty: none of those that are known.
 *
 * @param mac - as received
 */
export function findMistakes(
  right: Computation,
  headers: ReadonlyMap<string, string>,
  algorithm: HmacAlgorithm,
  mac: string,
): readonly Mistake[] {
  const received = macBytes(mac)
  const holds = (computation: Computation): boolean => {
    const text = computation.spell(canonicalText(computation.fields))
    return received.equals(createHmac(algorithm, computation.secret).update(text).digest())
  }
  const mistakes = mistakesFor(right.fields, headers, right.secret)
  const one = mistakes.find((mistake) => holds(mistake.apply(right)))
  if (one !== undefined) return [one]
  for (const [index, first] of mistakes.entries()) {
    const applied = first.apply(right)
    const second = mistakes.slice(index + 1).find(({ part, apply }) => part !== first.part && holds(apply(applied)))
    if (second !== undefined) return [first, second]
  }
  return []
}

/** The bytes of a MAC in hexadecimal of either case, behind a prefix as in `sha256=…`, or in base64. */
export function macBytes(mac: string): Buffer {
  const bare = mac.replace(/^(sha256|sha512|v1)[=:,]/i, '')
  return /^[0-9a-f]*$/i.test(bare) ? Buffer.from(bare, 'hex') : Buffer.from(bare, 'base64')
}
