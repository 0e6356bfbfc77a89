/*
 * JSON.parse takes the last of two equal names, other languages the first: such a text means two things (RFC 8725
 * section 2.4 of its successor draft; RFC 7515 section 4 and RFC 7519 section 4 demand unique names).
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/**
 * Whether a name stands twice in one object, anywhere in `text`, or has a backslash in it.
 *
 * Every structural colon of a JSON text stands for one member, and a parsed object has one key for each distinct name: so the
 * two counts differ exactly where a name was repeated, however it was escaped.
 *
 * V8 from Node 24 on may take a name that is spelt with an escape for one that it parsed before and that reads like the spelling: `"\""` for
 * `\` (nodejs/node issue 63785). Such a wrong name always has a backslash in it, and no honest name has.
 *
 * @param text - the UTF-8 of the text that `parsed` was parsed from: no byte of a longer character looks like a quote or a colon
 */
export function hasRepeatedNames(text: Uint8Array, parsed: unknown): boolean {
  if (countStructuralColons(text) !== countMembers(parsed, 0)) return true
  return text.includes(BACKSLASH) && hasNameWithBackslash(parsed)
}

function countStructuralColons(text: Uint8Array): number {
  let colons = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const byte = text[index]
    if (inString) {
      if (byte === BACKSLASH) index++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === COLON) colons++
  }
  return colons
}

const DEEPEST = 64

/** The members of all objects in a value; NaN, equal to no count, where it is nested deeper than any honest token. */
function countMembers(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth >= DEEPEST) return Number.NaN
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += countMembers(item, depth + 1)
    return members
  }
  // Own members only: what JSON.parse makes has no others that could be enumerated.
  for (const name in value) members += 1 + countMembers((value as Record<string, unknown>)[name], depth + 1)
  return members
}

function hasNameWithBackslash(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, member]) => name.includes('\\') || hasNameWithBackslash(member))
}
