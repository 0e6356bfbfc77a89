import { ConfigurationError } from './errors.js'

/*
 * How options are checked: once, at construction, by these few words. Every failure names the option. A check is
 * never switched off by a value that happens to be empty or absent: opting out is `null`, where an option allows it.
 */

/** Refuses what is not a plain object, and every member that is not in `known`: a misspelt option must not pass. */
export function checkMembers(option: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigurationError(option, 'must be an object')
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      throw new ConfigurationError(`${option}.${name}`, `is not known; known here: ${known.join(', ')}`)
    }
  }
}

export function checkText(option: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '')
    throw new ConfigurationError(option, 'must be a non-empty string')
  return value
}

/** A string, or `null` spoken aloud. Absent and empty are mistakes. */
export function checkTextOrNull(option: string, value: unknown): string | null {
  if (value === null) return null
  if (value === undefined) throw new ConfigurationError(option, 'is required; null, written out, opts out of the check')
  return checkText(option, value)
}

/** A list with at least one string in it, none empty, none twice. */
export function checkTexts(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new ConfigurationError(option, 'must be a non-empty list of strings')
  const texts = value.map((item, index) => checkText(`${option}[${index}]`, item))
  if (new Set(texts).size !== texts.length) throw new ConfigurationError(option, 'names something twice')
  return Object.freeze(texts)
}

export function checkOneOf<T extends string>(option: string, value: unknown, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw new ConfigurationError(option, `must be one of ${choices.join(', ')}`)
  return choice
}

/** A finite number from `least` to `most`, both included. NaN, Infinity and numeric strings are mistakes. */
export function checkNumber(option: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    throw new ConfigurationError(option, `must be a number from ${least} to ${most}`)
  }
  return value
}

export function checkInteger(option: string, value: unknown, least: number, most: number): number {
  const number = checkNumber(option, value, least, most)
  if (!Number.isInteger(number)) throw new ConfigurationError(option, 'must be a whole number')
  return number
}

/** A moment as a `Date` or a NumericDate, as a NumericDate. */
export function checkMoment(option: string, value: unknown): number {
  const seconds = value instanceof Date ? value.getTime() / 1000 : value
  // A number of milliseconds would put the moment some 50 000 years ahead: a key that never ends.
  return checkNumber(option, seconds, 0, 99_999_999_999)
}

/** `true` or `false`. A text such as 'false' would be neither what it says nor what it is taken for. */
export function checkBoolean(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new ConfigurationError(option, 'must be true or false')
  return value
}
